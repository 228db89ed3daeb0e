import { errorText, IoError, NotFoundError } from '../../errors.ts';
import type { FileStore, Random, Step, World } from '../../world/index.ts';

/**
 * Small files that are always whole (docs/operations.md, "Durable files"): written beside, synced, renamed,
 * and the directory synced. When `saveFile` returns, the content survives power loss.
 */

const TEMPORARY_NAME = /^tmp[0-9a-zA-Z]{6}$/;
const NAME_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
/** Directories under this prefix are being deleted; start-up finishes the deletion. */
const DELETING_PREFIX = '.deleting-';
/** Directories under this prefix are being made; start-up deletes what was not finished. */
const MAKING_PREFIX = '.making-';

/** True for directories that are no volumes: being deleted or being made. */
function isUnfinishedName(name: string): boolean {
  return name.startsWith(DELETING_PREFIX) || name.startsWith(MAKING_PREFIX);
}

/** True for the names of unfinished files: `tmp` and six letters or digits. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/** A fresh name `tmpXXXXXX`. */
export function temporaryName(random: Random): string {
  let name = 'tmp';
  for (let i = 0; i < 6; i++) name += NAME_LETTERS[random.below('temporary-name', NAME_LETTERS.length)];
  return name;
}

/** Replaces `directory/name` by `content`, durably. A failure before the rename leaves the old file and no other. */
export async function saveFile(
  world: Pick<World, 'files' | 'random'>,
  directory: string,
  name: string,
  content: Uint8Array,
  step: Step,
): Promise<void> {
  const { files } = world;
  const temporary = `${directory}/${temporaryName(world.random)}`;
  try {
    const handle = await files.open(temporary, 'create-new', step);
    try {
      await handle.write(0, content, step);
      await handle.sync(step);
    } finally {
      handle.close();
    }
    await publishFile(files, directory, temporary, name, step);
  } catch (error) {
    await unlinkQuietly(files, temporary, step);
    throw error;
  }
}

/** Gives a synced temporary file its final name, durably. */
export async function publishFile(
  files: FileStore,
  directory: string,
  temporary: string,
  name: string,
  step: Step,
): Promise<void> {
  const path = `${directory}/${name}`;
  await files.rename(temporary, path, step);
  await files.changeMode(path, 0o644, step);
  await files.syncDirectory(directory, step);
}

/** The whole content of a small file. Throws NotFoundError when it is missing, FormatError above `maxBytes`. */
export async function loadFile(
  files: FileStore,
  path: string,
  step: Step,
  maxBytes = 1 << 20,
): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<FileStore['open']>>;
  try {
    handle = await files.open(path, 'read', step);
  } catch (error) {
    if (error instanceof IoError && error.code === 'ENOENT') throw new NotFoundError(`open failed: ${path}`);
    throw error;
  }
  try {
    const sizeBytes = Math.min(await handle.sizeBytes(step), maxBytes);
    return await handle.read(0, sizeBytes, step);
  } finally {
    handle.close();
  }
}

export async function exists(files: FileStore, path: string, step: Step): Promise<boolean> {
  return (await files.stat(path, step)) !== null;
}

/** Unlinks; a missing file is no error. */
export async function unlinkIfThere(files: FileStore, path: string, step: Step): Promise<void> {
  try {
    await files.unlink(path, step);
  } catch (error) {
    if (!(error instanceof IoError && error.code === 'ENOENT')) throw error;
  }
}

/** Unlinks if that can be done: for those who have an error to tell already. */
export async function unlinkQuietly(files: FileStore, path: string, step: Step): Promise<void> {
  try {
    await files.unlink(path, step);
  } catch {
    // Start-up removes unfinished files.
  }
}

/** Removes a directory and all below it. */
export async function removeTree(files: FileStore, path: string, step: Step): Promise<void> {
  for (const entry of await files.list(path, step)) {
    if (entry.kind === 'directory') await removeTree(files, `${path}/${entry.name}`, step);
    else await unlinkIfThere(files, `${path}/${entry.name}`, step);
  }
  await files.removeDirectory(path, step);
}

/**
 * Removes the directory `base/name` so that a crash shows all of it or nothing: renamed away first, durably,
 * then deleted (docs/differences.md, "Every server"). Throws when the directory is still there; once it has its other
 * name, the volume is gone, and what is left of it is removed at the next start.
 */
