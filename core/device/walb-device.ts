import { IoError, StateError } from '../errors.ts';
import { lbPerPb } from '../format/physical-block.ts';
import type { Uuid } from '../format/uuid.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, type Lsid, MIB, type Pb } from '../units.ts';
import type { BlockDevice, Clock, DeviceWatch, Log, LsidSet, Random, WriteOptions } from '../world/index.ts';
import { Checkpoint, DEFAULT_CHECKPOINT_INTERVAL_MS } from './checkpoint.ts';
import { DeviceControl, type FreezeState } from './control.ts';
import { DataWriter } from './data-writer.ts';
import { bytesOf, type DeviceState, ioError, ringPb } from './device-state.ts';
import { type IoPort, OpenDevice } from './faces.ts';
import { LogWriter } from './log-writer.ts';
import { maxIoPb } from './pack-requests.ts';
import {
  DEFAULT_MODULE_PARAMS,
  DEFAULT_START_PARAMS,
  deviceLimits,
  type ModuleParams,
  type StartParams,
} from './params.ts';
import { applyOverlay } from './pending-data.ts';
import { type RedoResult, redo } from './redo.ts';
import { readPackAt, StalePacks } from './stale-packs.ts';
import { DEVICE_STEPS } from './steps.ts';
import { openSuper } from './super-io.ts';
import { Condition } from './waiting.ts';
import { WriteQueue } from './write-queue.ts';

/** Longest name of a running device; a super sector could hold more. */
export const MAX_DEVICE_NAME_BYTES = 25;

/** Larger writes are cut, as the block layer does. */
const MAX_WRITE_LB = MIB / LOGICAL_BLOCK_BYTES;
const MAX_DISCARD_LB = 0xffff_ffff;

/** What a walb device is made of. */
export interface WalbDeviceOptions {
  /** Log device, formatted (`formatLdev`). */
  readonly ldev: BlockDevice;
  /** Data device. */
  readonly ddev: BlockDevice;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Empty or missing: the name in the super sector, or if that is empty `fallbackName`. */
  readonly name?: string;
  /** Half the minor number, in the driver. Default "0". */
  readonly fallbackName?: string;
  readonly params?: Partial<StartParams>;
  readonly module?: Partial<ModuleParams>;
  readonly checkpointIntervalMs?: number;
  /** The driver runs a program here: the log overflowed. */
  readonly onOverflow?: () => void;
}

/** The flags that the driver shows as `status`. */
export interface DeviceStatus {
  readonly readOnly: boolean;
  readonly logOverflow: boolean;
  readonly finalize: boolean;
  readonly logTasksWorking: boolean;
  readonly dataTasksWorking: boolean;
}

/**
 * Makes a walb device of two disks: checks that they fit, replays the log that is not yet known to be on the
 * data device, and takes IO. On failure both disks are closed. Throws StateError (no valid super sector, sizes
 * or names that do not fit), IoError. See docs/architecture.md, "The device".
 */
export async function openWalbDevice(options: WalbDeviceOptions): Promise<WalbDevice> {
  try {
    return await open(options);
  } catch (error) {
    options.ldev.close();
    options.ddev.close();
    throw error;
  }
}

async function open(options: WalbDeviceOptions): Promise<WalbDevice> {
  const { ldev, ddev, clock } = options;
  const limits = deviceLimits({ ...DEFAULT_START_PARAMS, ...options.params }, ldev.physicalBlockBytes);
  const sector = await openSuper(ldev, ddev);
  const name = options.name || sector.name || options.fallbackName || '0';
  if (new TextEncoder().encode(name).length > MAX_DEVICE_NAME_BYTES || /[/\0]/.test(name)) {
    throw new StateError(
      `a walb device name must have at most ${MAX_DEVICE_NAME_BYTES} bytes and no slash: ${name}`,
    );
  }
  const written = sector.writtenLsid;
  const state: DeviceState = {
    ldev,
    ddev,
    clock,
    random: options.random,
    log: options.log,
    limits,
    module: { ...DEFAULT_MODULE_PARAMS, ...options.module },
    name,
    // A name given here is kept; the fallback is not.
    sector: { ...sector, name: options.name || sector.name },
    lsids: {
      latest: written,
      completed: written,
      flush: written,
      permanent: written,
      written,
      prevWritten: written,
      oldest: sector.oldestLsid,
    },
    sizeLb: sector.deviceSizeLb,
    ldevSizeLb: ldev.sizeLb(),
    lastFlushUs: clock.monotonicUs(),
    readOnly: false,
    finalize: false,
    overflow: false,
    changed: new Condition(clock),
    whenReadOnly: [],
    whenWritten: [],
    watchers: new Set(),
  };
  const redone = await redo(state, written);
  for (const lsid of ['latest', 'completed', 'flush', 'permanent', 'written'] as const) {
    state.lsids[lsid] = redone.endLsid;
  }
  const checkpoint = new Checkpoint(state, options.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS);
  const stale = new StalePacks(state, redone.endLsid, written + ringPb(state));
  if (!(await stale.cleanTo(redone.endLsid)) || !(await checkpoint.sync())) {
    throw new StateError('the log and super sector must be writable after redo');
  }
  state.overflow = await isOverwritten(state);
  checkpoint.start();
  return new WalbDevice(state, checkpoint, stale, redone, options.onOverflow ?? (() => {}));
}

