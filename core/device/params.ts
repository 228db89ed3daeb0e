import { IoError } from '../errors.ts';
import { KIB, type Lb, LOGICAL_BLOCK_BYTES, MIB, type Pb, US_PER_MS } from '../units.ts';

/**
 * Start parameters of a device, as the driver takes them. See docs/operations.md, "wdevc create-wdev".
 */
export interface StartParams {
  /** The write queue stops when data not yet on the data device would exceed this. 2..16384. */
  readonly maxPendingMb: number;
  /** It restarts below this. 1..maxPendingMb-1. */
  readonly minPendingMb: number;
  /** It restarts anyway after this. At least 1. */
  readonly queueStopTimeoutMs: number;
  /** Limit of a pack's data; 0 = none. */
  readonly maxLogpackKb: number;
  /** Longest time until written log is flushed; 0 = flush at once. */
  readonly logFlushIntervalMs: number;
  /** Flush when that much log is not flushed. Twice the value is at most maxPendingMb. */
  readonly logFlushIntervalMb: number;
  /** Packs made in one step. */
  readonly packBulk: number;
  /** IOs taken in one step. */
  readonly ioBulk: number;
}

/** What `wdevc create-wdev` sends when no option is given. */
export const DEFAULT_START_PARAMS: StartParams = {
  maxPendingMb: 32,
  minPendingMb: 16,
  queueStopTimeoutMs: 100,
  maxLogpackKb: 32,
  logFlushIntervalMs: 100,
  logFlushIntervalMb: 16,
  packBulk: 128,
  ioBulk: 1024,
};

/** Parameters of the driver module, common to its devices. */
export interface ModuleParams {
  /** Write the super sector when a device is stopped. */
  readonly syncSuperblock: boolean;
  /** Send data IOs sorted by address. */
  readonly sortDataIo: boolean;
  /** Fail writes that would overflow the log, instead of overflowing. */
  readonly errorBeforeOverflow: boolean;
  /** Offer discard, whether or not the data device has it. */
  readonly discard: boolean;
}

/** What the driver does when it is loaded without parameters. */
export const DEFAULT_MODULE_PARAMS: ModuleParams = {
  syncSuperblock: true,
  sortDataIo: true,
  errorBeforeOverflow: false,
  discard: true,
};

/** Start parameters in the units that the write path works with. */
export interface DeviceLimits {
  readonly maxPendingLb: Lb;
  readonly minPendingLb: Lb;
  readonly queueStopTimeoutUs: number;
  /** Infinity when unlimited. */
  readonly maxLogpackPb: Pb;
  readonly flushIntervalUs: number;
  readonly flushIntervalPb: Pb;
  readonly packBulk: number;
  readonly ioBulk: number;
}

/** Largest total of a pack, a 16-bit field. */
const MAX_PACK_PB = 65535;

/** Throws IoError EINVAL for parameters that the driver refuses. */
export function deviceLimits(params: StartParams, physicalBlockBytes: number): DeviceLimits {
  const demand = (ok: boolean, what: string) => {
    if (!ok) throw new IoError('EINVAL', `invalid start param. ${what}`);
  };
  for (const [name, value] of Object.entries(params)) {
    demand(Number.isSafeInteger(value) && value >= 0 && value <= 0xffff_ffff, `${name} ${value}`);
  }
  const { maxPendingMb, minPendingMb, queueStopTimeoutMs, maxLogpackKb } = params;
  demand(maxPendingMb >= 2 && maxPendingMb <= 16384, `maxPendingMb ${maxPendingMb}, 2..16384`);
  demand(minPendingMb >= 1 && minPendingMb < maxPendingMb, `minPendingMb ${minPendingMb}, 1..maxPendingMb-1`);
  demand(queueStopTimeoutMs >= 1, 'queueStopTimeoutMs 0, at least 1');
  demand(params.logFlushIntervalMb * 2 <= maxPendingMb, 'logFlushIntervalMb, at most half of maxPendingMb');
  demand(params.packBulk > 0 && params.ioBulk > 0, 'packBulk and ioBulk, at least 1');
  const intervalMb = params.logFlushIntervalMs === 0 ? 0 : params.logFlushIntervalMb;
  return {
    maxPendingLb: (maxPendingMb * MIB) / LOGICAL_BLOCK_BYTES,
    minPendingLb: (minPendingMb * MIB) / LOGICAL_BLOCK_BYTES,
    queueStopTimeoutUs: queueStopTimeoutMs * US_PER_MS,
    maxLogpackPb:
      maxLogpackKb === 0
        ? Number.POSITIVE_INFINITY
        : Math.min(Math.floor((maxLogpackKb * KIB) / physicalBlockBytes), MAX_PACK_PB),
    flushIntervalUs: params.logFlushIntervalMs * US_PER_MS,
    flushIntervalPb: (intervalMb * MIB) / physicalBlockBytes,
    packBulk: params.packBulk,
    ioBulk: params.ioBulk,
  };
}
