import { FormatError } from '../errors.js';
import { checksum } from '../format/checksum.js';
import { KIB, LOGICAL_BLOCK_BYTES } from '../units.js';
import { checkStop, chunkBatches, decodeBatch, encodeBatch, } from './chunks.js';
/**
 * A whole image, one way (docs/protocols.md, "Full image"). For each chunk:
 *
 *     C> size of the compressed chunk; 0: the chunk is all zero and nothing follows
 *     C> checksum of the compressed bytes, the bytes
 *
 * Nothing marks the end: both sides count. Every chunk goes through the codec, whatever comes out.
 */
export const FULL_SYNC_STREAM_STEPS = {
    sendChunk: 'full-sync-stream.send-chunk',
    encodedSize: 'full-sync-stream.encoded-size',
    checksum: 'full-sync-stream.checksum',
    chunk: 'full-sync-stream.chunk',
};
const STEPS = FULL_SYNC_STREAM_STEPS;
/**
 * Client: sends an image. While one batch of chunks is sent the next is read and compressed. Throws
 * AbortedError when told to stop; the caller then drops the connection.
 */
export async function sendImage(channel, source) {
    const batches = chunkBatches(source.plan, source.compression);
    const prepare = () => {
        const batch = batches.next();
        if (batch.done === true)
            return null;
        const encoded = encodeBatch(batch.value, source.compression, source.codecs, source.readChunk);
        // It is awaited below; until then a failure must not count as unhandled.
        encoded.catch(() => { });
        return encoded;
    };
    checkStop(source);
    let next = prepare();
    try {
        while (next !== null) {
            const chunks = await next;
            next = prepare();
            for (const chunk of chunks)
                await sendChunk(channel, source, chunk);
        }
    }
    finally {
        // Nobody reads the image any more once this function has returned.
        await next?.catch(() => { });
    }
}
async function sendChunk(channel, source, chunk) {
    checkStop(source);
    const { encoded } = chunk;
    channel.out.u64(encoded === null ? 0 : encoded.length);
    if (encoded !== null) {
        channel.out.u32(checksum(encoded, 0));
        await channel.writeBytes(encoded, STEPS.sendChunk);
    }
    await channel.flush(STEPS.sendChunk);
    source.onProgress?.(chunk.addressLb + chunk.sizeLb);
    await source.throttle?.(chunk.sizeLb);
}
/**
 * Server: receives an image and stores it in order. Throws FormatError for a chunk that is too large, damaged
 * or of another size when decompressed.
 */
export async function receiveImage(channel, target) {
    for (const batch of chunkBatches(target.plan, target.compression)) {
        const encoded = [];
        for (const range of batch) {
            checkStop(target);
            encoded.push(await receiveChunk(channel, range));
        }
        const chunks = await decodeBatch(encoded, target.compression, target.codecs);
        for (let i = 0; i < batch.length; i++) {
            checkStop(target);
            const { addressLb, sizeLb } = batch[i];
            await target.writeChunk(addressLb, sizeLb, chunks[i]);
            target.onProgress?.(addressLb + sizeLb);
        }
    }
}
async function receiveChunk(channel, range) {
    const sizeBytes = await channel.readNumber(STEPS.encodedSize);
    if (sizeBytes === 0)
        return { ...range, encoded: null };
    const maxBytes = 2 * range.sizeLb * LOGICAL_BLOCK_BYTES + 4 * KIB;
    if (sizeBytes > maxBytes) {
        throw new FormatError(`a chunk of at most ${maxBytes} bytes is expected, got ${sizeBytes}`);
    }
    const expected = await channel.readU32(STEPS.checksum);
    const encoded = await channel.readBytes(sizeBytes, STEPS.chunk);
    const found = checksum(encoded, 0);
    if (found !== expected) {
        throw new FormatError(`the chunk at ${range.addressLb} must have checksum ${expected}, got ${found}`);
    }
    return { ...range, encoded };
}
