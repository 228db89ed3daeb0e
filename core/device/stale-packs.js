import { FormatError } from '../errors.js';
import { viewOf } from '../format/binary.js';
import { claimsLogpackAt, decodeLogpackHeader } from '../format/logpack.js';
import { lbPerPb } from '../format/physical-block.js';
import { ringRoomPb } from '../format/super-sector.js';
import { MIB } from '../units.js';
import { readRing, ringAddressLb, ringPb, setReadOnly } from './device-state.js';
import { outcome } from './request.js';
import { DEVICE_STEPS } from './steps.js';
/** Log that is looked through at once. */
const SCAN_BYTES = MIB;
/**
 * Packs of an earlier life may stand behind the place where redo stopped: written, but not durable when the
 * crash came, so that some before them were lost. A later crash would replay them, were new packs to end just
 * where one of them begins. So every block that the log is going to reach is looked at first, and a header
 * that would be valid there is erased, durably. No pack of an earlier life is further than one ring after the
 * `written` that redo began from, so this ends after the first turn. See docs/fault-model.md.
 */
export class StalePacks {
    #state;
    /** Below, nothing stale is left. */
    #cleanLsid;
    /** From here on nothing stale can be. */
    #endLsid;
    #done = false;
    /** `beginLsid`: where redo stopped; `endLsid`: one ring after where it began. */
    constructor(state, beginLsid, endLsid) {
        this.#state = state;
        this.#cleanLsid = beginLsid;
        this.#endLsid = endLsid;
    }
    /** The log was reset: no old pack is valid with the new salt. */
    forget() {
        this.#done = true;
    }
    /** Makes sure of every block up to and with `lsid`. False when the log device failed: it is read-only then. */
    async cleanTo(lsid) {
        while (!this.#done && this.#cleanLsid <= lsid && this.#cleanLsid < this.#endLsid) {
            const error = await outcome(this.#cleanPart());
            if (error === null)
                continue;
            setReadOnly(this.#state, `erasing old log: ${error.message}`);
            return false;
        }
        return true;
    }
    async #cleanPart() {
        const state = this.#state;
        const { ldev, sector } = state;
        const pbs = sector.physicalBlockBytes;
        const beginLsid = this.#cleanLsid;
        const sizePb = Math.min(this.#endLsid - beginLsid, ringRoomPb(beginLsid, ringPb(state)), SCAN_BYTES / pbs);
        const blocks = await readRing(state, beginLsid, sizePb, DEVICE_STEPS.staleScan);
        const view = viewOf(blocks);
        let erasedCount = 0;
        for (let i = 0; i < sizePb; i++) {
            const lsid = beginLsid + i;
            if (!claimsLogpackAt(view, i * pbs, lsid))
                continue;
            if (decodePackAt(blocks.subarray(i * pbs, (i + 1) * pbs), lsid, sector.salt) === null)
                continue;
            const zeros = new Uint8Array(pbs);
            await ldev.write(ringAddressLb(state, lsid), zeros, DEVICE_STEPS.staleErase);
            erasedCount += 1;
        }
        if (erasedCount > 0) {
            if (ldev.supportsFlush)
                await ldev.flush(DEVICE_STEPS.staleFlush);
            state.log.info(`walb device ${state.name}: erased ${erasedCount} packs of log that was lost`);
        }
        this.#cleanLsid = beginLsid + sizePb;
    }
}
/** The pack whose header is in `block`, if it is a valid one that belongs at `lsid`; else null. */
export function decodePackAt(block, lsid, salt) {
    try {
        const header = decodeLogpackHeader(block, salt);
        return header.logpackLsid === lsid && header.records.length > 0 ? header : null;
    }
    catch (error) {
        if (error instanceof FormatError)
            return null;
        throw error;
    }
}
/** Reads one block of the log and decodes it as `decodePackAt` does. Throws IoError. */
export async function readPackAt(state, lsid, step) {
    const { ldev, sector } = state;
    const block = await ldev.read(ringAddressLb(state, lsid), lbPerPb(sector.physicalBlockBytes), step);
    return decodePackAt(block, lsid, sector.salt);
}
