import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RandomReader } from '../../../core/engine/byte-stream.ts';
import { memoryReader } from '../../../core/engine/memory-stream.ts';
import { readBlocks } from '../../../core/engine/read-blocks.ts';
import { FormatError } from '../../../core/errors.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { anyIos, anyWdiffSpec, BLOCK, makeIo, makeWdiff, portablePool, sortedPart } from './engine-kit.ts';

const SPACE_LB = 300;
const NONE = { compression: { type: 'none', level: 0 }, maxPieceLb: 2048 } as const;

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

const baseBytes = () => new Uint8Array(SPACE_LB * BLOCK).map((_, i) => (i >> 9) * 7 + 1);

/** A reader that tells how many bytes were asked of it. */
function counted(bytes: Uint8Array): RandomReader & { readBytes: number } {
  const reader = memoryReader(bytes);
  const counting = {
    sizeBytes: reader.sizeBytes,
    readBytes: 0,
    read: (offset: number, sizeBytes: number) => {
      counting.readBytes += sizeBytes;
      return reader.read(offset, sizeBytes);
    },
  };
  return counting;
}

describe('reading blocks of a base with diffs on top', () => {
  it('gives what applying all diffs gives, wherever one looks, for files of both types', async () => {
    const diff = fc.record({ ios: anyIos(SPACE_LB, 60, 20), spec: anyWdiffSpec });
    await fc.assert(
      fc.asyncProperty(
        fc.array(diff, { maxLength: 4 }),
        fc.nat(SPACE_LB - 1),
        fc.integer({ min: 1, max: SPACE_LB }),
        async (diffs, addressLb, wantedLb) => {
          const image = baseBytes();
          const wdiffs: RandomReader[] = [];
          for (const { ios, spec } of diffs) {
            const fitting = spec.type === 'sorted' ? sortedPart(ios) : ios;
            for (const io of fitting) {
              const at = io.addressLb * BLOCK;
              if (io.kind === 'normal') image.set(io.data, at);
              else image.fill(0, at, at + io.sizeLb * BLOCK);
            }
            wdiffs.push(memoryReader(await makeWdiff(fitting, spec, pool)));
          }
          const sizeLb = Math.min(wantedLb, SPACE_LB - addressLb);
          const layers = { base: memoryReader(baseBytes()), wdiffs };
          const found = await readBlocks(layers, { addressLb, sizeLb }, pool);
          const expected = image.subarray(addressLb * BLOCK, (addressLb + sizeLb) * BLOCK);
          expect(Buffer.compare(found, expected)).toBe(0);
        },
      ),
    );
  });

  it('reads no data that do not count', async () => {
    const ios = Array.from({ length: 250 }, (_, i) => makeIo('normal', i, 1, 1));
    const older = counted(await makeWdiff(ios, { type: 'sorted', ...NONE }, pool));
    const newer = counted(await makeWdiff(ios, { type: 'sorted', ...NONE }, pool));
    const index = counted(await makeWdiff(ios, { type: 'indexed', ...NONE }, pool));
    const base = counted(baseBytes());
    await readBlocks({ base, wdiffs: [older, newer] }, { addressLb: 3, sizeLb: 1 }, pool);
    // File header, pack header, one block.
    expect([base.readBytes, older.readBytes, newer.readBytes]).toEqual([0, 0, 32 + 4096 + BLOCK]);
    await readBlocks({ base, wdiffs: [index] }, { addressLb: 3, sizeLb: 1 }, pool);
    expect(index.readBytes).toBe(32 + 32 + 24 + 250 * 48 + BLOCK);
    await readBlocks({ base, wdiffs: [index] }, { addressLb: 260, sizeLb: 2 }, pool);
    expect(base.readBytes).toBe(2 * BLOCK);
  });

  it.each(['sorted', 'indexed'] as const)('finds damage in the data that it reads (%s)', async (type) => {
    const bytes = await makeWdiff([makeIo('normal', 3, 2, 1)], { type, ...NONE }, pool);
    const at = bytes.findIndex(
      (_, i) => bytes[i] === 4 && bytes[i + 4] === 1 && i >= 32 && bytes[i + 8] === 4,
    );
    bytes[at + 100] = (bytes[at + 100] ?? 0) ^ 1;
    const layers = { base: memoryReader(baseBytes()), wdiffs: [memoryReader(bytes)] };
    await expect(readBlocks(layers, { addressLb: 3, sizeLb: 1 }, pool)).rejects.toThrow(FormatError);
    // Elsewhere it is not looked at.
    const found = await readBlocks(layers, { addressLb: 2, sizeLb: 1 }, pool);
    expect(found).toEqual(baseBytes().subarray(2 * BLOCK, 3 * BLOCK));
  });

  it('refuses blocks that are nowhere, and a wdiff that was cut', async () => {
    const base = memoryReader(baseBytes());
    const bytes = await makeWdiff([makeIo('normal', 3, 1, 1)], { type: 'sorted', ...NONE }, pool);
    const cut = memoryReader(bytes.subarray(0, bytes.length - 4096));
    await expect(readBlocks({ base, wdiffs: [] }, { addressLb: SPACE_LB, sizeLb: 1 }, pool)).rejects.toThrow(
      /eof error/,
    );
    await expect(readBlocks({ base, wdiffs: [cut] }, { addressLb: 9, sizeLb: 1 }, pool)).rejects.toThrow(
      /eof error/,
    );
  });
});
