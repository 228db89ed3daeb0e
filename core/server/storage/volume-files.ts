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
import type { Step, World } from '../../world/index.ts';
import { loadFile, saveFile } from '../shared/persist.ts';
import { STORED_STATES } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { isDelivered, type LogPosition } from './wlog-plan.ts';

/**
 * The files of one volume: `path`, `state`, `done`, `uuid` and `queue` (docs/operations.md, "Files of a storage
 * volume"). What was read is kept; a failed write drops it, so that the next look reads what the disk holds.
 */
export class StorageVolumeFiles {
  readonly directory: string;
  readonly #world: World;
  #done: MetaLsidGid | null = null;
  #queue: QueueFile | null = null;
  #uuid: Uuid | null = null;

  constructor(world: World, directory: string) {
    this.#world = world;
    this.directory = directory;
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

  async saveState(state: string): Promise<void> {
    const writer = new Writer();
    writer.string(state);
    await saveFile(this.#world, this.directory, 'state', writer.finish(), STEPS.saveState);
  }

  async savePath(path: string): Promise<void> {
    const writer = new Writer();
    writer.string(path);
    await saveFile(this.#world, this.directory, 'path', writer.finish(), STEPS.initFiles);
  }

  async loadUuid(): Promise<Uuid> {
    this.#uuid ??= new Reader(await this.#load('uuid', STEPS.loadUuid)).raw(UUID_BYTES).slice();
    return this.#uuid;
  }

  async saveUuid(uuid: Uuid): Promise<void> {
    this.#uuid = null;
    await saveFile(this.#world, this.directory, 'uuid', uuid, STEPS.saveUuid);
    this.#uuid = uuid;
  }

  /** What was delivered last; lsid and gid are null before the first backup. */
  async loadDone(): Promise<MetaLsidGid> {
    this.#done ??= decodeWith(readMetaLsidGid, await this.#load('done', STEPS.loadDone));
    return this.#done;
  }

  /** Throws StateError before the first backup. */
  async loadDonePosition(): Promise<LogPosition> {
    const position = toPosition(await this.loadDone());
    if (position === null) throw new StateError('StorageVolInfo:doneLsid is invalid');
    return position;
  }

  async saveDone(done: MetaLsidGid): Promise<void> {
    this.#done = null;
    await saveFile(this.#world, this.directory, 'done', encodeWith(writeMetaLsidGid, done), STEPS.saveDone);
    this.#done = done;
  }

  async createQueue(): Promise<void> {
    const salt = this.#world.random.below('queue-salt', 0x1_0000_0000);
    await this.#runChange(createQueueFile(salt), STEPS.initFiles, 'create');
  }

  /** The queued positions, newest first. */
  async loadQueue(): Promise<LogPosition[]> {
    const queue = await this.#openQueue();
    return queue.records.map((data) => toPosition(decodeWith(readMetaLsidGid, data)) ?? invalidQueueRecord());
  }

  /** Adds a position; durable when it returns. */
  async pushQueue(position: LogPosition): Promise<void> {
    const queue = await this.#openQueue();
    await this.#runChange(
      pushFront(queue, encodeWith(writeMetaLsidGid, position)),
      STEPS.pushQueue,
      'update',
    );
  }

  /** Drops the positions that were delivered; returns what is left, newest first. */
  async dropDelivered(done: LogPosition): Promise<LogPosition[]> {
    const positions = await this.loadQueue();
    let count = 0;
    while (
      count < positions.length &&
      isDelivered(positions[positions.length - 1 - count] as LogPosition, done)
    ) {
      count += 1;
    }
    if (count > 0) await this.#runChange(popBack(await this.#openQueue(), count), STEPS.popQueue, 'update');
    return positions.slice(0, positions.length - count);
  }

  async clearQueue(): Promise<void> {
    await this.#runChange(clearQueue(await this.#openQueue()), STEPS.clearQueue, 'update');
  }

  /** Replaces all positions at once (newest first): the old or the new ones are there after a crash. */
  async replaceQueue(newestFirst: readonly LogPosition[]): Promise<void> {
    const { header } = await this.#openQueue();
    let change = createQueueFile(header.salt);
    let bytes = applySteps(new Uint8Array(0), change);
    for (const position of [...newestFirst].reverse()) {
      change = pushFront(change.queue, encodeWith(writeMetaLsidGid, position));
      bytes = applySteps(bytes, change);
    }
    this.#queue = null;
    await saveFile(this.#world, this.directory, 'queue', bytes, STEPS.repairQueue);
  }

  async #openQueue(): Promise<QueueFile> {
    this.#queue ??= openQueueFile(await this.#load('queue', STEPS.loadQueue));
    return this.#queue;
  }

  async #runChange(change: QueueChange, step: Step, mode: 'create' | 'update'): Promise<void> {
    this.#queue = null;
    if (change.steps.length > 0) {
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

/** True when an error says that a volume's file is not there. */
export function isMissingFile(error: unknown): boolean {
  return error instanceof NotFoundError;
}
