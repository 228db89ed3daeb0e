import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.js';
import { MIB } from '../units.js';
import { ImageCache } from './image-cache.js';
import { IndexedWdiffInput } from './indexed-wdiff-reader.js';
import { readAhead } from './read-ahead.js';
import { openSortedWdiff } from './sorted-wdiff-reader.js';
/** The bytes of a file from `offset` to its end, as a stream; read ahead where the file says how much at once. */
export function sourceOf(file, offset = 0) {
    let at = offset;
    const source = {
        async read(maxBytes) {
            const sizeBytes = Math.min(maxBytes, file.sizeBytes - at);
            if (sizeBytes <= 0)
                return null;
            at += sizeBytes;
            return await file.read(at - sizeBytes, sizeBytes);
        },
    };
    return file.pieceBytes === undefined ? source : readAhead(source, file.pieceBytes);
}
/** Begins to read a wdiff of the type that its header says. Throws FormatError. */
export async function openWdiff(file, pool, options = {}) {
    const header = decodeWdiffHeader(await file.read(0, WDIFF_HEADER_BYTES));
    return header.type === 'sorted'
        ? await openSortedWdiff(sourceOf(file), pool, options)
        : await IndexedWdiffInput.open(file, pool, options);
}
/** Decompressed images that are kept for all inputs of a merge together. */
const MERGE_CACHE_BYTES = 32 * MIB;
/** Begins to read the files of a merge, oldest first; indexed ones share one cache. Throws FormatError. */
export async function openWdiffs(files, pool, options = {}) {
    const cache = new ImageCache(MERGE_CACHE_BYTES);
    const inputs = [];
    for (const file of files)
        inputs.push(await openWdiff(file, pool, { ...options, cache }));
    return inputs;
}
