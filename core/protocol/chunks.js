import { isAllZero } from '../engine/plain-io.js';
import { AbortedError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { effectiveLevel } from './settings.js';
/** Chunks in memory at a time: bounds memory, feeds a pool of workers. */
const MAX_BATCH_BYTES = 16 * MIB;
/** How many chunks are compressed together. */
function batchLength(plan, opt) {
    const byMemory = Math.floor(MAX_BATCH_BYTES / (plan.bulkLb * LOGICAL_BLOCK_BYTES));
    return Math.max(1, Math.min(2 * opt.cpuCount + 1, byMemory));
}
/** The chunks of an image, in batches. */
export function* chunkBatches(plan, opt) {
    const length = batchLength(plan, opt);
    let batch = [];
    for (let addressLb = plan.startLb; addressLb < plan.sizeLb; addressLb += plan.bulkLb) {
        batch.push({ addressLb, sizeLb: Math.min(plan.bulkLb, plan.sizeLb - addressLb) });
        if (batch.length === length) {
            yield batch;
            batch = [];
        }
    }
    if (batch.length > 0)
        yield batch;
}
/** One chunk. Throws RangeError when the reader returned another size. */
export async function readWhole(readChunk, addressLb, sizeLb) {
    const data = await readChunk(addressLb, sizeLb);
    if (data.length === sizeLb * LOGICAL_BLOCK_BYTES)
        return data;
    throw new RangeError(`a chunk of ${sizeLb} blocks was asked for, ${data.length} bytes were read`);
}
/** Reads a batch and compresses what is not zero. */
export async function encodeBatch(batch, opt, codecs, readChunk) {
    const jobs = [];
    const chunks = [];
    for (const { addressLb, sizeLb } of batch) {
        const data = await readWhole(readChunk, addressLb, sizeLb);
        chunks.push(data);
        if (!isAllZero(data))
            jobs.push({ kind: 'compress', type: opt.type, level: effectiveLevel(opt), data });
    }
    const results = await codecs.run(jobs);
    let job = 0;
    return batch.map((range, i) => {
        const compressed = jobs[job]?.data === chunks[i];
        return { ...range, encoded: compressed ? results[job++] : null };
    });
}
/** Decompresses a batch; null stays null. Throws FormatError unless each has exactly its chunk's size. */
export async function decodeBatch(batch, opt, codecs) {
    const jobs = [];
    for (const { sizeLb, encoded } of batch) {
        if (encoded === null)
            continue;
        jobs.push({
            kind: 'decompress',
            type: opt.type,
            sizeBytes: sizeLb * LOGICAL_BLOCK_BYTES,
            data: encoded,
        });
    }
    const results = await codecs.run(jobs);
    let job = 0;
    return batch.map(({ encoded }) => (encoded === null ? null : results[job++]));
}
/** Throws AbortedError when the stream is to be given up. */
export function checkStop(hooks) {
    if (hooks.shouldStop?.() === true)
        throw new AbortedError('force stopped');
}
