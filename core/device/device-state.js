import { IoError } from '../errors.js';
import { lbPerPb } from '../format/physical-block.js';
import { lsidToOffsetPb, ringRoomPb } from '../format/super-sector.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
/** The error of every IO that a device cannot do any more. */
export function ioError(message) {
    return new IoError('EIO', message);
}
/** Stops all writing for good; reads go on. */
export function setReadOnly(state, reason) {
    if (state.readOnly)
        return;
    state.readOnly = true;
    state.log.error(`walb device ${state.name}: read-only from now on: ${reason}`);
    for (const told of state.whenReadOnly)
        told();
    state.changed.notify();
}
export function advanceCompleted(state, lsid) {
    if (lsid <= state.lsids.completed)
        return;
    state.lsids.completed = lsid;
    state.changed.notify();
}
export function advanceFlush(state, lsid) {
    if (lsid <= state.lsids.flush)
        return;
    state.lsids.flush = lsid;
    state.lastFlushUs = state.clock.monotonicUs();
}
export function advancePermanent(state, lsid) {
    const { lsids } = state;
    if (lsid <= lsids.permanent)
        return;
    const wasEmpty = lsids.oldest === lsids.permanent;
    lsids.permanent = lsid;
    state.changed.notify();
    if (wasEmpty)
        for (const told of [...state.watchers])
            told();
}
export function setAllLsids(state, lsid) {
    const { lsids } = state;
    lsids.latest = lsids.completed = lsids.flush = lsids.permanent = lsid;
    lsids.written = lsids.prevWritten = lsid;
}
export function ringPb(state) {
    return state.sector.ringBufferSizePb;
}
/** Where the physical block of an lsid is on the log device. */
export function ringAddressLb(state, lsid) {
    return lsidToOffsetPb(lsid, state.sector) * lbPerPb(state.sector.physicalBlockBytes);
}
/** Reads `sizePb` blocks of the log from `lsid` on, over the end of the ring if need be. */
export async function readRing(state, lsid, sizePb, step) {
    const pbs = state.sector.physicalBlockBytes;
    const firstPb = Math.min(sizePb, ringRoomPb(lsid, ringPb(state)));
    const first = await state.ldev.read(ringAddressLb(state, lsid), firstPb * lbPerPb(pbs), step);
    if (firstPb === sizePb)
        return first;
    const rest = await readRing(state, lsid + firstPb, sizePb - firstPb, step);
    const whole = new Uint8Array(sizePb * pbs);
    whole.set(first);
    whole.set(rest, first.length);
    return whole;
}
/** Bytes of `sizeLb` blocks. */
export function bytesOf(sizeLb) {
    return sizeLb * LOGICAL_BLOCK_BYTES;
}
