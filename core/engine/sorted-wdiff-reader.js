import { FormatError } from '../errors.js';
import { decodePackHeader, PACK_HEADER_BYTES } from '../format/sorted-wdiff.js';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.js';
import { endLb } from '../format/wdiff-record.js';
import { countWdiffIo, newWdiffStatistics } from '../format/wdiff-text.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { BufferedReader } from './byte-stream.js';
import { decompressIos, READ_BATCH_BYTES } from './io-codec.js';
import { checkPackSize, storedIo } from './pack-image.js';
import { decodeAt, placedError } from './placed-error.js';
import { checkImageSize } from './plain-io.js';
import { wholePiece } from './stored-io.js';
/**
 * Reads the packs of a sorted wdiff and verifies them: headers, check sums of the data, order within and across packs.
 * Throws FormatError. See docs/formats.md, "Sorted wdiff".
 */
export class SortedPackReader {
    header;
    #reader;
    #requireEnd;
    #endLb = 0;
    #ended = false;
    /** Of the present pack. */
    #records = [];
    #recordAt = 0;
    /** For a stream whose file header was read already. */
    constructor(header, reader, options = {}) {
        if (header.type !== 'sorted')
            throw new FormatError('Invalid type: a sorted wdiff expected');
        this.header = header;
        this.#reader = reader;
        this.#requireEnd = options.requireEnd ?? true;
    }
    /** Bytes read so far; exact between two IOs. */
    get offset() {
        return this.#reader.offset;
    }
    /** The next pack as a whole, or null at the end. Passes over IOs of the pack before that were not read. */
    async next() {
        const pack = await this.#nextHeader();
        if (pack === null)
            return null;
        const ios = [];
        for (let io = await this.nextIo(); io !== null; io = await this.nextIo())
            ios.push(io);
        return { header: pack.header, ios, sizeBytes: PACK_HEADER_BYTES + pack.totalSizeBytes };
    }
    /** Goes on to the next pack, whose IOs `nextIo` then gives; false at the end. */
    async nextPack() {
        return (await this.#nextHeader()) !== null;
    }
    /** The next IO of the present pack, verified; null when there is no more. */
    async nextIo() {
        const record = this.#records[this.#recordAt];
        if (record === undefined)
            return null;
        this.#recordAt++;
        const size = record.dataSizeBytes;
        const data = this.#reader.tryRead(size) ?? (await this.#reader.read(size));
        return decodeAt(this.#reader.offset - size, () => storedIo(record, data));
    }
    async #nextHeader() {
        if (this.#ended)
            return null;
        while ((await this.nextIo()) !== null)
            ;
        const header = this.#reader.tryRead(PACK_HEADER_BYTES) ?? (await this.#reader.readWhole(PACK_HEADER_BYTES));
        if (header === null && this.#requireEnd) {
            throw new FormatError('eof error: a pack or the end pack expected', this.#reader.offset);
        }
        const at = this.#reader.offset - PACK_HEADER_BYTES;
        const pack = header === null ? null : decodeAt(at, () => decodePackHeader(header));
        if (header === null || pack === null || pack.end) {
            this.#ended = true;
            return null;
        }
        decodeAt(at, () => this.#checkRecords(pack));
        this.#records = pack.records;
        this.#recordAt = 0;
        return { header, totalSizeBytes: pack.totalSizeBytes };
    }
    #checkRecords(pack) {
        checkPackSize(pack);
        for (const record of pack.records) {
            if (record.addressLb < this.#endLb) {
                throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
            }
            this.#endLb = endLb(record);
            checkImageSize(record.kind, record.sizeLb);
        }
    }
}
/** Reads the IOs of a sorted wdiff, decompressed about a MiB at a time. */
export class SortedWdiffInput {
    type = 'sorted';
    statistics = { ...newWdiffStatistics(), wdiffCount: 1 };
    #packs;
    #pool;
    #describeError;
    /** Where the present batch begins. */
    #batchOffset = 0;
    #plain = [];
    #plainAt = 0;
    #dataSizeBytes = 0;
    constructor(packs, pool, options = {}) {
        this.#packs = packs;
        this.#pool = pool;
        this.#describeError = options.describeError ?? ((error) => error);
    }
    get uuid() {
        return this.#packs.header.uuid;
    }
    async next() {
        while (this.#plainAt === this.#plain.length) {
            this.#plain = await this.#decompress(await this.#readBatch());
            this.#plainAt = 0;
            this.statistics.dataSizeBytes = this.#dataSizeBytes;
            if (this.#plain.length === 0 && !(await this.#packs.nextPack()))
                return null;
        }
        const io = this.#plain[this.#plainAt++];
        countWdiffIo(this.statistics, io.kind, io.sizeLb);
        return io;
    }
    async nextStored() {
        let io = await this.#packs.nextIo();
        while (io === null) {
            this.statistics.dataSizeBytes = this.#dataSizeBytes;
            if (!(await this.#packs.nextPack()))
                return null;
            io = await this.#packs.nextIo();
        }
        const { addressLb, sizeLb, kind, compression, data, checksum } = io;
        this.#dataSizeBytes += data.length;
        countWdiffIo(this.statistics, kind, sizeLb);
        if (kind !== 'normal')
            return { addressLb, sizeLb, kind, data };
        const at = this.#packs.offset - data.length;
        const placed = (error) => this.#describeError(placedError(error, at));
        const pool = this.#pool;
        return wholePiece({ addressLb, sizeLb, compression, data, checksum, pool, placedError: placed });
    }
    async #decompress(batch) {
        try {
            return await decompressIos(batch, this.#pool);
        }
        catch (error) {
            // Check sums were right, so whoever wrote it is at fault; the place is that of the batch.
            throw placedError(error, this.#batchOffset);
        }
    }
    /** Stored IOs of the present pack, none at its end. */
    async #readBatch() {
        const batch = [];
        this.#batchOffset = this.#packs.offset;
        for (let bytes = 0; bytes < READ_BATCH_BYTES;) {
            const io = await this.#packs.nextIo();
            if (io === null)
                break;
            batch.push(io);
            this.#dataSizeBytes += io.data.length;
            if (io.kind === 'normal')
                bytes += io.sizeLb * LOGICAL_BLOCK_BYTES;
        }
        return batch;
    }
}
/** Begins to read the packs of a sorted wdiff. Throws FormatError for an invalid header or an indexed wdiff. */
export async function openSortedPacks(source, options = {}) {
    const reader = new BufferedReader(source);
    const header = decodeWdiffHeader(await reader.read(WDIFF_HEADER_BYTES));
    return new SortedPackReader(header, reader, options);
}
/** Begins to read the IOs of a sorted wdiff. Throws FormatError for an invalid header or an indexed wdiff. */
export async function openSortedWdiff(source, pool, options = {}) {
    return new SortedWdiffInput(await openSortedPacks(source, options), pool, options);
}
