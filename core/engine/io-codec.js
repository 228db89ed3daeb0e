import { checksum } from '../format/checksum.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { checkImageSize } from './plain-io.js';
/** What converters and the archive's merge use. */
export const SNAPPY = { type: 'snappy', level: 0 };
export function isPassed(io) {
    return 'passed' in io;
}
/** Plain bytes that are compressed as one batch of jobs, an IO more or less. */
export const BATCH_BYTES = 2 * MIB;
/** Plain bytes that are decompressed as one batch; less, since a merge reads many diffs at once. */
export const READ_BATCH_BYTES = MIB;
/**
 * Compresses the data of normal IOs and sets the check sums. Each result is stored compressed only where that is
 * strictly smaller, else as it is. What is stored already stays so. See docs/formats.md, "Compression".
 */
export async function compressIos(ios, option, pool) {
    const jobs = [];
    if (option.type !== 'none') {
        for (const io of ios) {
            if (io.kind === 'normal' && !isPassed(io))
                jobs.push({ kind: 'compress', ...option, data: io.data, shrinkOnly: true });
        }
    }
    const packed = jobs.length > 0 ? await pool.run(jobs) : [];
    let next = 0;
    return ios.map((io) => {
        if (isPassed(io))
            return io.passed;
        const { addressLb, sizeLb, kind } = io;
        if (kind !== 'normal')
            return { addressLb, sizeLb, kind, compression: 'none', data: io.data, checksum: 0 };
        const smaller = packed[next++];
        const shrunk = smaller !== undefined && smaller.length < io.data.length;
        const data = shrunk ? smaller : io.data;
        const compression = shrunk ? option.type : 'none';
        const sum = shrunk ? checksum(data, 0) : (io.plainChecksum ?? checksum(data, 0));
        return { addressLb, sizeLb, kind, compression, data, checksum: sum };
    });
}
/**
 * The IOs with their data decompressed. Check sums are not looked at: whoever read the bytes has done so. Throws
 * FormatError for data that are not of the size that the IO says, before anything of that size is allocated.
 */
export async function decompressIos(ios, pool) {
    const jobs = [];
    for (const io of ios) {
        checkImageSize(io.kind, io.sizeLb);
        if (io.compression !== 'none') {
            jobs.push({
                kind: 'decompress',
                type: io.compression,
                sizeBytes: io.sizeLb * LOGICAL_BLOCK_BYTES,
                data: io.data,
            });
        }
    }
    const plain = jobs.length > 0 ? await pool.run(jobs) : [];
    let next = 0;
    return ios.map((io) => {
        const { addressLb, sizeLb, kind } = io;
        return { addressLb, sizeLb, kind, data: io.compression === 'none' ? io.data : plain[next++] };
    });
}
