/**
 * Filling logpacks: which records fit, where they stand, and the padding at the end of the ring.
 * See docs/formats.md, "Filling a pack" and "The end of the ring".
 */
import { FormatError } from '../errors.js';
import { checkRange } from './binary.js';
import { capacityPb, MAX_LOG_IO_LB, MAX_PACK_IO_PB, maxRecords, } from './logpack.js';
import { checkPhysicalBlockBytes, lbPerPb } from './physical-block.js';
import { ringRoomPb } from './super-sector.js';
/**
 * Blocks of padding that must stand before an IO of `sizePb` blocks at `lsid`, so that its data do not
 * straddle the end of the ring; 0 = none.
 */
export function paddingBeforePb(lsid, sizePb, ringSizePb) {
    const roomPb = ringRoomPb(lsid, ringSizePb);
    return roomPb < sizePb ? roomPb : 0;
}
/**
 * Collects the records of one pack. The `add` methods answer false when the record belongs into a new pack,
 * which begins at `nextLsid`; the pack is then as before (but see `addOnRing`). Sizes that no pack can hold
 * are FormatErrors.
 */
export class LogpackBuilder {
    #physicalBlockBytes;
    #logpackLsid;
    #records = [];
    #totalIoSizePb = 0;
    #paddingCount = 0;
    constructor(physicalBlockBytes, logpackLsid) {
        checkPhysicalBlockBytes(physicalBlockBytes);
        this.#physicalBlockBytes = physicalBlockBytes;
        this.#logpackLsid = logpackLsid;
    }
    get logpackLsid() {
        return this.#logpackLsid;
    }
    get recordCount() {
        return this.#records.length;
    }
    /** Blocks of data so far; the header is not counted. */
    get totalIoSizePb() {
        return this.#totalIoSizePb;
    }
    /** Where the next record's data would stand. */
    get cursorLsid() {
        return this.#logpackLsid + 1 + this.#totalIoSizePb;
    }
    /** Where the next pack begins: nothing is written for a pack without records. */
    get nextLsid() {
        return this.#records.length === 0 ? this.#logpackLsid : this.cursorLsid;
    }
    /** A write of 1..65535 blocks; `dataChecksum` is salted, over exactly `sizeLb` blocks. */
    addNormal(offsetLb, sizeLb, dataChecksum) {
        if (sizeLb === 0)
            throw new FormatError('Normal IO can not be zero-sized.');
        checkRange(sizeLb, 1, MAX_LOG_IO_LB, 'the size of a normal IO');
        return this.#add('normal', offsetLb, sizeLb, dataChecksum);
    }
    /** A discard of 1..2^32-1 blocks. It takes no block of the log, so the next record has the same lsid. */
    addDiscard(offsetLb, sizeLb) {
        if (sizeLb === 0)
            throw new FormatError('Discard IO can not be zero-sized.');
        checkRange(sizeLb, 1, 0xffff_ffff, 'the size of a discard IO');
        return this.#add('discard', offsetLb, sizeLb, 0);
    }
    /** Padding of whole physical blocks, 0 allowed; one in a pack. */
    addPadding(sizeLb) {
        if (sizeLb % lbPerPb(this.#physicalBlockBytes) !== 0) {
            throw new FormatError('Padding size must be pbs-aligned.');
        }
        checkRange(sizeLb, 0, MAX_LOG_IO_LB, 'the size of padding');
        if (this.#paddingCount > 0)
            return false;
        return this.#add('padding', 0, sizeLb, 0);
    }
    /**
     * A write into a log whose ring has `ringSizePb` blocks: puts padding before it when its data would straddle
     * the end of the ring. When false, the padding may have been added; the write then begins the next pack,
     * whose header stands at the start of the ring.
     */
    addOnRing(offsetLb, sizeLb, dataChecksum, ringSizePb) {
        const sizePb = capacityPb(sizeLb, this.#physicalBlockBytes);
        if (sizePb > ringSizePb) {
            throw new FormatError(`an IO of ${sizePb} blocks must fit in the ring of ${ringSizePb} blocks`);
        }
        const paddingPb = paddingBeforePb(this.cursorLsid, sizePb, ringSizePb);
        if (paddingPb > 0 && !this.addPadding(paddingPb * lbPerPb(this.#physicalBlockBytes)))
            return false;
        return this.addNormal(offsetLb, sizeLb, dataChecksum);
    }
    /** The header as it stands; its checksum is 0 until encoded. */
    header() {
        return {
            checksum: 0,
            totalIoSizePb: this.#totalIoSizePb,
            logpackLsid: this.#logpackLsid,
            paddingCount: this.#paddingCount,
            records: this.#records.slice(),
        };
    }
    #add(kind, offsetLb, sizeLb, dataChecksum) {
        const sizePb = kind === 'discard' ? 0 : capacityPb(sizeLb, this.#physicalBlockBytes);
        const lsidLocal = this.#totalIoSizePb + 1;
        if (this.#records.length >= maxRecords(this.#physicalBlockBytes))
            return false;
        if (this.#totalIoSizePb + sizePb > MAX_PACK_IO_PB)
            return false;
        // The 16-bit field cannot say where a record behind a full pack stands.
        if (lsidLocal > 0xffff)
            return false;
        const lsid = this.#logpackLsid + lsidLocal;
        this.#records.push({ kind, checksum: dataChecksum, offsetLb, sizeLb, lsidLocal, lsid });
        this.#totalIoSizePb += sizePb;
        if (kind === 'padding')
            this.#paddingCount++;
        return true;
    }
}
