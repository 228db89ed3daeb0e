import { FormatError } from '../../errors.js';
import { decodeLogpackHeader, hasData, isRecordDataValid, recordSizePb, } from '../../format/logpack.js';
import { lsidToOffsetPb, ringRoomPb } from '../../format/super-sector.js';
import { KIB, LOGICAL_BLOCK_BYTES } from '../../units.js';
/** How much is read at a time. */
const READ_AHEAD_BYTES = 256 * KIB;
/**
 * Reads logpacks one after the other from a log device's ring, never beyond a limit below which the log is
 * durable: what lies beyond may be old.
 */
export class LogReader {
    #log;
    #super;
    #limitLsid;
    #step;
    #buffer = new Uint8Array(0);
    #bufferLsid;
    constructor(log, superSector, beginLsid, limitLsid, step) {
        this.#log = log;
        this.#super = superSector;
        this.#bufferLsid = beginLsid;
        this.#limitLsid = limitLsid;
        this.#step = step;
    }
    /** The header at `lsid`. Throws FormatError unless it is valid and its own lsid is this one. */
    async readHeader(lsid) {
        const block = await this.readPb(lsid, 1);
        const header = decodeLogpackHeader(block, this.#super.salt);
        if (header.logpackLsid !== lsid) {
            throw new FormatError(`the logpack header at lsid ${lsid} says it is at ${header.logpackLsid}`);
        }
        return { header, block };
    }
    /** The rest of a pack, its checksums verified. */
    async readPack(lsid, header, headerBlock) {
        const pbs = this.#super.physicalBlockBytes;
        const data = [];
        let at = lsid + 1;
        for (const record of header.records) {
            const sizePb = hasData(record) ? recordSizePb(record, pbs) : 0;
            if (sizePb === 0) {
                data.push(null);
                continue;
            }
            const bytes = await this.readPb(at, sizePb);
            if (record.kind === 'normal' && !isRecordDataValid(record, bytes, this.#super.salt)) {
                throw new FormatError(`invalid logpack IO at lsid ${record.lsid}`);
            }
            data.push(bytes);
            at += sizePb;
        }
        return { header, headerBlock, data };
    }
    /** Physical blocks from `lsid` on; forward only. */
    async readPb(lsid, sizePb) {
        const pbs = this.#super.physicalBlockBytes;
        const skip = (lsid - this.#bufferLsid) * pbs;
        this.#buffer = skip <= this.#buffer.length ? this.#buffer.subarray(skip) : new Uint8Array(0);
        this.#bufferLsid = lsid;
        const neededBytes = sizePb * pbs;
        if (this.#buffer.length < neededBytes)
            await this.#fill(neededBytes);
        return this.#buffer.subarray(0, neededBytes);
    }
    /** Reads on until at least `neededBytes` are there, and ahead where the log is known to be durable. */
    async #fill(neededBytes) {
        const pbs = this.#super.physicalBlockBytes;
        const pieces = [this.#buffer];
        let haveBytes = this.#buffer.length;
        while (haveBytes < neededBytes) {
            const lsid = this.#bufferLsid + haveBytes / pbs;
            const needPb = (neededBytes - haveBytes) / pbs;
            const aheadPb = Math.min(READ_AHEAD_BYTES / pbs, this.#limitLsid - lsid);
            const roomPb = ringRoomPb(lsid, this.#super.ringBufferSizePb);
            const sizePb = Math.min(roomPb, Math.max(needPb, aheadPb));
            const addressLb = (lsidToOffsetPb(lsid, this.#super) * pbs) / LOGICAL_BLOCK_BYTES;
            const bytes = await this.#log.read(addressLb, (sizePb * pbs) / LOGICAL_BLOCK_BYTES, this.#step);
            pieces.push(bytes);
            haveBytes += bytes.length;
        }
        if (pieces.length === 2 && pieces[0]?.length === 0) {
            this.#buffer = pieces[1];
            return;
        }
        const joined = new Uint8Array(haveBytes);
        let at = 0;
        for (const piece of pieces) {
            joined.set(piece, at);
            at += piece.length;
        }
        this.#buffer = joined;
    }
}
