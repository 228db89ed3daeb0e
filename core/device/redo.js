import { errorText, StateError } from '../errors.js';
import { checksum } from '../format/checksum.js';
import { encodeLogpackHeader, nextLsid, shrinkLogpack } from '../format/logpack.js';
import { capacityPb } from '../format/physical-block.js';
import { MIB } from '../units.js';
import { ignoreUnsupported } from './data-writer.js';
import { bytesOf, readRing, ringAddressLb } from './device-state.js';
import { OverlapOrder } from './overlap.js';
import { readPackAt } from './stale-packs.js';
import { DEVICE_STEPS } from './steps.js';
import { durably } from './super-io.js';
import { Condition } from './waiting.js';
/** Data on their way to the data device at once. */
const MAX_IN_FLIGHT_BYTES = 8 * MIB;
/**
 * Applies the log from `beginLsid` on to the data device, up to the first pack or IO that is not whole; a pack
 * with a bad IO that is not its first is cut there, durably. Nothing behind is applied, valid or not. Doing it
 * again gives the same. Throws what a disk throws: a log that cannot be read is not the end of the log.
 * See docs/fault-model.md.
 */
export async function redo(state, beginLsid) {
    const writer = new RedoWriter(state);
    let lsid = beginLsid;
    let packCount = 0;
    try {
        for (;;) {
            const header = await readPackAt(state, lsid, DEVICE_STEPS.redoHeader);
            if (header === null)
                return { endLsid: lsid, packCount, shrunk: false };
            const badIndex = await applyPack(state, header, writer);
            if (badIndex === null) {
                lsid = nextLsid(header);
                packCount += 1;
                continue;
            }
            if (badIndex === 0)
                return { endLsid: lsid, packCount, shrunk: false };
            const cut = shrinkLogpack(header, badIndex);
            await writeHeader(state, lsid, cut);
            return { endLsid: nextLsid(cut), packCount: packCount + 1, shrunk: true };
        }
    }
    finally {
        await writer.drain();
    }
}
/** Index of the first record whose data are bad; null when all are good. The records before it are applied. */
async function applyPack(state, header, writer) {
    const { salt, physicalBlockBytes } = state.sector;
    for (const [i, record] of header.records.entries()) {
        if (record.kind === 'padding')
            continue;
        const { offsetLb: addressLb, sizeLb, lsid } = record;
        if (addressLb + sizeLb > state.ddev.sizeLb()) {
            throw new StateError(`the data device must hold blocks up to ${addressLb + sizeLb}, as the log at ${lsid} says`);
        }
        if (record.kind === 'discard') {
            await writer.add(addressLb, sizeLb, null);
            continue;
        }
        const blocks = await readRing(state, lsid, capacityPb(sizeLb, physicalBlockBytes), DEVICE_STEPS.redoLog);
        const data = blocks.subarray(0, bytesOf(sizeLb));
        if (checksum(data, salt) !== record.checksum)
            return i;
        await writer.add(addressLb, sizeLb, data);
    }
    return null;
}
async function writeHeader(state, lsid, header) {
    const { ldev, sector } = state;
    const block = encodeLogpackHeader(header, sector.physicalBlockBytes, sector.salt);
    await ldev.write(ringAddressLb(state, lsid), block, DEVICE_STEPS.redoShrink, durably(ldev));
}
/** Writes to the data device, many at once, overlapping ones in order. */
class RedoWriter {
    #state;
    #order = new OverlapOrder();
    #changed;
    #inFlightBytes = 0;
    #inFlight = 0;
    #error = null;
    constructor(state) {
        this.#state = state;
        this.#changed = new Condition(state.clock);
    }
    /** Waits while too much is under way. Throws what an earlier one threw. */
    async add(addressLb, sizeLb, data) {
        while (this.#error === null && this.#inFlightBytes > MAX_IN_FLIGHT_BYTES)
            await this.#changed.wait();
        this.#throwError();
        const io = { addressLb, sizeLb, data, waitsFor: 0 };
        this.#inFlightBytes += bytesHeld(io);
        if (this.#order.enter(io))
            this.#start(io);
    }
    /** Waits until nothing is under way. Throws what any of them threw; what waited for that one is left out. */
    async drain() {
        while (this.#inFlight > 0)
            await this.#changed.wait();
        this.#throwError();
    }
    #throwError() {
        if (this.#error === null)
            return;
        throw this.#error instanceof Error ? this.#error : new StateError(errorText(this.#error));
    }
    #start(io) {
        this.#inFlight += 1;
        const { ddev } = this.#state;
        let call = Promise.resolve();
        if (io.data !== null)
            call = ddev.write(io.addressLb, io.data, DEVICE_STEPS.redoWrite);
        else if (ddev.supportsDiscard) {
            call = ddev.discard(io.addressLb, io.sizeLb, DEVICE_STEPS.redoDiscard).catch(ignoreUnsupported);
        }
        call.then(() => {
            this.#inFlight -= 1;
            this.#inFlightBytes -= bytesHeld(io);
            const ready = this.#order.leave(io);
            if (this.#error === null)
                for (const next of ready)
                    this.#start(next);
            this.#changed.notify();
        }, (error) => {
            this.#inFlight -= 1;
            this.#error ??= error;
            this.#changed.notify();
        });
    }
}
/** A discard counts for little, but not for nothing. */
function bytesHeld(io) {
    return io.data === null ? bytesOf(1) : io.data.length;
}
