import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { MemorySink } from '../../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../../core/engine/merge.ts';
import type { PlainIo } from '../../../core/engine/plain-io.ts';
import { writeSortedWdiff } from '../../../core/engine/sorted-wdiff-writer.ts';
import type { WdiffInput } from '../../../core/engine/wdiff-input.ts';
import { FormatError } from '../../../core/errors.ts';
import { uuidFromText } from '../../../core/format/uuid.ts';
import { newWdiffStatistics, wdiffStatisticsLine } from '../../../core/format/wdiff-text.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { expectEqual, expectIs } from '../../expect-same.ts';
import {
  addToModel,
  anyIos,
  anyWdiffSpec,
  collect,
  makeIo,
  makeWdiff,
  modelOf,
  openBytes,
  portablePool,
  sortedPart,
  streamOf,
  UUID,
} from './engine-kit.ts';

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

/** An input straight from memory. */
function inputOf(ios: readonly PlainIo[], uuid = UUID): WdiffInput {
  return { type: 'sorted', uuid, statistics: { ...newWdiffStatistics(), wdiffCount: 1 }, ...streamOf(ios) };
}

const shapes = (ios: readonly PlainIo[]) => ios.map((io) => `${io.addressLb} ${io.sizeLb} ${io.kind}`);

describe('merging', () => {
  it('equals a model of blocks, for files of both types', async () => {
    const input = fc.record({ ios: anyIos(400, 80, 25), spec: anyWdiffSpec });
    await fc.assert(
      fc.asyncProperty(
        fc.array(input, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(0, 1, 5, 64, 2048),
        async (specs, maxIoLb) => {
          const model = modelOf(400, []);
          const inputs: WdiffInput[] = [];
          for (const { ios, spec } of specs) {
            const fitting = spec.type === 'sorted' ? sortedPart(ios) : ios;
            addToModel(model, fitting);
            inputs.push(await openBytes(await makeWdiff(fitting, spec, pool), pool));
          }
          const merged = await WdiffMerger.open(inputs, { maxIoLb });
          const found = await collect(merged);
          expectEqual(modelOf(400, found), model);
          let end = 0;
          for (const io of found) {
            if (io.addressLb < end) expect(io.addressLb).toBeGreaterThanOrEqual(end);
            if (maxIoLb > 0 && io.sizeLb > maxIoLb) expect(io.sizeLb).toBeLessThanOrEqual(maxIoLb);
            end = io.addressLb + io.sizeLb;
          }
          expect(merged.inputStatistics.wdiffCount).toBe(specs.length);
          expect(await merged.next()).toBe(null);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gets on however far apart and however long the IOs are', async () => {
    // Addresses and sizes over many scales, so that the window must grow and jump.
    const far = fc
      .array(
        fc.record({ addressLb: fc.nat(40), sizeLb: fc.nat(24), kind: fc.constantFrom('zero', 'discard') }),
        {
          maxLength: 12,
        },
      )
      .map((specs) =>
        sortedPart(
          specs.map(({ addressLb, sizeLb, kind }) =>
            makeIo(kind as 'zero', Math.floor(1.5 ** addressLb), Math.floor(1.9 ** sizeLb), 1),
          ),
        ),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(far, { minLength: 1, maxLength: 6 }), async (inputs) => {
        const merged = await collect(
          await WdiffMerger.open(
            inputs.map((ios) => inputOf(ios)),
            { maxIoLb: 0 },
          ),
        );
        // Compared range by range: what holds at each boundary.
        const edges = new Set(inputs.flat().flatMap((io) => [io.addressLb, io.addressLb + io.sizeLb]));
        const at = (ios: readonly PlainIo[], address: number) =>
          ios.find((io) => io.addressLb <= address && address < io.addressLb + io.sizeLb)?.kind;
        for (const edge of edges) {
          const newest = inputs
            .map((ios) => at(ios, edge))
            .filter((kind) => kind !== undefined)
            .at(-1);
          expectIs(at(merged, edge), newest);
        }
        const total = (ios: readonly PlainIo[]) => ios.reduce((sum, io) => sum + io.sizeLb, 0);
        const ends = [...edges].sort((a, b) => a - b);
        let covered = 0;
        for (const [i, edge] of ends.entries()) {
          if (i + 1 < ends.length && inputs.some((ios) => at(ios, edge) !== undefined))
            covered += ends[i + 1] - edge;
        }
        expect(total(merged)).toBe(covered);
      }),
      { numRuns: 300 },
    );
  });

  const a = [makeIo('normal', 4, 4, 1), makeIo('normal', 10000, 8, 1), makeIo('normal', 20000, 100, 1)];
  const b = [makeIo('normal', 2, 4, 2), makeIo('zero', 9998, 4, 2), makeIo('normal', 10010, 2, 2)];
  const c = [makeIo('discard', 0, 4, 3), makeIo('normal', 10004, 1, 3), makeIo('discard', 20010, 50, 3)];

  it('cuts where the original cuts, without a largest size', async () => {
    const sorted = { type: 'sorted', compression: { type: 'snappy', level: 0 }, maxPieceLb: 0 } as const;
    const files = [
      await makeWdiff(a, sorted, pool),
      await makeWdiff(b, sorted, pool),
      await makeWdiff(c, sorted, pool),
    ];
    const inputs = await Promise.all(files.map((file) => openBytes(file, pool)));
    const merged = await WdiffMerger.open(inputs, { maxIoLb: 0 });
    expect(shapes(await collect(merged))).toEqual([
      '0 4 discard',
      '4 2 normal',
      '6 2 normal',
      '9998 4 zero',
      '10002 2 normal',
      '10004 1 normal',
      '10005 3 normal',
      '10010 2 normal',
      '20000 10 normal',
      '20010 50 discard',
      '20060 40 normal',
    ]);
    expect(wdiffStatisticsLine(merged.inputStatistics)).toMatch(
      /^wdiffNr 3 {2}nrN 6 nrZ 1 nrD 2 {2}lbN 119 lbZ 4 lbD 54 {2}dataSize \d+$/,
    );
    expect(merged.memoryUseBytes / 1024).toBe(4096);
  });

  it('cuts where the original cuts, at a largest size', async () => {
    const merged = await WdiffMerger.open([inputOf(a), inputOf(b), inputOf(c)], { maxIoLb: 20 });
    expect(shapes(await collect(merged)).slice(8)).toEqual([
      '20000 10 normal',
      '20010 20 discard',
      '20030 20 discard',
      '20050 10 discard',
      '20060 20 normal',
      '20080 20 normal',
    ]);
  });

  it('holds no more than the window, even of endless inputs', async () => {
    let handedOut = 0;
    const endless = (first: number): WdiffInput => ({
      ...inputOf([]),
      next: async () => makeIo('zero', first + handedOut++ * 1000, 10, 1),
    });
    const merged = await WdiffMerger.open([endless(0)]);
    for (let i = 0; i < 100; i++) expect((await merged.next())?.addressLb).toBe(i * 1000);
    expect(handedOut).toBeLessThan(100 + 12);
  });

  it('takes the uuid of the newest and compares uuids when asked', async () => {
    const other = uuidFromText('ff'.repeat(16));
    const merged = await WdiffMerger.open([inputOf([]), inputOf(b, other)]);
    expect(merged.uuid).toEqual(other);
    expect(await collect(merged)).toHaveLength(3);
    const strict = WdiffMerger.open([inputOf(a), inputOf(b, other)], { sameUuid: true });
    await expect(strict).rejects.toThrow('uuid differ');
    await expect(WdiffMerger.open([])).rejects.toThrow('Wdiffs are not set.');
  });

  it('refuses inputs that are not sorted', async () => {
    const overlapping = [makeIo('zero', 0, 4, 1), makeIo('zero', 3, 4, 1)];
    const merged = await WdiffMerger.open([inputOf(overlapping)]);
    await expect(collect(merged)).rejects.toThrow(FormatError);
  });

  it('never completes an output whose input fails', async () => {
    const option = { compression: { type: 'snappy', level: 0 }, pool } as const;
    const many = Array.from({ length: 999 }, (_, i) => makeIo('normal', i * 10, 2, 5));
    const good = await makeWdiff(many, { type: 'sorted', ...option, maxPieceLb: 0 }, pool);
    const damaged = good.slice();
    damaged[good.length - 4096 - 1] ^= 1;
    const withoutEnd = good.slice(0, good.length - 4096);
    for (const bytes of [damaged, withoutEnd]) {
      const merged = await WdiffMerger.open([inputOf(b), await openBytes(bytes, pool)]);
      const output = new MemorySink();
      await expect(writeSortedWdiff(merged, output, UUID, option)).rejects.toThrow(FormatError);
      expect(output.bytes.length).toBeGreaterThan(4096);
      await expect(openBytes(output.bytes, pool).then(collect)).rejects.toThrow('eof error');
    }
  });
});
