import { FormatError, NotFoundError, StateError } from '../../errors.ts';
import {
  clearQueue,
  createQueueFile,
  openQueueFile,
  popBack,
  pushFront,
  type QueueChange,
  type QueueFile,
} from '../../format/queue-file.ts';
import { Reader, Writer } from '../../format/serializer.ts';
import { UUID_BYTES, type Uuid } from '../../format/uuid.ts';
import type { MetaLsidGid } from '../../snapshot/meta.ts';
import { decodeWith, encodeWith, readMetaLsidGid, writeMetaLsidGid } from '../../snapshot/meta-codec.ts';
import type { Gid } from '../../units.ts';
import type { Step, World } from '../../world/index.ts';
import { Mutex } from '../shared/mutex.ts';
import { loadFile, saveFile, unlinkIfThere } from '../shared/persist.ts';
import { StateFile, type StateKeeping } from '../shared/state-file.ts';
import { STORED_STATES } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { isDelivered, type LogPosition } from './wlog-plan.ts';

/**
 * The files of one volume: `path`, `state`, `done`, `uuid`, `queue` and `last_gid` (docs/operations.md, "Files of a storage
 * volume"). What was read is kept. After a failed write nobody knows whether the file that can be seen is also
 * the one that survives: the next look at `done` or `queue` writes what it sees anew before anything relies on it.
 */
export class StorageVolumeFiles {
  readonly directory: string;
  /** How the state is saved. */
  readonly state: StateFile;
  readonly #world: World;
  #done: MetaLsidGid | null = null;
  #queue: QueueFile | null = null;
  #uuid: Uuid | null = null;
  /** Whoever reads while somebody writes must not keep what was there before. */
  readonly #lock = new Mutex();
  #isDoneUnsure = false;
  #isQueueUnsure = false;

  /** `keeping` is null for files that are being made. */
  constructor(world: World, directory: string, keeping: StateKeeping | null) {
    this.#world = world;
    this.directory = directory;
    this.state = new StateFile((state) => this.#writeState(state), world.log, keeping);
  }

  async loadPath(): Promise<string> {
    return new Reader(await this.#load('path', STEPS.loadVolume)).string();
  }

  /** One of STORED_STATES; anything else is a FormatError. */
  async loadState(): Promise<string> {
    const state = new Reader(await this.#load('state', STEPS.loadVolume)).string();
    if (!STORED_STATES.includes(state)) throw new FormatError(`StorageVolInfo:bad state file:${state}`);
    return state;
  }

  async #writeState(state: string): Promise<void> {
    const writer = new Writer();
    writer.string(state);
    await saveFile(this.#world, this.directory, 'state', writer.finish(), STEPS.saveState);
  }

  async saveState(state: string): Promise<void> {
    await this.state.save(state, STEPS.saveState);
  }

  /** Replaces one state by another; when that fails, the old one is put back. Throws what the first save threw. */
  async changeState(from: string, to: string): Promise<void> {
    await this.state.change(from, to, STEPS.saveState);
  }

  async savePath(path: string): Promise<void> {
    const writer = new Writer();
    writer.string(path);
    await saveFile(this.#world, this.directory, 'path', writer.finish(), STEPS.initFiles);
  }

  async loadUuid(): Promise<Uuid> {
    return this.#lock.run(async () => {
      this.#uuid ??= new Reader(await this.#load('uuid', STEPS.loadUuid)).raw(UUID_BYTES).slice();
      return this.#uuid;
    });
  }

  async saveUuid(uuid: Uuid): Promise<void> {
    await this.#lock.run(async () => {
      this.#uuid = null;
      await saveFile(this.#world, this.directory, 'uuid', uuid, STEPS.saveUuid);
      this.#uuid = uuid;
    });
  }

  /** What was delivered last; lsid and gid are null before the first backup. */
  async loadDone(): Promise<MetaLsidGid> {
    return this.#lock.run(async () => {
      if (this.#done !== null) return this.#done;
      const done = decodeWith(readMetaLsidGid, await this.#load('done', STEPS.loadDone));
      if (this.#isDoneUnsure) await this.#writeDone(done);
      this.#done = done;
      return done;
    });
  }

  /** The newest gid that was given in this lineage, of a log that was reset since, too; 0 when none was. */
  async loadNewestGid(): Promise<Gid> {
    const queued = async () => (await this.loadQueue())[0]?.gid ?? 0;
    const done = async () => (await this.loadDone()).gid ?? 0;
    return Math.max(
      await this.#loadLastGid(),
      await this.#unlessDamaged('done', done),
      await this.#unlessDamaged('queue', queued),
    );
  }

  /** 0 for a gid that cannot be read: a damaged file must not prevent the reset that writes it anew. */
  async #unlessDamaged(name: string, load: () => Promise<Gid>): Promise<Gid> {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#world.log.warning(`${name}: gids may be given again: ${error.message}`);
      return 0;
    }
  }

