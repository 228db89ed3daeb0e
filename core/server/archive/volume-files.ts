import { FormatError, NotFoundError } from '../../errors.ts';
import { Reader, Writer } from '../../format/serializer.ts';
import { UUID_BYTES, type Uuid } from '../../format/uuid.ts';
import { type FullReplState, readFullReplState, writeFullReplState } from '../../snapshot/full-repl-state.ts';
import type { MetaState } from '../../snapshot/meta.ts';
import { decodeWith, encodeWith, readMetaState, writeMetaState } from '../../snapshot/meta-codec.ts';
import { readZeroClear, writeZeroClear, type ZeroClear } from '../../snapshot/zero-clear.ts';
import type { Gid, UnixTimeS } from '../../units.ts';
import type { Step, World } from '../../world/index.ts';
import { loadFile, saveFile, unlinkIfThere } from '../shared/persist.ts';
import { StateFile, type StateKeeping } from '../shared/state-file.ts';
import { CachedFile } from './cached-file.ts';
import { STORED_STATES } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';

const COLD_SUFFIX = '.cold';
const FULL_REPL_STATE = 'full_repl_state';
const ZERO_CLEAR = 'zero_clear';

/** The small files of one volume (docs/operations.md, "Files of an archive volume"). */
export class ArchiveVolumeFiles {
  readonly directory: string;
  readonly #world: World;
  readonly #uuid: CachedFile<Uuid>;
  readonly #archiveUuid: CachedFile<Uuid>;
  readonly #base: CachedFile<MetaState>;
  /** How the state is saved. */
  readonly state: StateFile;

  constructor(world: World, directory: string, keeping: StateKeeping) {
    this.#world = world;
    this.directory = directory;
    this.state = new StateFile((state, step) => this.#writeState(state, step), world.log, keeping);
    this.#uuid = this.#uuidFile('uuid', STEPS.loadUuid);
    this.#archiveUuid = this.#uuidFile('archive_uuid', STEPS.loadArchiveUuid);
    this.#base = new CachedFile(
      async () => decodeWith(readMetaState, await this.#load('base', STEPS.loadBase)),
      (base, step) => this.#save('base', encodeWith(writeMetaState, base), step),
    );
  }

  /** One of STORED_STATES; anything else is a FormatError. NotFoundError when there is no such file. */
  async loadState(): Promise<string> {
    const state = new Reader(await this.#load('state', STEPS.loadState)).string();
    if (!STORED_STATES.includes(state)) throw new FormatError(`getState:bad state file:${state}`);
    return state;
  }

  async #writeState(state: string, step: Step): Promise<void> {
    if (!STORED_STATES.includes(state)) throw new FormatError(`setState:bad state:${state}`);
    const writer = new Writer();
    writer.string(state);
    await this.#save('state', writer.finish(), step);
  }

  /** Identity of the log that the diffs of proxies come from. */
  loadUuid(): Promise<Uuid> {
    return this.#uuid.load();
  }

  saveUuid(uuid: Uuid): Promise<void> {
    return this.#uuid.save(uuid, STEPS.saveUuid);
  }

  /** Identity of this lineage of images. */
  loadArchiveUuid(): Promise<Uuid> {
    return this.#archiveUuid.load();
  }

  saveArchiveUuid(uuid: Uuid): Promise<void> {
    return this.#archiveUuid.save(uuid, STEPS.saveArchiveUuid);
  }

  /** State of the base image. */
  loadBase(): Promise<MetaState> {
    return this.#base.load();
  }

  /** `step` tells what the image is about to go through, or has. */
  saveBase(base: MetaState, step: Step = STEPS.saveBase): Promise<void> {
    return this.#base.save(base, step);
  }

  /** Time of a cold snapshot; NotFoundError when it is not known. */
  async loadColdTime(gid: Gid): Promise<UnixTimeS> {
    return new Reader(await this.#load(`${gid}${COLD_SUFFIX}`, STEPS.loadCold)).u64Number();
  }

  async saveColdTime(gid: Gid, timestamp: UnixTimeS, step: Step): Promise<void> {
    const writer = new Writer();
    writer.u64(timestamp);
    await this.#save(`${gid}${COLD_SUFFIX}`, writer.finish(), step);
  }

  async removeColdTime(gid: Gid): Promise<void> {
    await this.#remove(`${gid}${COLD_SUFFIX}`, STEPS.removeCold);
  }

  /** Gids of the cold snapshots whose time is known, in any order. */
  async listColdTimes(): Promise<Gid[]> {
    const gids: Gid[] = [];
    for (const entry of await this.#world.files.list(this.directory, STEPS.loadCold)) {
      const digits = /^([0-9]+)\.cold$/.exec(entry.name)?.[1];
      if (digits !== undefined && Number.isSafeInteger(Number(digits))) gids.push(Number(digits));
    }
    return gids;
  }

  /** How far a full replication got, or null. */
  loadFullReplState(): Promise<FullReplState | null> {
    return this.#loadIfThere(FULL_REPL_STATE, readFullReplState, STEPS.loadFullReplState);
  }

  async saveFullReplState(progress: FullReplState): Promise<void> {
    await this.#save(FULL_REPL_STATE, encodeWith(writeFullReplState, progress), STEPS.saveFullReplState);
  }

  /** Durable when it returns: what the file promised may be overwritten then. */
  removeFullReplState(): Promise<void> {
    return this.#removeDurably(FULL_REPL_STATE, STEPS.removeFullReplState);
  }

  /** What a resize still owes, or null. */
  loadZeroClear(): Promise<ZeroClear | null> {
    return this.#loadIfThere(ZERO_CLEAR, readZeroClear, STEPS.loadZeroClear);
  }

  async saveZeroClear(owed: ZeroClear): Promise<void> {
    await this.#save(ZERO_CLEAR, encodeWith(writeZeroClear, owed), STEPS.resizeOwe);
  }

  /** Durable when it returns: data may be written where the file wanted zeros. */
  removeZeroClear(): Promise<void> {
    return this.#removeDurably(ZERO_CLEAR, STEPS.resizePaid);
  }

  /** Drops what is kept in memory. */
  forget(): void {
    this.#uuid.forget();
    this.#archiveUuid.forget();
    this.#base.forget();
  }

  #uuidFile(name: string, loadStep: Step): CachedFile<Uuid> {
    return new CachedFile(
      async () => new Reader(await this.#load(name, loadStep)).raw(UUID_BYTES),
      (uuid, step) => this.#save(name, uuid, step),
    );
  }

  #load(name: string, step: Step): Promise<Uint8Array> {
    return loadFile(this.#world.files, `${this.directory}/${name}`, step);
  }

  async #loadIfThere<T>(name: string, read: (r: Reader) => T, step: Step): Promise<T | null> {
    try {
      return decodeWith(read, await this.#load(name, step));
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  #save(name: string, content: Uint8Array, step: Step): Promise<void> {
    return saveFile(this.#world, this.directory, name, content, step);
  }

  async #removeDurably(name: string, step: Step): Promise<void> {
    await this.#remove(name, step);
    await this.#world.files.syncDirectory(this.directory, step);
  }

  #remove(name: string, step: Step): Promise<void> {
    return unlinkIfThere(this.#world.files, `${this.directory}/${name}`, step);
  }
}
