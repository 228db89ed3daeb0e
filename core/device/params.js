import { IoError } from '../errors.js';
import { KIB, LOGICAL_BLOCK_BYTES, MIB, US_PER_MS } from '../units.js';
/** What `wdevc create-wdev` sends when no option is given. */
export const DEFAULT_START_PARAMS = {
    maxPendingMb: 32,
    minPendingMb: 16,
    queueStopTimeoutMs: 100,
    maxLogpackKb: 32,
    logFlushIntervalMs: 100,
    logFlushIntervalMb: 16,
    packBulk: 128,
    ioBulk: 1024,
};
/** What the driver does when it is loaded without parameters. */
export const DEFAULT_MODULE_PARAMS = {
    syncSuperblock: true,
    sortDataIo: true,
    errorBeforeOverflow: false,
    discard: true,
};
/** Largest total of a pack, a 16-bit field. */
const MAX_PACK_PB = 65535;
/** Throws IoError EINVAL for parameters that the driver refuses. */
export function deviceLimits(params, physicalBlockBytes) {
    const demand = (ok, what) => {
        if (!ok)
            throw new IoError('EINVAL', `invalid start param. ${what}`);
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
        maxLogpackPb: maxLogpackKb === 0
            ? Number.POSITIVE_INFINITY
            : Math.min(Math.floor((maxLogpackKb * KIB) / physicalBlockBytes), MAX_PACK_PB),
        flushIntervalUs: params.logFlushIntervalMs * US_PER_MS,
        flushIntervalPb: (intervalMb * MIB) / physicalBlockBytes,
        packBulk: params.packBulk,
        ioBulk: params.ioBulk,
    };
}
