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
  world: World,
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
    await unlinkIfThere(files, temporary, step);
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
 * then deleted (docs/differences.md, "Removal of volumes").
 */
export async function removeVolumeDirectory(
  files: FileStore,
  base: string,
  name: string,
  step: Step,
): Promise<void> {
  const away = `${base}/${DELETING_PREFIX}${name}`;
  if (await exists(files, away, step)) await removeTree(files, away, step);
  await files.rename(`${base}/${name}`, away, step);
  await files.syncDirectory(base, step);
  await removeTree(files, away, step);
}

/** The volume directories of a base directory, in any order; unfinished deletions are left out. */
export async function listVolumeDirectories(world: World, base: string, step: Step): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await world.files.list(base, step)) {
    if (entry.kind !== 'directory') continue;
    if (!entry.name.startsWith(DELETING_PREFIX)) names.push(entry.name);
  }
  return names;
}

/** Finishes deletions that a crash interrupted. */
export async function finishDeletions(world: World, base: string, step: Step): Promise<void> {
  for (const entry of await world.files.list(base, step)) {
    if (entry.kind !== 'directory' || !entry.name.startsWith(DELETING_PREFIX)) continue;
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
  return files.lock(path, step);
}
