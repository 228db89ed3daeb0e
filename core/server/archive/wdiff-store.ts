import { errorText, FormatError, IoError, NotFoundError, StateError } from '../../errors.ts';
import { collectGarbage } from '../../snapshot/diff-chain.ts';
import { DiffSet } from '../../snapshot/diff-set.ts';
import type { MetaDiff, MetaSnap } from '../../snapshot/meta.ts';
import { diffToText } from '../../snapshot/meta.ts';
import { parseWdiffFileName, WDIFF_SUFFIX, wdiffFileName } from '../../snapshot/wdiff-name.ts';
import type { Gid } from '../../units.ts';
import type { FileHandle, World } from '../../world/index.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';

/** A list of diffs is computed and its files are opened this many times before it is given up. */
const OPEN_ATTEMPTS = 10;

/** A diff and its file, open for reading. */
export interface OpenWdiff {
  readonly diff: MetaDiff;
  readonly handle: FileHandle;
}

/**
 * The wdiff files of one volume and what is known of them (docs/operations.md, "Wdiff files of an archive").
 * A diff enters the set when its file is durable, and leaves it before its file is unlinked.
 */
export class WdiffStore {
  readonly set = new DiffSet();
  readonly directory: string;
  readonly #world: World;
  /** Diffs whose renaming failed when nobody could look either, by their ends, as the set believes them to be called. */
  readonly #unsure = new Map<string, MetaDiff>();

  constructor(world: World, directory: string) {
    this.#world = world;
    this.directory = directory;
  }

  get totalBytes(): number {
    return this.set.getAll().reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
  }

  path(diff: MetaDiff): string {
    return `${this.directory}/${wdiffFileName(diff)}`;
  }