/** Whether log from `oldest` on is gone. */
async function isOverwritten(state: DeviceState): Promise<boolean> {
  const { latest, oldest } = state.lsids;
  if (latest - oldest > ringPb(state)) return true;
  return latest > oldest && (await readPackAt(state, oldest, DEVICE_STEPS.openOldest)) === null;
}

/** One running walb device. All calls throw IoError: EIO for IO that it cannot do, EFAULT for refused control. */
export class WalbDevice {
  /** What redo found when the device was made. */
  readonly redone: RedoResult;
  readonly #state: DeviceState;
  readonly #queue: WriteQueue;
  readonly #data: DataWriter;
  readonly #logWriter: LogWriter;
  readonly #checkpoint: Checkpoint;
  readonly #control: DeviceControl;
  #openCount = 0;
  #readCount = 0;
  #stopped = false;

  /** Use `openWalbDevice`. */
  constructor(
    state: DeviceState,
    checkpoint: Checkpoint,
    stale: StalePacks,
    redone: RedoResult,
    onOverflow: () => void,
  ) {
    this.redone = redone;
    this.#state = state;
    this.#checkpoint = checkpoint;
    this.#queue = new WriteQueue(state, () => this.#logWriter.kick());
    this.#data = new DataWriter(state, this.#queue);
    const parts = { queue: this.#queue, data: this.#data, checkpoint, stale };
    this.#logWriter = new LogWriter(state, { ...parts, onOverflow });
    this.#control = new DeviceControl(state, { ...parts, logWriter: this.#logWriter });
  }

  get name(): string {
    return this.#state.name;
  }
  get uuid(): Uuid {
    return this.#state.sector.uuid;
  }
  get physicalBlockBytes(): 512 | 4096 {
    return this.#state.ldev.physicalBlockBytes;
  }
  get isReadOnly(): boolean {
    return this.#state.readOnly;
  }
  get isLogOverflow(): boolean {
    return this.#state.overflow;
  }
  get isFlushCapable(): boolean {
    return this.#state.ldev.supportsFlush;
  }
  get freezeState(): FreezeState {
    return this.#control.freezeState;
  }
  get checkpointIntervalMs(): number {
    return this.#checkpoint.intervalMs;
  }
  get sizeLb(): Lb {
    return this.#state.sizeLb;
  }
  /** May exceed the capacity: the log overflowed then. */
  get logUsagePb(): Pb {
    const { latest, oldest } = this.#state.lsids;
    return latest - oldest;
  }
  get logCapacityPb(): Pb {
    return ringPb(this.#state);
  }

  lsids(): LsidSet {
    return { ...this.#state.lsids };
  }

  status(): DeviceStatus {
    const { readOnly, overflow, finalize } = this.#state;
    return {
      readOnly,
      logOverflow: overflow,
      finalize,
      logTasksWorking: !this.#logWriter.idle,
      dataTasksWorking: !this.#data.idle,
    };
  }

  /** Bytes of written data that the device keeps in memory. */
  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  setCheckpointInterval(intervalMs: number): void {
    this.#control.setCheckpointInterval(intervalMs);
  }
  async forceCheckpoint(): Promise<void> {
    this.#refuseStopped();
    return this.#control.forceCheckpoint();
  }
  async setOldestLsid(lsid: Lsid): Promise<void> {
    this.#refuseStopped();
    return this.#control.setOldestLsid(lsid);
  }
  async resize(sizeLb: Lb): Promise<void> {
    this.#refuseStopped();
    return this.#control.resize(sizeLb);
  }
  async resetWal(): Promise<void> {
    this.#refuseStopped();
    return this.#control.resetWal();
  }
  async freeze(timeoutS = 0): Promise<void> {
    this.#refuseStopped();
    return this.#control.freeze(timeoutS);
  }
  async melt(): Promise<void> {
    this.#refuseStopped();
    return this.#control.melt();
  }

  /** Calls `onLog` when the log goes from empty to non-empty. A hint: look at the lsids once after this. */
  watch(onLog: () => void): DeviceWatch {
    const told = () => onLog();
    this.#state.watchers.add(told);
    return { close: () => void this.#state.watchers.delete(told) };
  }

  /** The device for applications. */
  openData(): BlockDevice {
    this.#refuseStopped();
    this.#openCount += 1;
    return new OpenDevice(this.#dataPort());
  }

  /** The log device, read-only. */
  openLog(): BlockDevice {
    this.#refuseStopped();
    return new OpenDevice(this.#logPort());
  }

  /**
   * Ends the device: new IO fails, what came before is done, the super sector says so, the disks are closed.
   * Throws IoError EBUSY when somebody has it open and it is not forced.
   */
  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    this.#refuseStopped();
    if (this.#openCount > 0 && options.force !== true) {
      throw new IoError('EBUSY', `the walb device ${this.name} is open`);
    }
    const state = this.#state;
    this.#stopped = true;
    state.finalize = true;
    await this.#control.stop(async () => {
      while (this.#readCount > 0) await state.changed.wait();
      if (state.module.syncSuperblock) await this.#checkpoint.sync();
      state.ldev.close();
      state.ddev.close();
    });
  }

  #refuseStopped(): void {
    if (this.#stopped) throw new IoError('EFAULT', `the walb device ${this.name} was stopped`);
  }

  #dataPort(): IoPort {
    const state = this.#state;
    return {
      physicalBlockBytes: state.ldev.physicalBlockBytes,
      supportsFlush: state.ldev.supportsFlush,
      supportsDiscard: state.module.discard,
      sizeLb: () => state.sizeLb,
      read: (addressLb, sizeLb) => this.#read(addressLb, sizeLb),
      write: (addressLb, data, options) => this.#write(addressLb, data, options),
      flush: () => this.#flush(),
      discard: (addressLb, sizeLb) => this.#discard(addressLb, sizeLb),
      close: () => {
        this.#openCount -= 1;
      },
    };
  }

  #logPort(): IoPort {
    const state = this.#state;
    const refuse = () => Promise.reject(ioError('the log device is read-only'));
    return {
      physicalBlockBytes: state.ldev.physicalBlockBytes,
      supportsFlush: false,
      supportsDiscard: false,
      sizeLb: () => state.ldevSizeLb,
      read: (addressLb, sizeLb) =>
        this.#counted(() => state.ldev.read(addressLb, sizeLb, DEVICE_STEPS.logView)),
      write: refuse,
      flush: () => Promise.resolve(),
      discard: refuse,
      close: () => {},
    };
  }

  async #counted<T>(call: () => Promise<T>): Promise<T> {
    if (this.#state.finalize) throw ioError('the walb device was stopped');
    this.#readCount += 1;
    try {
      return await call();
    } finally {
      this.#readCount -= 1;
      this.#state.changed.notify();
    }
  }

  /** What the data device holds, with the pending writes of this moment over it. */
  #read(addressLb: Lb, sizeLb: Lb): Promise<Uint8Array> {
    if (sizeLb === 0) return Promise.resolve(new Uint8Array(0));
    const writes = this.#data.pending.overlay(addressLb, sizeLb);
    return this.#counted(async () => {
      const base = await this.#state.ddev.read(addressLb, sizeLb, DEVICE_STEPS.dataRead);
      return applyOverlay(base, addressLb, writes);
    });
  }

  async #write(addressLb: Lb, data: Uint8Array, options: WriteOptions): Promise<void> {
    const isCached = this.#state.ldev.supportsFlush;
    const flush = isCached && options.preflush === true;
    const fua = isCached && options.fua === true;
    if (data.length === 0) return flush || fua ? this.#flush() : undefined;
    const pbs = this.physicalBlockBytes;
    const maxLb = Math.min(MAX_WRITE_LB, maxIoPb(ringPb(this.#state)) * lbPerPb(pbs));
    const totalLb = data.length / LOGICAL_BLOCK_BYTES;
    const parts: Promise<void>[] = [];
    for (let atLb = 0; atLb < totalLb; atLb += maxLb) {
      const sizeLb = Math.min(maxLb, totalLb - atLb);
      const part = data.subarray(bytesOf(atLb), bytesOf(atLb + sizeLb));
      const isFirst = atLb === 0;
      const request = { addressLb: addressLb + atLb, sizeLb, data: part, flush: flush && isFirst, fua };
      parts.push(this.#queue.submit({ kind: 'write', ...request }));
    }
    await allSettled(parts);
  }

  async #flush(): Promise<void> {
    if (!this.#state.ldev.supportsFlush) {
      if (this.#state.readOnly || this.#state.finalize) throw ioError('the walb device takes no writes');
      return;
    }
    await this.#queue.submit({
      kind: 'flush',
      addressLb: 0,
      sizeLb: 0,
      data: new Uint8Array(0),
      flush: true,
      fua: false,
    });
  }

  async #discard(addressLb: Lb, totalLb: Lb): Promise<void> {
    const parts: Promise<void>[] = [];
    for (let atLb = 0; atLb < totalLb; atLb += MAX_DISCARD_LB) {
      const sizeLb = Math.min(MAX_DISCARD_LB, totalLb - atLb);
      const request = {
        addressLb: addressLb + atLb,
        sizeLb,
        data: new Uint8Array(0),
        flush: false,
        fua: false,
      };
      parts.push(this.#queue.submit({ kind: 'discard', ...request }));
    }
    await allSettled(parts);
  }
}

/** Waits for all, then throws what the first failing one threw: the caller's data are needed until the last. */
async function allSettled(parts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(parts);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
