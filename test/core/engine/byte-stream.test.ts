import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferedReader, type ByteSource } from '../../../core/engine/byte-stream.ts';
import { MemorySink, memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { FormatError } from '../../../core/errors.ts';

const counting = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, (_, i) => i & 255);

describe('BufferedReader', () => {
  it('gives the same bytes however source and reader cut them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 100 }),
        async (chunkBytes, reads, fillBytes) => {
          const data = counting(500);
          const reader = new BufferedReader(memorySource(data, chunkBytes), fillBytes);
          let at = 0;
          for (const [i, n] of reads.entries()) {
            const left = data.length - at;
            if (i % 4 === 3) {
              if (n > left) break;
              await reader.skip(n);
            } else if (n > left) {
              await expect(reader.read(n)).rejects.toThrow(FormatError);
              break;
            } else {
              const bytes = i % 4 === 0 ? reader.tryRead(n) : await reader.read(n);
              if (bytes === null) continue;
              expect(bytes).toEqual(data.subarray(at, at + n));
            }
            at += n;
            expect(reader.offset).toBe(at);
          }
        },
      ),
    );
  });

  it('tells a clean end from a cut one', async () => {
    const clean = new BufferedReader(memorySource(counting(10), 3));
    expect(await clean.readOrEnd(10)).toEqual(counting(10));
    expect(await clean.readOrEnd(10)).toBe(null);
    const cut = new BufferedReader(memorySource(counting(7), 3));
    await expect(cut.readOrEnd(10)).rejects.toThrow('eof error');
    const whole = new BufferedReader(memorySource(counting(7), 3));
    expect(await whole.readWhole(10)).toBe(null);
    expect(await whole.readSome(1)).toBe(null);
    await expect(new BufferedReader(memorySource(counting(7))).skip(8)).rejects.toThrow('eof error');
  });

  it('reads views of one chunk without copying', async () => {
    const data = counting(100);
    const reader = new BufferedReader(memorySource(data));
    expect((await reader.read(40)).buffer).toBe(data.buffer);
    expect(reader.tryRead(60)?.buffer).toBe(data.buffer);
    expect(reader.tryRead(1)).toBe(null);
  });

  it('allocates what arrives, not what is asked for', async () => {
    const asked: number[] = [];
    const source: ByteSource = {
      async read(maxBytes) {
        asked.push(maxBytes);
        return asked.length === 1 ? new Uint8Array(10) : null;
      },
    };
    // A terabyte would fail to allocate at once.
    await expect(new BufferedReader(source).read(2 ** 40)).rejects.toThrow('eof error');
    expect(asked).toEqual([2 ** 40, 2 ** 40 - 10]);
  });
});

describe('single bytes', () => {
  it('come from memory, or not at all', async () => {
    const reader = new BufferedReader(memorySource(counting(5), 3));
    expect(reader.tryByte()).toBe(-1);
    await reader.read(1);
    expect([reader.tryByte(), reader.tryByte(), reader.tryByte()]).toEqual([1, 2, -1]);
    expect(reader.offset).toBe(3);
    expect(await reader.read(2)).toEqual(Uint8Array.of(3, 4));
    expect(reader.tryByte()).toBe(-1);
  });
});

describe('streams in memory', () => {
  it('collect and read anywhere', async () => {
    const source = memorySource(counting(8), 3);
    const sink = new MemorySink();
    for (let bytes = await source.read(100); bytes !== null; bytes = await source.read(100))
      await sink.write(bytes);
    expect(sink.bytes).toEqual(counting(8));
    await sink.write(new Uint8Array(5000));
    expect(sink.bytes.length).toBe(5008);
    const reader = memoryReader(sink.bytes);
    expect(await reader.read(3, 3)).toEqual(Uint8Array.of(3, 4, 5));
    await expect(reader.read(5000, 9)).rejects.toThrow(FormatError);
  });
});
