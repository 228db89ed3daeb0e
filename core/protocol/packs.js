import { compressIos } from '../engine/io-codec.js';
import { packImageOf } from '../engine/pack-image.js';
import { FormatError } from '../errors.js';
import { checksum } from '../format/checksum.js';
import { decodePackHeader, fitsPack, MAX_PACK_DATA_BYTES, PACK_HEADER_BYTES, } from '../format/sorted-wdiff.js';
import { endLb } from '../format/wdiff-record.js';
import { effectiveLevel } from './settings.js';
/** Packs as they travel: a header block and the stored data of its records. See docs/formats.md, "Sorted wdiff". */
/** Largest pack on the wire. */
export const MAX_PACK_BYTES = PACK_HEADER_BYTES + MAX_PACK_DATA_BYTES;
/** Collects uncompressed IOs in ascending order until a pack is full. */
export class PackBuilder {
    #ios = [];
    #sizeBytes = 0;
    get isEmpty() {
        return this.#ios.length === 0;
    }
    /** Address of the first IO. Only when not empty. */
    get firstAddressLb() {
        return this.#ios[0].addressLb;
    }
    /** Whether an IO of `sizeBytes` of uncompressed data may join. */
    fits(sizeBytes) {
        return fitsPack(this.#ios.length, this.#sizeBytes, sizeBytes);
    }
    add(io) {
        this.#ios.push(io);
        this.#sizeBytes += io.data.length;
    }
    /** The IOs collected; the builder is empty afterwards. */
    take() {
        const ios = this.#ios;
        this.#ios = [];
        this.#sizeBytes = 0;
        return ios;
    }
}
/**
 * Makes one pack: each normal IO is compressed on its own and kept as it is when that does not make it
 * smaller.
 */
export async function compressPack(ios, opt, codecs) {
    return packImageOf(await compressIos(ios, { type: opt.type, level: effectiveLevel(opt) }, codecs));
}
/** Divides a stream of ascending IOs into compressed packs, in order. */
export async function* packIos(ios, opt, codecs) {
    const builder = new PackBuilder();
    for await (const io of ios) {
        if (!builder.fits(io.data.length))
            yield await compressPack(builder.take(), opt, codecs);
        builder.add(io);
    }
    if (!builder.isEmpty)
        yield await compressPack(builder.take(), opt, codecs);
}
/**
 * Checks a received header block against the size that was announced and against the packs before it. Throws
 * FormatError unless it is whole, begins at or behind `fromLb` and ends at or before `limitLb` (null: no limit).
 */
export function checkPackHeader(header, sizeBytes, fromLb, limitLb) {
    const { records, totalSizeBytes, end } = decodePackHeader(header);
    if (end)
        throw new FormatError('a pack with records is expected, got the end pack of a file');
    if (totalSizeBytes !== sizeBytes - PACK_HEADER_BYTES) {
        throw new FormatError(`invalid pack size: ${sizeBytes - PACK_HEADER_BYTES} bytes were announced, the header says ${totalSizeBytes}`);
    }
    if (records[0].addressLb < fromLb) {
        throw new FormatError(`packs must not go back: ${fromLb} was reached, got ${records[0].addressLb}`);
    }
    const last = endLb(records[records.length - 1]);
    if (limitLb !== null && last > limitLb) {
        throw new FormatError(`the volume ends at ${limitLb}, a record at ${last}`);
    }
    return records;
}
/** Throws FormatError unless every record's stored bytes have its checksum. */
export function checkPackData(records, data) {
    for (const record of records) {
        if (record.kind !== 'normal')
            continue;
        const at = record.dataOffsetBytes;
        const found = checksum(data.subarray(at, at + record.dataSizeBytes), 0);
        if (found !== record.checksum) {
            throw new FormatError(`invalid checksum: the record at ${record.addressLb} must have ${record.checksum}, got ${found}`, PACK_HEADER_BYTES + at);
        }
    }
}
