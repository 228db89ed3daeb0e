import { IoError } from '../core/errors.ts';
import type {
  DirectoryEntry,
  FileHandle,
  FileOpenMode,
  FileStatus,
  FileStore,
  Labels,
  Step,
} from '../core/world/index.ts';
import { type CallInfo, callInfo } from './call-info.ts';
import type { SimFileSystem } from './file-system.ts';
import { type Inode, readContent } from './file-system-inode.ts';
import {
  changeMode,
  checkWorking,
  checkWritable,
  link,
  makeDirectory,
  openInode,
  removeDirectory,
  rename,
  unlink,
} from './file-system-namespace.ts';
import { freeIfUnused, locate, lookUp, truncateFile, writeFile } from './file-system-state.ts';
import { background, failFileSync, forceDirectory, forceFile } from './file-system-steps.ts';
import type { EffectParts, Incarnation } from './incarnation.ts';

/** The file system of a host as one life of one process sees it. */
export function createFileStore(
  fileSystem: SimFileSystem,
  incarnation: Incarnation,
  labels: Labels,
): FileStore {
  const { state, latencies, draws } = fileSystem;
  const { loop } = incarnation.kernel;

  const call = <T>(info: CallInfo, act: () => T, parts?: EffectParts): Promise<T> =>
    incarnation.call(info, draws.drawUs(info.step, latencies.call), act, parts);

  const about = (kind: `file.${string}`, step: Step, detail: string): CallInfo =>
    callInfo(kind, step, labels, detail);

  /** What the kernel may finish although the caller dies. */
  const submitted = (kind: `file.${string}`, step: Step, detail: string): CallInfo =>
    callInfo(kind, step, labels, detail, null, null, true);

  /** A call that only looks. */
  const look = <T>(kind: `file.${string}`, step: Step, path: string, act: () => T): Promise<T> =>
    call(about(kind, step, path), () => {
      checkWorking(state, path);
      return act();
    });

  /** A call that changes names or modes: whole or not at all, also when its caller dies. */
  const change = (
    kind: `file.${string}`,
    step: Step,
    path: string,
    detail: string,
    act: () => void,
  ): Promise<void> =>
    call(submitted(kind, step, detail), () => {
      checkWritable(state, path);
      act();
      background(state, loop.nowUs);
    });

  function countOpen(by: number): void {
    const count = (fileSystem.openCounts.get(incarnation) ?? 0) + by;
    if (count > 0) fileSystem.openCounts.set(incarnation, count);
    else fileSystem.openCounts.delete(incarnation);
  }

  async function open(path: string, mode: FileOpenMode, step: Step): Promise<FileHandle> {
    const info = about('file.open', step, `${path} ${mode}`);
    const act = (): FileHandle => {
      checkWorking(state, path);
      if ((fileSystem.openCounts.get(incarnation) ?? 0) >= state.parameters.maxOpenFiles) {
        throw new IoError('EMFILE', `${path}: too many open files`);
      }
      const inode = openInode(state, path, mode);
      if (mode !== 'read') background(state, loop.nowUs);
      return openHandle(path, inode, mode !== 'read');
    };
    if (mode === 'read') return call(info, act);
    // A dying caller may still have made or emptied the file.
    const atDeath = () => {
      if (!state.random.at('open-at-death', state.name, state.drawCount++).chance(0.5)) return;
      try {
        openInode(state, path, mode);
      } catch (error) {
        if (!(error instanceof IoError)) throw error;
      }
    };
    return call(info, act, { atDeath });
  }

  function openHandle(path: string, inode: Inode, writable: boolean): FileHandle {
    const { epoch } = state;
    let isOpen = true;
    inode.openCount += 1;
    countOpen(1);

    function close(): void {
      if (!isOpen) return;
      isOpen = false;
      forget();
      if (epoch !== state.epoch) return;
      countOpen(-1);
      inode.openCount -= 1;
      freeIfUnused(state, inode);
    }
    const forget = incarnation.onDeath(close);

    function checkOpen(): void {
      if (!isOpen) throw new IoError('EINVAL', `${path}: used after close`);
      if (epoch !== state.epoch) throw new IoError('EIO', `${path}: opened before a power loss`);
      checkWorking(state, path);
    }

    function checkChangeable(): void {
      checkOpen();
      checkWritable(state, path);
      if (!writable) throw new IoError('EACCES', `${path}: opened for reading only`);
    }

    async function write(offset: number, bytes: Uint8Array, step: Step): Promise<void> {
      const info = callInfo('file.write', step, labels, `${path} ${offset}+${bytes.length}`, null, bytes);
      const number = state.drawCount++;
      /** A write that is cut leaves a leading part. */
      const cut = (): void => {
        if (!isOpen || epoch !== state.epoch || state.isReadOnly || state.isFailing) return;
        const random = state.random.at('cut-write', state.name, number);
        const size = random.chance(0.25) ? bytes.length : random.below(bytes.length + 1);
        try {
          writeFile(state, inode, offset, bytes.subarray(0, size));
        } catch (error) {
          if (!(error instanceof IoError)) throw error;
        }
      };
      const act = (): void => {
        checkChangeable();
        writeFile(state, inode, offset, bytes);
        background(state, loop.nowUs);
      };
      await call(info, act, { torn: cut, atDeath: cut });
    }

    async function sync(step: Step): Promise<void> {
      const fail = (): void => {
        failFileSync(state, inode, state.random.at('failed-sync', state.name, state.drawCount++));
      };
      const act = (): void => {
        checkOpen();
        if (state.isReadOnly) throw new IoError('EROFS', `${path}: ${state.name} is read-only`);
        if (state.failingSyncs > 0) {
          state.failingSyncs -= 1;
          fail();
          throw new IoError('EIO', `${path}: sync failed`);
        }
        forceFile(state, inode, state.random.at('sync', state.name, state.drawCount++));
      };
      const info = submitted('file.sync', step, path);
      await incarnation.call(info, draws.drawUs(step, latencies.sync), act, { failed: fail });
    }

    return {
      sizeBytes: (step) =>
        look('file.size', step, path, () => {
          checkOpen();
          return inode.sizeBytes;
        }),
      read: (offset, sizeBytes, step) =>
        call(callInfo('file.read', step, labels, `${path} ${offset}+${sizeBytes}`, sizeBytes), () => {
          checkOpen();
          return readContent(inode, offset, sizeBytes);
        }),
      write,
      truncate: (sizeBytes, step) =>
        change('file.truncate', step, path, `${path} ${sizeBytes}`, () => {
          checkChangeable();
          truncateFile(state, inode, sizeBytes);
        }),
      sync,
      close,
    };
  }

  function list(path: string): DirectoryEntry[] {
    const inode = lookUp(state, path);
    if (inode.kind !== 'directory') throw new IoError('ENOTDIR', `${path} is not a directory`);
    const entries = [...inode.entries].map(([name, { kind }]) => ({ name, kind }));
    return state.random.at('list', state.name, path, state.drawCount++).shuffle(entries);
  }

  function stat(path: string): FileStatus | null {
    try {
      const { inode } = locate(state, path);
      return inode === null ? null : { kind: inode.kind, sizeBytes: inode.sizeBytes };
    } catch (error) {
      if (error instanceof IoError && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  async function syncDirectory(path: string, step: Step): Promise<void> {
    const random = state.random.at('sync-directory', state.name, state.drawCount++);
    /** Names of a failed sync may be durable or not. */
    const fail = (): void => {
      if (state.isOrdered) state.journal.commit(random.between(0, state.journal.operations.length));
      else
        for (const part of state.journal.pendingParts())
          if (random.chance(0.5)) state.journal.makeDurable(part);
    };
    const act = (): void => {
      checkWritable(state, path);
      const inode = lookUp(state, path);
      if (inode.kind !== 'directory') throw new IoError('ENOTDIR', `${path} is not a directory`);
      if (state.failingSyncs > 0) {
        state.failingSyncs -= 1;
        fail();
        throw new IoError('EIO', `${path}: sync failed`);
      }
      forceDirectory(state, inode, random);
    };
    const info = submitted('file.sync-directory', step, path);
    await incarnation.call(info, draws.drawUs(step, latencies.sync), act, { failed: fail });
  }

  function takeLock(path: string): () => void {
    const holder = fileSystem.locks.get(path);
    if (holder !== undefined) throw new IoError('ELOCKED', `${path} is locked by ${holder.name}`);
    fileSystem.locks.set(path, incarnation);
    const release = (): void => {
      forget();
      if (fileSystem.locks.get(path) === incarnation) fileSystem.locks.delete(path);
    };
    const forget = incarnation.onDeath(release);
    return release;
  }

  return {
    open,
    rename: (from, to, step) =>
      change('file.rename', step, from, `${from} -> ${to}`, () => rename(state, from, to)),
    link: (existing, created, step) =>
      change('file.link', step, created, `${existing} -> ${created}`, () => link(state, existing, created)),
    unlink: (path, step) => change('file.unlink', step, path, path, () => unlink(state, path)),
    makeDirectory: (path, step) =>
      change('file.make-directory', step, path, path, () => makeDirectory(state, path)),
    removeDirectory: (path, step) =>
      change('file.remove-directory', step, path, path, () => removeDirectory(state, path)),
    list: (path, step) => look('file.list', step, path, () => list(path)),
    stat: (path, step) => look('file.stat', step, path, () => stat(path)),
    changeMode: (path, mode, step) =>
      change('file.change-mode', step, path, `${path} ${mode.toString(8)}`, () =>
        changeMode(state, path, mode),
      ),
    syncDirectory,
    freeBytes: (path, step) => look('file.free-bytes', step, path, () => fileSystem.freeBytes()),
    lock: (path, step) => call(about('file.lock', step, path), () => takeLock(path)),
  };
}
