import { FormatError } from '../errors.ts';
import { checksum } from '../format/checksum.ts';
import type { CompressOpt } from '../snapshot/host-info.ts';
import { KIB, LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecPool } from '../world/index.ts';
import type { Channel } from './channel.ts';
import {
  type ChunkPlan,
  type ChunkRange,
  checkStop,
  chunkBatches,
  decodeBatch,
  type EncodedChunk,
  encodeBatch,
  type ReadChunk,
  type StreamHooks,
  type WriteChunk,
} from './chunks.ts';

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
} as const;

const STEPS = FULL_SYNC_STREAM_STEPS;

export interface ImageSource extends StreamHooks {
  readonly plan: ChunkPlan;
  readonly compression: CompressOpt;
  readonly codecs: CodecPool;
  readonly readChunk: ReadChunk;
}

export interface ImageTarget extends StreamHooks {
  readonly plan: ChunkPlan;
  readonly compression: CompressOpt;
  readonly codecs: CodecPool;
  readonly writeChunk: WriteChunk;
}

/**
 * Client: sends an image. While one batch of chunks is sent the next is read and compressed. Throws
 * AbortedError when told to stop; the caller then drops the connection.
 */
export async function sendImage(channel: Channel, source: ImageSource): Promise<void> {
  const batches = chunkBatches(source.plan, source.compression);
  const prepare = (): Promise<EncodedChunk[]> | null => {
    const batch = batches.next();
    if (batch.done === true) return null;
    const encoded = encodeBatch(batch.value, source.compression, source.codecs, source.readChunk);
    // It is awaited below; until then a failure must not count as unhandled.
    encoded.catch(() => {});
    return encoded;
  };
  checkStop(source);
  let next = prepare();
  try {
    while (next !== null) {
      const chunks: EncodedChunk[] = await next;
      next = prepare();
      for (const chunk of chunks) await sendChunk(channel, source, chunk);
    }
  } finally {
    // Nobody reads the image any more once this function has returned.
    await next?.catch(() => {});
  }
}

async function sendChunk(channel: Channel, source: ImageSource, chunk: EncodedChunk): Promise<void> {
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
export async function receiveImage(channel: Channel, target: ImageTarget): Promise<void> {
  for (const batch of chunkBatches(target.plan, target.compression)) {
    const encoded: EncodedChunk[] = [];
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

async function receiveChunk(channel: Channel, range: ChunkRange): Promise<EncodedChunk> {
  const sizeBytes = await channel.readNumber(STEPS.encodedSize);
  if (sizeBytes === 0) return { ...range, encoded: null };
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
