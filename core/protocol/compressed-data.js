import { FormatError } from '../errors.js';
/** Compresses some blocks at once. */
export async function compressAll(blocks, codecs) {
    const jobs = blocks.map((data) => ({ kind: 'compress', type: 'snappy', level: 0, data }));
    const results = await codecs.run(jobs);
    return blocks.map((block, i) => ({
        bytes: results[i].length < block.length ? results[i] : block,
        sizeBytes: block.length,
    }));
}
/** Decompresses some blocks at once. Throws FormatError unless each has its size. */
export async function decompressAll(blocks, codecs) {
    const jobs = [];
    for (const { bytes, sizeBytes } of blocks) {
        if (bytes.length < sizeBytes)
            jobs.push({ kind: 'decompress', type: 'snappy', sizeBytes, data: bytes });
    }
    const results = await codecs.run(jobs);
    let job = 0;
    return blocks.map(({ bytes, sizeBytes }) => (bytes.length < sizeBytes ? results[job++] : bytes));
}
/** Puts one into the channel; the caller flushes. */
export async function writeCompressed(channel, data, step) {
    channel.out.u32(data.bytes.length < data.sizeBytes ? data.bytes.length : 0);
    channel.out.u32(data.sizeBytes);
    await channel.writeBytes(data.bytes, step);
}
/** Reads one that must be of `expectedBytes` when decompressed. Throws FormatError before anything is allocated. */
export async function readCompressed(channel, expectedBytes, step) {
    const compressedBytes = await channel.readU32(step);
    const sizeBytes = await channel.readU32(step);
    if (sizeBytes !== expectedBytes) {
        throw new FormatError(`data of ${expectedBytes} bytes are expected, got ${sizeBytes} (reading ${step})`);
    }
    if (compressedBytes >= sizeBytes) {
        throw new FormatError(`compressed data must be smaller than ${sizeBytes}, got ${compressedBytes}`);
    }
    const bytes = await channel.readBytes(compressedBytes === 0 ? sizeBytes : compressedBytes, step);
    return { bytes, sizeBytes };
}