export async function removeVolumeDirectory(
  { files, log }: Pick<World, 'files' | 'log'>,
  base: string,
  name: string,
  step: Step,
): Promise<void> {
  try {
    await renameAndRemove(files, base, name, step);
  } catch (error) {
    if (await exists(files, `${base}/${name}`, step)) throw error;
    await files.syncDirectory(base, step);
    log.warning(`files of a removed volume are left:${name}:${errorText(error)}`);
  }
}

async function renameAndRemove(files: FileStore, base: string, name: string, step: Step): Promise<void> {
  const away = `${base}/${DELETING_PREFIX}${name}`;
  if (await exists(files, away, step)) await removeTree(files, away, step);
  await files.rename(`${base}/${name}`, away, step);
  try {
    await files.syncDirectory(base, step);
  } catch (error) {
    await files.rename(away, `${base}/${name}`, step);
    throw error;
  }
  try {
    await removeTree(files, away, step);
  } catch {
    // The volume is gone; only room is lost until the next start.
  }
}

/**
 * Makes the directory `base/name` so that a crash shows all of it or nothing: `fill` makes its files in a
 * directory of another name, which then gets this one, durably. A failure leaves nothing behind. Throws IoError
 * EEXIST when the directory is there.
 */
export async function makeVolumeDirectory(
  files: FileStore,
  base: string,
  name: string,
  fill: (directory: string) => Promise<void>,
  step: Step,
): Promise<void> {
  const making = `${base}/${MAKING_PREFIX}${name}`;
  const directory = `${base}/${name}`;
  if (await exists(files, making, step)) await removeTree(files, making, step);
  await files.makeDirectory(making, step);
  let present = making;
  try {
    await fill(making);
    await files.syncDirectory(making, step);
    if (await exists(files, directory, step)) throw new IoError('EEXIST', `${directory} exists`);
    await files.rename(making, directory, step);
    present = directory;
    await files.syncDirectory(base, step);
  } catch (error) {
    try {
      // Under its own name a directory that is removed by halves would pass for a volume.
      if (present === directory) await files.rename(directory, making, step);
      await removeTree(files, making, step);
    } catch {
      // Start-up removes what is left under the other name.
    }
    throw error;
  }
}

/** The volume directories of a base directory, in any order; unfinished ones are left out. */
export async function listVolumeDirectories(world: World, base: string, step: Step): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await world.files.list(base, step)) {
    if (entry.kind !== 'directory') continue;
    if (!isUnfinishedName(entry.name)) names.push(entry.name);
  }
  return names;
}

/** Finishes deletions that a crash interrupted, and deletes directories that were not finished. */
export async function finishDeletions(world: World, base: string, step: Step): Promise<void> {
  for (const entry of await world.files.list(base, step)) {
    if (entry.kind !== 'directory' || !isUnfinishedName(entry.name)) continue;
    try {
      await removeTree(world.files, `${base}/${entry.name}`, step);
    } catch (error) {
      world.log.warning(`could not finish the deletion of ${entry.name}: ${errorText(error)}`);
    }
  }
}

/** Removes unfinished files of a directory; returns how many. */
export async function collectTemporaryFiles(
  files: FileStore,
  directory: string,
  step: Step,
): Promise<number> {
  let removed = 0;
  for (const entry of await files.list(directory, step)) {
    if (entry.kind !== 'file' || !isTemporaryName(entry.name)) continue;
    await unlinkIfThere(files, `${directory}/${entry.name}`, step);
    removed += 1;
  }
  return removed;
}

/**
 * Takes a base directory for this process alone, made when it is missing (one level). Returns the function
 * that lets it go. Throws IoError ENOTDIR `WHO:not directory:PATH`, ELOCKED when another process has it.
 */
export async function takeBaseDirectory(
  files: FileStore,
  path: string,
  who: string,
  step: Step,
): Promise<() => void> {
  const found = await files.stat(path, step);
  if (found === null) await files.makeDirectory(path, step);
  else if (found.kind !== 'directory') throw new IoError('ENOTDIR', `${who}:not directory:${path}`);
  // Without this a power loss takes the whole directory, with all that was acknowledged in it. Also where it is
  // there already: whoever made it may have died before this.
  await files.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/', step);
  return files.lock(path, step);
}