  /** Remembers a gid behind the end of the log that has it; durable when it returns. */
  async keepLastGid(gid: Gid): Promise<void> {
    if ((await this.#loadLastGid()) >= gid) return;
    const writer = new Writer();
    writer.u64(gid);
    await saveFile(this.#world, this.directory, 'last_gid', writer.finish(), STEPS.saveLastGid);
  }

  /** A new lineage begins, whose gids are its own. */
  async forgetLastGid(): Promise<void> {
    await unlinkIfThere(this.#world.files, `${this.directory}/last_gid`, STEPS.saveLastGid);
  }

  /** 0 where no log was reset, or by the original only. */
  #loadLastGid(): Promise<Gid> {
    return this.#unlessDamaged('last_gid', async () => {
      try {
        return new Reader(await this.#load('last_gid', STEPS.loadLastGid)).u64Number();
      } catch (error) {
        if (error instanceof NotFoundError) return 0;
        throw error;
      }
    });
  }

  /** Throws StateError before the first backup. */
  async loadDonePosition(): Promise<LogPosition> {
    const position = toPosition(await this.loadDone());
    if (position === null) throw new StateError('StorageVolInfo:doneLsid is invalid');
    return position;
  }

  async saveDone(done: MetaLsidGid): Promise<void> {
    await this.#lock.run(() => this.#writeDone(done));
  }

  async #writeDone(done: MetaLsidGid): Promise<void> {
    this.#done = null;
    this.#isDoneUnsure = true;
    await saveFile(this.#world, this.directory, 'done', encodeWith(writeMetaLsidGid, done), STEPS.saveDone);
    this.#isDoneUnsure = false;
    this.#done = done;
  }

  async createQueue(): Promise<void> {
    await this.#lock.run(() => this.#runChange(createQueueFile(this.#newSalt()), STEPS.initFiles, 'create'));
  }

  /** The queued positions, newest first. */
  async loadQueue(): Promise<LogPosition[]> {
    return positionsOf(await this.#lock.run(() => this.#openQueue()));
  }

  /** Adds a position; durable when it returns. */
  async pushQueue(position: LogPosition): Promise<void> {
    await this.#lock.run(async () => {
      const record = encodeWith(writeMetaLsidGid, position);
      await this.#runChange(pushFront(await this.#openQueue(), record), STEPS.pushQueue, 'update');
    });
  }

  /** Drops the positions that were delivered; returns what is left, newest first. */
  async dropDelivered(done: LogPosition): Promise<LogPosition[]> {
    return this.#lock.run(async () => {
      const queue = await this.#openQueue();
      const positions = positionsOf(queue);
      let left = positions.length;
      while (left > 0 && isDelivered(positions[left - 1] as LogPosition, done)) left -= 1;
      const count = positions.length - left;
      if (count > 0) await this.#runChange(popBack(queue, count), STEPS.popQueue, 'update');
      return positions.slice(0, left);
    });
  }

  /** Drops all positions. A queue that cannot be read is made anew. */
  async clearQueue(): Promise<void> {
    await this.#lock.run(async () => {
      let queue: QueueFile;
      try {
        queue = await this.#openQueue();
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        return this.#rewriteQueue(this.#newSalt(), []);
      }
      await this.#runChange(clearQueue(queue), STEPS.clearQueue, 'update');
    });
  }

  #newSalt(): number {
    return this.#world.random.below('queue-salt', 0x1_0000_0000);
  }

  /** Replaces all positions at once (newest first): the old or the new ones are there after a crash. */
  async replaceQueue(newestFirst: readonly LogPosition[]): Promise<void> {
    const records = newestFirst.map((position) => encodeWith(writeMetaLsidGid, position));
    await this.#lock.run(async () => this.#rewriteQueue((await this.#openQueue()).header.salt, records));
  }

  async #rewriteQueue(salt: number, newestFirst: readonly Uint8Array[]): Promise<void> {
    let change = createQueueFile(salt);
    let bytes = applySteps(new Uint8Array(0), change);
    for (const record of [...newestFirst].reverse()) {
      change = pushFront(change.queue, record);
      bytes = applySteps(bytes, change);
    }
    this.#queue = null;
    this.#isQueueUnsure = true;
    await saveFile(this.#world, this.directory, 'queue', bytes, STEPS.repairQueue);
    this.#isQueueUnsure = false;
    this.#queue = change.queue;
  }

  async #openQueue(): Promise<QueueFile> {
    if (this.#queue !== null) return this.#queue;
    const queue = openQueueFile(await this.#load('queue', STEPS.loadQueue));
    if (this.#isQueueUnsure) await this.#rewriteQueue(queue.header.salt, queue.records);
    else this.#queue = queue;
    return this.#queue ?? queue;
  }

  async #runChange(change: QueueChange, step: Step, mode: 'create' | 'update'): Promise<void> {
    if (change.steps.length > 0) {
      this.#queue = null;
      this.#isQueueUnsure = true;
      const handle = await this.#world.files.open(`${this.directory}/queue`, mode, step);
      try {
        for (const action of change.steps) {
          if (action.kind === 'write') await handle.write(action.offset, action.bytes, step);
          else if (action.kind === 'truncate') await handle.truncate(action.sizeBytes, step);
          else await handle.sync(step);
        }
      } finally {
        handle.close();
      }
      this.#isQueueUnsure = false;
    }
    this.#queue = change.queue;
  }

  async #load(name: string, step: Step): Promise<Uint8Array> {
    return loadFile(this.#world.files, `${this.directory}/${name}`, step);
  }
}

function toPosition(record: MetaLsidGid): LogPosition | null {
  const { lsid, gid } = record;
  return lsid === null || gid === null ? null : { ...record, lsid, gid };
}

/** Newest first. */
function positionsOf(queue: QueueFile): LogPosition[] {
  return queue.records.map((data) => toPosition(decodeWith(readMetaLsidGid, data)) ?? invalidQueueRecord());
}

function invalidQueueRecord(): never {
  throw new FormatError('StorageVolInfo:a queue record has no lsid or no gid');
}

/** The file that the steps of a change make of `bytes`. */
function applySteps(bytes: Uint8Array, change: QueueChange): Uint8Array {
  let file: Uint8Array = bytes.slice();
  for (const step of change.steps) {
    if (step.kind === 'write') {
      if (step.offset + step.bytes.length > file.length)
        file = resized(file, step.offset + step.bytes.length);
      file.set(step.bytes, step.offset);
    } else if (step.kind === 'truncate') file = resized(file, step.sizeBytes);
  }
  return file;
}

function resized(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const result = new Uint8Array(sizeBytes);
  result.set(bytes.subarray(0, sizeBytes));
  return result;
}
