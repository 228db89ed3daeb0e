import { IoError } from '../errors.ts';
import { lbPerPb } from '../format/physical-block.ts';
import { lsidToOffsetPb, ringRoomPb, type SuperSector } from '../format/super-sector.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, type Lsid, type MonotonicUs, type Pb } from '../units.ts';
import type { BlockDevice, Clock, Log, LsidSet, Random, Step } from '../world/index.ts';
import type { DeviceLimits, ModuleParams } from './params.ts';
import type { Condition } from './waiting.ts';

/**
 * What the parts of a device share. oldest <= prevWritten <= written <= permanent <= flush <= completed <= latest.
 */
export interface DeviceState {
  readonly ldev: BlockDevice;
  readonly ddev: BlockDevice;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits: DeviceLimits;
  readonly module: ModuleParams;
  /** Under which the device runs; the one in the super sector may be empty. */
  readonly name: string;
  /** As last written or about to be; replaced, never changed in place. */
  sector: SuperSector;
  readonly lsids: { -readonly [name in keyof LsidSet]: LsidSet[name] };
  sizeLb: Lb;
  /** Size of the log device that the ring was made for. */
  ldevSizeLb: Lb;
  /** When `flush` last advanced. */
  lastFlushUs: MonotonicUs;
  /** Entered on the first error of log or data device; only making the device anew ends it. */
  readOnly: boolean;
  /** The device is being stopped: nothing new is taken. */
  finalize: boolean;
  /** Log that is still wanted was overwritten. */
  overflow: boolean;
  /** Anything above changed, or a part became idle. */
  readonly changed: Condition;
  readonly whenReadOnly: (() => void)[];
  /** Told when `written` advances. */
  readonly whenWritten: (() => void)[];
  /** Told when the log goes from empty to non-empty. */
  readonly watchers: Set<() => void>;
}

/** The error of every IO that a device cannot do any more. */
export function ioError(message: string): IoError {
  return new IoError('EIO', message);
}

/** Stops all writing for good; reads go on. */
export function setReadOnly(state: DeviceState, reason: string): void {
  if (state.readOnly) return;
  state.readOnly = true;
  state.log.error(`walb device ${state.name}: read-only from now on: ${reason}`);
  for (const told of state.whenReadOnly) told();
  state.changed.notify();
}

export function advanceCompleted(state: DeviceState, lsid: Lsid): void {
  if (lsid <= state.lsids.completed) return;
  state.lsids.completed = lsid;
  state.changed.notify();
}

export function advanceFlush(state: DeviceState, lsid: Lsid): void {
  if (lsid <= state.lsids.flush) return;
  state.lsids.flush = lsid;
  state.lastFlushUs = state.clock.monotonicUs();
}

export function advancePermanent(state: DeviceState, lsid: Lsid): void {
  const { lsids } = state;
  if (lsid <= lsids.permanent) return;
  const wasEmpty = lsids.oldest === lsids.permanent;
  lsids.permanent = lsid;
  state.changed.notify();
  if (wasEmpty) for (const told of [...state.watchers]) told();
}

export function setAllLsids(state: DeviceState, lsid: Lsid): void {
  const { lsids } = state;
  lsids.latest = lsids.completed = lsids.flush = lsids.permanent = lsid;
  lsids.written = lsids.prevWritten = lsid;
}

export function ringPb(state: DeviceState): Pb {
  return state.sector.ringBufferSizePb;
}

/** Where the physical block of an lsid is on the log device. */
export function ringAddressLb(state: DeviceState, lsid: Lsid): Lb {
  return lsidToOffsetPb(lsid, state.sector) * lbPerPb(state.sector.physicalBlockBytes);
}

/** Reads `sizePb` blocks of the log from `lsid` on, over the end of the ring if need be. */
export async function readRing(state: DeviceState, lsid: Lsid, sizePb: Pb, step: Step): Promise<Uint8Array> {
  const pbs = state.sector.physicalBlockBytes;
  const firstPb = Math.min(sizePb, ringRoomPb(lsid, ringPb(state)));
  const first = await state.ldev.read(ringAddressLb(state, lsid), firstPb * lbPerPb(pbs), step);
  if (firstPb === sizePb) return first;
  const rest = await readRing(state, lsid + firstPb, sizePb - firstPb, step);
  const whole = new Uint8Array(sizePb * pbs);
  whole.set(first);
  whole.set(rest, first.length);
  return whole;
}

/** Bytes of `sizeLb` blocks. */
export function bytesOf(sizeLb: Lb): number {
  return sizeLb * LOGICAL_BLOCK_BYTES;
}