  /**
   * Reads the directory anew. Of two files with the same ends the newer one is kept in the set, the other is
   * left alone. Throws FormatError for a name that says no diff: garbage collection over an incomplete set
   * would delete good files.
   */
  async reload(): Promise<void> {
    const found = new Map<string, MetaDiff>();
    for (const name of await this.#fileNames()) {
      const parsed = parseWdiffFileName(name);
      if (wdiffFileName(parsed) !== name) throw new FormatError(`parseDiffFileName:not canonical:${name}`);
      const status = await this.#world.files.stat(`${this.directory}/${name}`, STEPS.listWdiffs);
      const diff = { ...parsed, dataSizeBytes: status?.sizeBytes ?? 0 };
      // Names are in the order of time.
      const twin = found.get(diffToText(diff));
      if (twin !== undefined) {
        this.#world.log.warning(
          `two files of one diff: ${wdiffFileName(twin)} and ${name}, the newer is used`,
        );
      }
      found.set(diffToText(diff), diff);
    }
    this.set.clear();
    this.#unsure.clear();
    for (const diff of found.values()) this.set.add(diff);
  }

  /** Forgets the diffs, then unlinks their files; an unlink that fails is logged. */
  async remove(diffs: readonly MetaDiff[]): Promise<void> {
    for (const diff of diffs) this.set.erase(diff);
    for (const diff of diffs) await this.#unlink(diff);
  }

  /** Removes what ends at or before a gid. */
  async removeBeforeGid(gid: Gid | null): Promise<void> {
    for (const diff of this.set.eraseBeforeGid(gid)) await this.#unlink(diff);
  }

  /** Removes everything that is not on the chain from a snapshot; returns how many. */
  async collectGarbage(snap: MetaSnap): Promise<number> {
    const removed = collectGarbage(this.set, snap);
    for (const diff of removed) {
      this.#world.log.info(`garbage: ${wdiffFileName(diff)}`);
      await this.#unlink(diff);
    }
    return removed.length;
  }

  /** Removes what lies within a range, but for what spans exactly it; returns how many. */
  async collectRange(gidB: Gid | null, gidE: Gid | null): Promise<number> {
    const removed = this.set.gcRange(gidB, gidE);
    for (const diff of removed) await this.#unlink(diff);
    return removed.length;
  }

  /** Removes every wdiff file, durably, those that the set does not know included. */
  async clear(): Promise<void> {
    this.set.clear();
    for (const name of await this.#fileNames()) {
      await this.#world.files.unlink(`${this.directory}/${name}`, STEPS.clearWdiffs);
    }
    await this.#world.files.syncDirectory(this.directory, STEPS.clearWdiffs);
  }

  /**
   * Makes the snapshot an explicit one (`keep`) or gives it free, in the set and in the names of files. False
   * when no diff begins there or a file could not be renamed (that diff keeps its flag). The caller makes the
   * names durable by `syncNames`.
   */
  async changeSnapshot(gid: Gid, keep: boolean): Promise<boolean> {
    await this.#settleNames();
    const changed = this.set.changeSnapshot(gid, keep);
    if (changed === null) return false;
    let isDone = true;
    for (const diff of changed) {
      const before = { ...diff, isMergeable: !diff.isMergeable };
      try {
        await this.#world.files.rename(this.path(before), this.path(diff), STEPS.renameWdiff);
      } catch (error) {
        this.#world.log.error(`changeSnapshot:rename failed:${wdiffFileName(before)}:${errorText(error)}`);
        isDone = false;
        if (!(await this.#keepsName(before))) continue;
        this.set.erase(diff);
        this.set.add(before);
      }
    }
    return isDone;
  }

  async syncNames(): Promise<void> {
    await this.#world.files.syncDirectory(this.directory, STEPS.renameWdiff);
  }

  /**
   * Opens the files of a list of diffs, all of them before any is used, so that removing them later does no
   * harm. `choose` is asked anew when a file went away meanwhile; after ten failures NotFoundError
   * `exceed max retry`. Close what is returned.
   */
  async openAll(choose: () => readonly MetaDiff[] | Promise<readonly MetaDiff[]>): Promise<OpenWdiff[]> {
    for (let failures = 0; ; ) {
      const opened: OpenWdiff[] = [];
      try {
        for (const diff of await choose()) {
          opened.push({
            diff,
            handle: await this.#world.files.open(this.path(diff), 'read', STEPS.openWdiff),
          });
        }
        return opened;
      } catch (error) {
        closeAll(opened);
        if (!(error instanceof IoError)) throw error;
        failures += 1;
        this.#world.log.warning(`could not open a wdiff (${failures}): ${errorText(error)}`);
        await this.#settleNames();
        if (failures === OPEN_ATTEMPTS) throw new NotFoundError(`exceed max retry:${errorText(error)}`);
      }
    }
  }

  /** Throws StateError when a diff with the same ends is there. */
  verifyNew(diff: MetaDiff): void {
    if (this.set.exists(diff)) throw new StateError(`already exists:${diffToText(diff)}`);
  }

  /** Whether a file that could not be renamed has its old name: where that cannot be seen, most likely. */
  async #keepsName(before: MetaDiff): Promise<boolean> {
    try {
      return await this.#hasName(before);
    } catch {
      this.#unsure.set(diffToText(before), before);
      return true;
    }
  }

  /** Finds out what files are called that could not be looked for. What still cannot be seen stays as it is believed. */
  async #settleNames(): Promise<void> {
    for (const [ends, believed] of [...this.#unsure]) {
      const other = { ...believed, isMergeable: !believed.isMergeable };
      try {
        const isOther = !(await this.#hasName(believed)) && (await this.#hasName(other));
        if (isOther && this.set.erase(believed) !== null) this.set.add(other);
        this.#unsure.delete(ends);
      } catch {
        // The file system still fails.
      }
    }
  }

  async #hasName(diff: MetaDiff): Promise<boolean> {
    return (await this.#world.files.stat(this.path(diff), STEPS.renameWdiff)) !== null;
  }

  async #fileNames(): Promise<string[]> {
    const names: string[] = [];
    for (const entry of await this.#world.files.list(this.directory, STEPS.listWdiffs)) {
      if (entry.kind === 'file' && entry.name.endsWith(WDIFF_SUFFIX)) names.push(entry.name);
    }
    // The order of a directory is any; ties between diffs shall not depend on it.
    return names.sort();
  }

  async #unlink(diff: MetaDiff): Promise<void> {
    try {
      await this.#world.files.unlink(this.path(diff), STEPS.removeWdiff);
    } catch (error) {
      this.#world.log.warning(`removeDiffFiles:unlink failed:${wdiffFileName(diff)}:${errorText(error)}`);
    }
  }
}

export function closeAll(wdiffs: readonly OpenWdiff[]): void {
  for (const { handle } of wdiffs) handle.close();
}
