import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import '../fixed-seed.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ByteSource } from '../../core/engine/byte-stream.ts';
import { IoError } from '../../core/errors.ts';
import { keptSource } from '../../native/kept-source.ts';

const SIZES = { readBytes: 16, slabBytes: 64 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'walbox-kept-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function withKept<T>(content: Uint8Array, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const handle = await open(path, 'r');
  try {
    return await use(keptSource(handle, path, SIZES));
  } finally {
    await handle.close();
  }
}

const countedBytes = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 7) & 0xff);

describe('a source whose reader keeps what it reads', () => {
  it('gives a file from its beginning to its end, however it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (sizeBytes, sizes) => {
          const content = countedBytes(sizeBytes);
          await withKept(content, async (source) => {
            const views: Uint8Array[] = [];
            for (let i = 0; ; i++) {
              const view = await source.read(sizes[i % sizes.length]);
              if (view === null) break;
              expect(view.length).toBeGreaterThan(0);
              expect(view.length).toBeLessThanOrEqual(sizes[i % sizes.length]);
              views.push(view);
            }
            // All of them at the end: nothing was read over what is kept.
            expect(Buffer.concat(views)).toEqual(Buffer.from(content));
            expect(await source.read(1)).toBeNull();
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('uses memory again that was forgotten, and no other', async () => {
    const content = countedBytes(20 * SIZES.slabBytes);
    await withKept(content, async (source) => {
      const slabs = new Set<ArrayBufferLike>();
      let last: [Uint8Array, number][] = [];
      for (let at = 0; ; ) {
        const view = await source.read(SIZES.readBytes);
        if (view === null) break;
        expect(view.buffer).toBeInstanceOf(SharedArrayBuffer);
        slabs.add(view.buffer);
        last = [...last.slice(-1), [view, at]];
        at += view.length;
        // But for the last two views.
        source.forget?.(at - 2 * SIZES.readBytes);
        for (const [kept, keptAt] of last) {
          expect(Buffer.compare(kept, content.subarray(keptAt, keptAt + kept.length))).toBe(0);
        }
      }
      // One with what is kept and one that is being read into.
      expect(slabs.size).toBe(2);
    });
  });

  it('tells an error of reading in its turn', async () => {
    const handle = { read: () => Promise.reject(Object.assign(new Error('no'), { code: 'EIO' })) };
    await expect(keptSource(handle, 'bad', SIZES).read(1)).rejects.toBeInstanceOf(IoError);
  });
});
