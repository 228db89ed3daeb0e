import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import '../fixed-seed.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { FormatError } from '../../core/errors.ts';
import { checksum } from '../../core/format/checksum.ts';
import { COMPRESSION_TYPES, type CodecJob, type CompressJob } from '../../core/world/index.ts';
import {
  type ThreadedCodecPool,
  type ThreadedCodecPoolOptions,
  threadedCodecPool,
} from '../../native/codec-pool.ts';
import { nativeCodecPool } from '../../native/codecs.ts';

const pools: ThreadedCodecPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

async function open(options: ThreadedCodecPoolOptions): Promise<ThreadedCodecPool> {
  const pool = await threadedCodecPool(options);
  pools.push(pool);
  return pool;
}

/** Data that compress, all different. */
function bytesOf(seed: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = ((i >> 3) * (seed + 1)) & 0xff;
  return bytes;
}

const compressJob = (type: CodecJob['type'], data: Uint8Array): CodecJob => ({
  kind: 'compress',
  type,
  level: 1,
  data,
});

/** Large enough that the cost of no codec keeps them inline. */
const NO_INLINE = { inlineBytes: 0, threadCount: 2 };

describe('a pool of codec threads', () => {
  it('gives what the pool of this thread gives, in order, for any mix of jobs', async () => {
    const pool = await open(NO_INLINE);
    const inline = await nativeCodecPool();
    const arbitraryJob = fc.record({
      type: fc.constantFrom(...COMPRESSION_TYPES),
      sizeBytes: fc.integer({ min: 1, max: 200_000 }),
      shrinkOnly: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryJob, { maxLength: 12 }), async (recipes) => {
        const plain = recipes.map(({ sizeBytes }, i) => bytesOf(i, sizeBytes));
        const jobs = recipes.map(({ type, shrinkOnly }, i): CodecJob => {
          return { kind: 'compress', type, level: 1, data: plain[i], shrinkOnly };
        });
        const packed = await pool.run(jobs);
        const expected = await inline.run(jobs);
        for (const [i, { shrinkOnly }] of recipes.entries()) {
          const kept = shrinkOnly && expected[i].length >= plain[i].length;
          expect(Buffer.compare(packed[i], kept ? plain[i] : expected[i])).toBe(0);
        }
        const back = await pool.run(
          recipes.map(({ type }, i): CodecJob => {
            return { kind: 'decompress', type, sizeBytes: plain[i].length, data: expected[i] };
          }),
        );
        expect(back.map((bytes, i) => Buffer.compare(bytes, plain[i]))).toEqual(recipes.map(() => 0));
      }),
      { numRuns: 20 },
    );
    expect(pool.threadCount).toBe(2);
  });

  it('runs many calls at once, and the results do not touch each other or their inputs', async () => {
    const pool = await open(NO_INLINE);
    const calls = Array.from({ length: 40 }, (_, call) =>
      Array.from({ length: 1 + (call % 5) }, (_, i) => bytesOf(call * 7 + i, 1000 + 40_000 * i)),
    );
    const packed = await Promise.all(
      calls.map((plain) => pool.run(plain.map((data) => compressJob('lz4', data)))),
    );
    const back = await Promise.all(
      packed.map((results, call) =>
        pool.run(
          results.map((data, i): CodecJob => {
            return { kind: 'decompress', type: 'lz4', sizeBytes: calls[call][i].length, data };
          }),
        ),
      ),
    );
    for (const [call, plain] of calls.entries()) {
      for (const [i, data] of plain.entries()) {
        expect(Buffer.compare(back[call][i], data)).toBe(0);
        expect(Buffer.compare(data, bytesOf(call * 7 + i, data.length))).toBe(0);
      }
    }
  });

  it('takes data of shared memory where they are, beside others, for every codec', async () => {
    const pool = await open(NO_INLINE);
    const inline = await nativeCodecPool();
    const memories = [new SharedArrayBuffer(300_000), new SharedArrayBuffer(100_000)];
    const plain = COMPRESSION_TYPES.flatMap((_, i) => {
      const lying = memories.map((memory, m) => {
        const view = new Uint8Array(memory, 1 + 9000 * i, 8000);
        view.set(bytesOf(10 * i + m, view.length));
        return view;
      });
      return [...lying, bytesOf(10 * i + 5, 8000)];
    });
    const typeOf = (i: number) => COMPRESSION_TYPES[Math.floor(i / 3)];
    const packed = await pool.run(plain.map((data, i) => compressJob(typeOf(i), data)));
    const expected = await inline.run(plain.map((data, i) => compressJob(typeOf(i), data)));
    expect(packed.map((bytes, i) => Buffer.compare(bytes, expected[i]))).toEqual(plain.map(() => 0));
    const inShared = packed.map((bytes) => {
      const view = new Uint8Array(new SharedArrayBuffer(bytes.length));
      view.set(bytes);
      return view;
    });
    const back = await pool.run(
      inShared.map((data, i): CodecJob => {
        return { kind: 'decompress', type: typeOf(i), sizeBytes: plain[i].length, data };
      }),
    );
    expect(back.map((bytes, i) => Buffer.compare(bytes, plain[i]))).toEqual(plain.map(() => 0));
    expect(pool.threadCount).toBe(2);
  });

  it('lends results with their check sums, in memory that is used again when it was given back', async () => {
    const pool = await open(NO_INLINE);
    const memories = new Set<ArrayBufferLike>();
    for (let round = 0; round < 6; round++) {
      // Of one call some shrink, some do not, and one is larger than any buffer.
      const plain = [bytesOf(2, 3 << 20), randomBytes(5000), bytesOf(7, 4000), bytesOf(round, 300_000)];
      const jobs = plain.map((data): CompressJob => {
        return { kind: 'compress', type: 'snappy', level: 0, data, shrinkOnly: true };
      });
      const expected = await pool.run(jobs);
      const lent = await pool.lend(jobs);
      expect(lent.results.map((bytes, i) => Buffer.compare(bytes, expected[i]))).toEqual([0, 0, 0, 0]);
      expect(lent.results[1]).toBe(plain[1]);
      expect(lent.checksums).toEqual(expected.map((bytes, i) => (i === 1 ? 0 : checksum(bytes, 0))));
      // Not in the memory of a batch that is still lent.
      const other = await pool.lend([jobs[3]]);
      expect(other.results[0].buffer).not.toBe(lent.results[3].buffer);
      expect(Buffer.compare(lent.results[3], expected[3])).toBe(0);
      for (const { buffer } of [lent.results[3], other.results[0]]) memories.add(buffer);
      lent.giveBack();
      lent.giveBack();
      other.giveBack();
    }
    expect(memories.size).toBeLessThanOrEqual(3);
  });

  it('lends what it did in this thread as well', async () => {
    const pool = await open({ threadCount: 2, inlineBytes: 1 << 20 });
    const data = bytesOf(1, 50_000);
    const noise = randomBytes(1000);
    const jobs = [data, noise].map((bytes): CompressJob => {
      return { kind: 'compress', type: 'lz4', level: 0, data: bytes, shrinkOnly: true };
    });
    const { results, checksums } = await pool.lend(jobs);
    const [packed] = await pool.run([jobs[0]]);
    expect(Buffer.compare(results[0], packed)).toBe(0);
    expect(results[1]).toBe(noise);
    expect(checksums).toEqual([checksum(packed, 0), 0]);
    expect(pool.threadCount).toBe(0);
  });

  it('takes a job that is larger than its buffers', async () => {
    const pool = await open(NO_INLINE);
    const data = bytesOf(3, 5 << 20);
    const [packed] = await pool.run([compressJob('snappy', data)]);
    expect(packed.length).toBeLessThan(data.length);
    const [back] = await pool.run([
      { kind: 'decompress', type: 'snappy', sizeBytes: data.length, data: packed },
    ]);
    expect(Buffer.compare(back, data)).toBe(0);
  });

  it('fails a batch as a whole with the error of its first bad job, and goes on', async () => {
    const pool = await open(NO_INLINE);
    const good = bytesOf(1, 300_000);
    const [packed] = await pool.run([compressJob('gzip', good)]);
    const job = (data: Uint8Array): CodecJob => {
      return { kind: 'decompress', type: 'gzip', sizeBytes: good.length, data };
    };
    const cut = packed.subarray(0, packed.length - 1);
    const other = packed.slice();
    other[0] ^= 1;
    const inline = await nativeCodecPool();
    const expected = await inline.run([job(cut)]).catch((error: unknown) => error);
    if (!(expected instanceof FormatError)) throw new Error('the data must be bad');
    const failed = pool.run([job(packed), job(cut), job(other), job(packed)]);
    await expect(failed).rejects.toThrow(expected.message);
    await expect(failed).rejects.toBeInstanceOf(FormatError);
    await expect(failed).rejects.toMatchObject({ offset: expected.offset });
    const [again] = await pool.run([job(packed)]);
    expect(Buffer.compare(again, good)).toBe(0);
  });

  it('begins no threads for little work', async () => {
    const pool = await open({ threadCount: 2, inlineBytes: 1 << 20 });
    const data = bytesOf(1, 100_000);
    for (let i = 0; i < 10; i++) await pool.run([compressJob('snappy', data)]);
    expect(pool.threadCount).toBe(0);
    await pool.run([compressJob('snappy', data)]);
    expect(pool.threadCount).toBe(2);
  });

  it('decompresses in this thread what is done sooner there', async () => {
    const pool = await open(NO_INLINE);
    const data = bytesOf(1, 100_000);
    const inline = await nativeCodecPool();
    for (const type of ['snappy', 'lz4'] as const) {
      const [packed] = await inline.run([compressJob(type, data)]);
      const [back] = await pool.run([{ kind: 'decompress', type, sizeBytes: data.length, data: packed }]);
      expect(Buffer.compare(back, data)).toBe(0);
    }
    expect(pool.threadCount).toBe(0);
  });

  it('lets the event loop turn while it works', async () => {
    const pool = await open(NO_INLINE);
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns++;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await pool.run(Array.from({ length: 64 }, (_, i) => compressJob('zstd', bytesOf(i, 128 << 10))));
    isDone = true;
    expect(turns).toBeGreaterThan(2);
  });

  it('fails what is not done when it is closed', async () => {
    const pool = await open(NO_INLINE);
    const running = pool.run(Array.from({ length: 50 }, (_, i) => compressJob('gzip', bytesOf(i, 1 << 20))));
    const failed = expect(running).rejects.toThrow('the codec pool was closed');
    await pool.close();
    await failed;
    await pool.close();
    await expect(pool.run([compressJob('gzip', bytesOf(1, 10))])).rejects.toThrow('closed');
  });
});
