import { StateError } from '../../errors.js';
import { MIB } from '../../units.js';
/** The log that one transfer may carry. Throws StateError when a single block is more than that. */
export function maxWlogSendPb(maxWlogSendMb, physicalBlockBytes) {
    const maxPb = maxWlogSendMb * Math.floor(MIB / physicalBlockBytes);
    if (maxPb === 0)
        throw new StateError('prepareWlogTransfer:maxWlogSendPb must be positive');
    return maxPb;
}
/**
 * The gid of a new snapshot at `lsid`: one more than the position before it, and one more for each `maxPb` of
 * log between, so that a long stretch can be cut into transfers (docs/operations.md, "Gids").
 */
export function nextGid(previous, lsid, maxPb) {
    const gid = previous.gid + 1 + Math.floor((lsid - previous.lsid) / maxPb);
    if (!Number.isSafeInteger(gid))
        throw new StateError(`takeSnapshotDetail:no gid is left:${previous.gid}`);
    return gid;
}
/** True for a position that was delivered already. */
export function isDelivered(position, done) {
    return position.lsid < done.lsid || position.gid <= done.gid;
}
/** True when a run must take an implicit snapshot first. `newestFirst` are the queued positions. */
export function needsImplicitSnapshot(newestFirst, latestLsid, nowS, intervalS) {
    const newest = newestFirst[0];
    if (newest === undefined)
        return true;
    return newest.lsid < latestLsid && newest.timestamp + intervalS <= nowS;
}
/**
 * Chooses how far the next transfer goes: implicit snapshots in a row are joined, an explicit one ends it
 * (docs/operations.md, "Wlog transfer"). `newestFirst` holds at least one position, none delivered.
 */
export function planTransfer(begin, newestFirst, lsids, maxPb) {
    let at = newestFirst.length - 1;
    let end = newestFirst[at];
    let joined = 1;
    while (at > 0 && end.isMergeable) {
        const newer = newestFirst[at - 1];
        if (newer.lsid > begin.lsid + maxPb || newer.lsid > lsids.permanent)
            break;
        end = newer;
        at -= 1;
        joined += 1;
    }
    if (end.lsid < begin.lsid) {
        throw new StateError(`getEndSnapshot:invalid MetaLsidGid record:${begin.lsid}:${end.lsid}`);
    }
    // With no gid between, the stretch cannot be cut: it is sent whole, however long.
    const isWhole = joined === 1 && end.gid === begin.gid + 1;
    const limitLsid = isWhole ? end.lsid : Math.min(begin.lsid + maxPb, end.lsid);
    return { begin, end, limitLsid, isLater: lsids.permanent < limitLsid };
}
/**
 * Where a transfer that sent the log up to `sentLsid` leaves the volume, and what its diff is.
 *
 * Normally a transfer is cut only where a gid is free for that. When the whole stretch was to be sent and its end
 * is inside a logpack, the end was taken before a power loss took the tail of the log, and other log came to
 * these positions since: the end moves down to the last whole pack before it, and keeps its gid.
 */
export function resultOfTransfer(plan, sentLsid) {
    if (sentLsid === plan.end.lsid)
        return { done: plan.end, endGid: plan.end.gid };
    const endGid = plan.begin.gid + 1;
    if (endGid === plan.end.gid)
        return { done: { ...plan.end, lsid: sentLsid }, endGid };
    return {
        done: { lsid: sentLsid, gid: endGid, isMergeable: true, timestamp: plan.begin.timestamp },
        endGid,
    };
}
/** MiB of log that wait, at least 1 when any does. */
export function remainingMb(done, latestLsid, physicalBlockBytes) {
    if (latestLsid <= done.lsid)
        return 0;
    return Math.floor(((latestLsid - done.lsid) * physicalBlockBytes) / MIB) + 1;
}
/** How soon to look again: the more log waits, the sooner. */
export function nextLookMs(remaining, maxMb) {
    if (remaining * 2 >= maxMb)
        return 100;
    if (remaining * 10 <= maxMb)
        return 1000;
    return 1000 - Math.floor((900 * (10 * remaining - maxMb)) / (4 * maxMb));
}
