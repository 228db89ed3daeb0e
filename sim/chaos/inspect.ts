import { FormatError } from '../../core/errors.ts';
import { openQueueFile } from '../../core/format/queue-file.ts';
import { Reader } from '../../core/format/serializer.ts';
import { UUID_BYTES, uuidToText } from '../../core/format/uuid.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../core/format/wdiff-header.ts';
import { DiffSet } from '../../core/snapshot/diff-set.ts';
import type { MetaDiff, MetaLsidGid, MetaState } from '../../core/snapshot/meta.ts';
import { diffToText } from '../../core/snapshot/meta.ts';
import { decodeWith, readMetaLsidGid, readMetaState } from '../../core/snapshot/meta-codec.ts';
import { latestSnapshot, restorableList } from '../../core/snapshot/state-query.ts';
import { parseWdiffFileName, wdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import type { Gid } from '../../core/units.ts';
import type { Inode } from '../file-system-inode.ts';
import { readContent } from '../file-system-inode.ts';
import { BASE_DIRECTORY } from '../group.ts';
import type { SimHost } from '../host.ts';

/**
 * What servers have on their file systems as readers see it now, looked at from outside: no virtual time passes
 * and nothing in the simulation notices. After a power loss it is what survived.
 */

/** A volume at an archive. */
export interface ArchiveView {
  readonly state: string;
  readonly uuid: string;
  readonly archiveUuid: string;
  readonly base: MetaState;
  readonly diffs: DiffSet;
  /** Gids that can be restored, ascending. Throws StateError as the algebra does. */
  readonly restorable: () => readonly Gid[];
}

/** A volume at a storage. */
export interface StorageView {
  readonly state: string;
  readonly uuid: string;
  readonly done: MetaLsidGid;
  /** Newest first. */
  readonly queue: readonly MetaLsidGid[];
}

/** A volume at a proxy: what waits for each archive that it knows. */
export type ProxyView = ReadonlyMap<string, readonly MetaDiff[]>;

interface Made {
  readonly changeCount: number;
  readonly make: unknown;
  readonly view: unknown;
}

/**
 * Views that were made before, for as long as the file system that they show has not changed: checks look at all
 * servers after every operation and crash, which mostly changed one of them.
 */
export class Views {
  readonly #made = new Map<SimHost, Map<string, Made>>();

  /** The view of a volume that `make` makes, which throws what `make` throws. */
  of<T>(host: SimHost, volume: string, make: (host: SimHost, volume: string) => T): T {
    let volumes = this.#made.get(host);
    if (volumes === undefined) {
      volumes = new Map();
      this.#made.set(host, volumes);
    }
    const { changeCount } = host.files.state;
    const known = volumes.get(volume);
    if (known?.changeCount === changeCount && known.make === make) return known.view as T;
    const view = make(host, volume);
    volumes.set(volume, { changeCount, make, view });
    return view;
  }
}

function directory(host: SimHost, path: string): Inode | null {
  let inode: Inode | undefined = host.files.state.root;
  for (const name of path.split('/').filter((each) => each !== '')) inode = inode?.entries.get(name);
  return inode?.kind === 'directory' ? inode : null;
}

function content(folder: Inode, name: string): Uint8Array | null {
  const inode = folder.entries.get(name);
  return inode === undefined || inode.kind !== 'file' ? null : readContent(inode, 0, inode.sizeBytes);
}

function text(bytes: Uint8Array): string {
  return new Reader(bytes).string();
}

function uuid(bytes: Uint8Array): string {
  return uuidToText(new Reader(bytes).raw(UUID_BYTES));
}

function diffsOf(folder: Inode | null): MetaDiff[] {
  if (folder === null) return [];
  const found = new Map<string, MetaDiff>();
  for (const [name, { kind, sizeBytes }] of folder.entries) {
    if (kind !== 'file' || !name.endsWith('.wdiff')) continue;
    const diff = { ...parseWdiffFileName(name), dataSizeBytes: sizeBytes };
    const other = found.get(diffToText(diff));
    if (other === undefined || other.timestamp < diff.timestamp) found.set(diffToText(diff), diff);
  }
  return [...found.values()];
}

/** Null when there is no such volume. Throws FormatError when a file is not what it must be. */
export function viewArchive(host: SimHost, volume: string): ArchiveView | null {
  const folder = directory(host, `${BASE_DIRECTORY}/${volume}`);
  if (folder === null) return null;
  const parts = ['state', 'uuid', 'archive_uuid', 'base'].map((name) => content(folder, name));
  const [state, uuidBytes, archiveUuid, base] = parts;
  if (!state || !uuidBytes || !archiveUuid || !base) return null;
  const image = decodeWith(readMetaState, base);
  const diffs = new DiffSet(diffsOf(folder));
  let restorable: readonly Gid[] | null = null;
  return {
    state: text(state),
    uuid: uuid(uuidBytes),
    archiveUuid: uuid(archiveUuid),
    base: image,
    diffs,
    restorable: () => {
      restorable ??= restorableList(diffs, image, true).map((at) => at.snapB.gidB as Gid);
      return restorable;
    },
  };
}

export function viewStorage(host: SimHost, volume: string): StorageView | null {
  const folder = directory(host, `${BASE_DIRECTORY}/${volume}`);
  if (folder === null) return null;
  const parts = ['state', 'uuid', 'done', 'queue'].map((name) => content(folder, name));
  const [state, uuidBytes, done, queue] = parts;
  if (!state || !uuidBytes || !done || !queue) return null;
  return {
    state: text(state),
    uuid: uuid(uuidBytes),
    done: decodeWith(readMetaLsidGid, done),
    queue: openQueueFile(queue).records.map((record) => decodeWith(readMetaLsidGid, record)),
  };
}

export function viewProxy(host: SimHost, volume: string): ProxyView {
  const view = new Map<string, readonly MetaDiff[]>();
  const folder = directory(host, `${BASE_DIRECTORY}/${volume}`);
  if (folder === null) return view;
  for (const name of folder.entries.keys()) {
    if (!name.endsWith('.archive')) continue;
    const archive = name.slice(0, -'.archive'.length);
    view.set(archive, diffsOf(directory(host, `${BASE_DIRECTORY}/${volume}/sendto/${archive}`)));
  }
  return view;
}

/** Tells one registration of an archive at a proxy from the next: the number of the directory; null when there is none. */
export function registrationOf(host: SimHost, volume: string, archive: string): number | null {
  return directory(host, `${BASE_DIRECTORY}/${volume}/sendto/${archive}`)?.number ?? null;
}

/** The log that a diff which waits at a proxy comes from; null when its file has gone or its header is damaged. */
export function waitingDiffUuid(
  host: SimHost,
  volume: string,
  archive: string,
  diff: MetaDiff,
): string | null {
  const folder = directory(host, `${BASE_DIRECTORY}/${volume}/sendto/${archive}`);
  const inode = folder?.entries.get(wdiffFileName(diff));
  if (inode === undefined || inode.kind !== 'file') return null;
  try {
    return uuidToText(decodeWdiffHeader(readContent(inode, 0, WDIFF_HEADER_BYTES)).uuid);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }
}

/** Gids that the archive can restore, ascending; null when it has no image. Throws StateError as the algebra does. */
export function restorableGids(view: ArchiveView | null): readonly Gid[] | null {
  if (view === null || !['Archived', 'Stopped'].includes(view.state)) return null;
  return view.restorable();
}

/** Gids where the next diff must not be merged onto what is before: what an operator asked to keep. */
export function explicitGids(view: ArchiveView): Set<Gid> {
  return new Set(restorableList(view.diffs, view.base, false).map((at) => at.snapB.gidB as Gid));
}

/** The newest gid that the archive's chain leads to. */
export function latestGid(view: ArchiveView): Gid {
  return latestSnapshot(view.diffs, view.base).gidB ?? -1;
}

/** Files that nobody should have left behind: temporary ones and directories that wait for their removal. */
export function leftovers(host: SimHost): string[] {
  const found: string[] = [];
  const visit = (folder: Inode, path: string): void => {
    for (const [name, inode] of folder.entries) {
      const whole = `${path}/${name}`;
      if (/^tmp[A-Za-z0-9]{6}$/.test(name) || name.startsWith('.') || path.endsWith('/received'))
        found.push(whole);
      if (inode.kind === 'directory') visit(inode, whole);
    }
  };
  visit(host.files.state.root, '');
  for (const { name } of host.volumes?.inspect() ?? []) if (name.endsWith('_tmp')) found.push(name);
  return found;
}
