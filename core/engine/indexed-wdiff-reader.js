import { FormatError } from '../errors.js';
import { checksum } from '../format/checksum.js';
import { checkIndexRecordPlace, decodeIndexRecord, decodeIndexSuper, INDEX_RECORD_BYTES, INDEX_SUPER_BYTES, } from '../format/indexed-wdiff.js';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.js';
import { endLb } from '../format/wdiff-record.js';
import { countWdiffIo, newWdiffStatistics } from '../format/wdiff-text.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { ImageCache } from './image-cache.js';
import { READ_BATCH_BYTES } from './io-codec.js';
import { decodeAt, placedError } from './placed-error.js';
import { checkImageSize, NO_DATA } from './plain-io.js';
/** Index records that are read and held at a time: 48 KiB. */
const INDEX_PIECE_RECORDS = 1024;
const DEFAULT_CACHE_BYTES = 4 * MIB;
/**
 * Reads the records of the index, piece by piece, verified: check sums, order, places of the data. Throws
 * FormatError. See docs/formats.md, "Indexed wdiff".
 */
export class IndexReader {
    header;
    indexOffsetBytes;
    #file;
    #indexEnd;
    #at;
    #endLb = 0;
    constructor(header, file, indexOffsetBytes) {
        this.header = header;
        this.indexOffsetBytes = indexOffsetBytes;
        this.#file = file;
        this.#indexEnd = file.sizeBytes - INDEX_SUPER_BYTES;
        this.#at = indexOffsetBytes;
    }
    /** Verifies header and super. */
    static async open(file) {
        const header = decodeWdiffHeader(await file.read(0, WDIFF_HEADER_BYTES));
        if (header.type !== 'indexed')
            throw new FormatError('Not indexed diff file');
        if (file.sizeBytes < WDIFF_HEADER_BYTES + INDEX_SUPER_BYTES) {
            throw new FormatError('eof error: an index super expected', file.sizeBytes);
        }
        const superBytes = await file.read(file.sizeBytes - INDEX_SUPER_BYTES, INDEX_SUPER_BYTES);
        const { indexOffsetBytes } = decodeAt(file.sizeBytes - INDEX_SUPER_BYTES, () => decodeIndexSuper(superBytes, file.sizeBytes));
        return new IndexReader(header, file, indexOffsetBytes);
    }
    /** The next records, ascending by address; none at the end. */
    async nextPiece() {
        const sizeBytes = Math.min(this.#indexEnd - this.#at, INDEX_PIECE_RECORDS * INDEX_RECORD_BYTES);
        if (sizeBytes === 0)
            return [];
        const bytes = await this.#file.read(this.#at, sizeBytes);
        const records = [];
        let at = 0;
        try {
            for (; at < sizeBytes; at += INDEX_RECORD_BYTES) {
                const record = decodeIndexRecord(bytes, at);
                checkIndexRecordPlace(record, this.#endLb, this.indexOffsetBytes);
                checkImageSize(record.kind, record.imageSizeLb);
                this.#endLb = endLb(record);
                records.push(record);
            }
        }
        catch (error) {
            if (!(error instanceof FormatError))
                throw error;
            throw new FormatError(error.message, this.#at + Math.max(at, error.offset));
        }
        this.#at += sizeBytes;
        return records;
    }
}
/**
 * Reads the IOs of an indexed wdiff by address: each piece of the index is one IO. Images are decompressed in batches
 * ahead of need and cached, since pieces of one image need not stand together.
 */
export class IndexedWdiffInput {
    type = 'indexed';
    statistics;
    #index;
    #file;
    #pool;
    #cache;
    #records = [];
    #recordAt = 0;
    constructor(index, file, pool, cache) {
        this.#index = index;
        this.#file = file;
        this.#pool = pool;
        this.#cache = cache;
        // Stored images are counted with what lies between and what nothing refers to, as the original counts.
        const dataSizeBytes = index.indexOffsetBytes - WDIFF_HEADER_BYTES;
        this.statistics = { ...newWdiffStatistics(), wdiffCount: 1, dataSizeBytes };
    }
    /** Verifies header and super. Throws FormatError. */
    static async open(file, pool, options = {}) {
        const index = await IndexReader.open(file);
        return new IndexedWdiffInput(index, file, pool, options.cache ?? new ImageCache(DEFAULT_CACHE_BYTES));
    }
    get uuid() {
        return this.#index.header.uuid;
    }
    async next() {
        if (this.#recordAt === this.#records.length) {
            this.#records = await this.#index.nextPiece();
            this.#recordAt = 0;
            if (this.#records.length === 0) {
                this.#cache.dropFile(this);
                return null;
            }
        }
        const record = this.#records[this.#recordAt];
        const { addressLb, sizeLb, kind, imageOffsetLb } = record;
        let data = NO_DATA;
        if (kind === 'normal') {
            const image = this.#cached(record) ?? (await this.#loadFrom(this.#recordAt));
            data = image.subarray(imageOffsetLb * LOGICAL_BLOCK_BYTES, (imageOffsetLb + sizeLb) * LOGICAL_BLOCK_BYTES);
        }
        this.#recordAt++;
        countWdiffIo(this.statistics, kind, sizeLb);
        return { addressLb, sizeLb, kind, data };
    }
    /** The cached image of a record, or null. Throws FormatError when another record described it otherwise. */
    #cached(record) {
        const image = this.#cache.get(this, record.dataOffsetBytes);
        if (image !== null && image.length !== record.imageSizeLb * LOGICAL_BLOCK_BYTES) {
            throw new FormatError(`IO data invalid: two sizes for the image at ${record.dataOffsetBytes}`, record.dataOffsetBytes);
        }
        return image;
    }
    /** Loads the image of record `first`, and those of the records after it while the batch has room. */
    async #loadFrom(first) {
        const wanted = [];
        const seen = new Set();
        let bytes = 0;
        for (let i = first; i < this.#records.length; i++) {
            const record = this.#records[i];
            if (record.kind !== 'normal' || seen.has(record.dataOffsetBytes))
                continue;
            if (this.#cache.has(this, record.dataOffsetBytes))
                continue;
            // What the cache would drop again before its turn is not worth loading.
            bytes += record.imageSizeLb * LOGICAL_BLOCK_BYTES;
            if (wanted.length > 0 && bytes > Math.min(READ_BATCH_BYTES, this.#cache.limitBytes))
                break;
            seen.add(record.dataOffsetBytes);
            wanted.push(record);
        }
        const images = await loadImages(this.#file, wanted, this.#pool);
        // The first is needed first, so it must be the last to be dropped.
        for (let i = images.length - 1; i >= 0; i--)
            this.#cache.put(this, wanted[i].dataOffsetBytes, images[i]);
        return images[0];
    }
}
/** The images of index records, verified and decompressed as one batch. Throws FormatError. */
export async function loadImages(file, records, pool) {
    const jobs = [];
    const read = (record) => file.read(record.dataOffsetBytes, record.dataSizeBytes);
    // Where the file allows it, all are read side by side.
    const reads = file.pieceBytes === undefined ? null : records.map(read);
    // The first that fails is the one that is told.
    for (const reading of reads ?? [])
        reading.catch(() => undefined);
    for (const [i, record] of records.entries()) {
        const data = await (reads === null ? read(record) : reads[i]);
        if (checksum(data, 0) !== record.dataChecksum) {
            throw new FormatError(`IO data invalid: checksum ${record.dataChecksum.toString(16)} expected`, record.dataOffsetBytes);
        }
        const sizeBytes = record.imageSizeLb * LOGICAL_BLOCK_BYTES;
        jobs.push({ kind: 'decompress', type: record.compression, sizeBytes, data });
    }
    try {
        return await pool.run(jobs);
    }
    catch (error) {
        // Check sums were right, so whoever wrote it is at fault; the place is that of the first image of the batch.
        throw placedError(error, records[0].dataOffsetBytes);
    }
}
