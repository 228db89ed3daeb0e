import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockSample, UNIT_LB } from '../../../../core/engine/stat/block-sample.ts';
import { HeatMap } from '../../../../core/engine/stat/heat-map.ts';
import { RegionMap } from '../../../../core/engine/stat/region-map.ts';

const writes = (maxLb: number) =>
  fc.array(
    fc.record({
      addressLb: fc.nat(maxLb),
      sizeLb: fc.integer({ min: 1, max: 300 }),
      file: fc.nat(2),
    }),
    { maxLength: 60 },
  );

describe('the block sample', () => {
  it('is exact while there are few units', () => {
    fc.assert(
      fc.property(writes(2000), (ios) => {
        const sample = new BlockSample();
        const byUnit = new Map<number, number[]>();
        for (const { addressLb, sizeLb, file } of ios) {
          sample.add(addressLb, sizeLb, file);
          const end = Math.ceil((addressLb + sizeLb) / UNIT_LB);
          for (let unit = Math.floor(addressLb / UNIT_LB); unit < end; unit++) {
            byUnit.set(unit, [...(byUnit.get(unit) ?? []), file]);
          }
        }
        const units = [...byUnit.values()];
        const share = (count: number) => (units.length === 0 ? 0 : count / units.length);
        expect(sample.overlap()).toEqual({
          distinctUnits: units.length,
          writtenTwice: share(units.filter((files) => files.length > 1).length),
          inSeveralFiles: share(units.filter((files) => new Set(files).size > 1).length),
          isExact: true,
        });
      }),
    );
  });

  it('estimates well with a bounded memory, whatever the order', () => {
    const sample = new BlockSample(4096);
    const units = 300_000;
    // The first third twice, the first tenth by another file.
    for (let unit = 0; unit < units; unit++) sample.add(unit * UNIT_LB, UNIT_LB, 0);
    for (let unit = units / 3 - 1; unit >= 0; unit--)
      sample.add(unit * UNIT_LB, UNIT_LB, unit < units / 10 ? 1 : 0);
    const { distinctUnits, writtenTwice, inSeveralFiles, isExact } = sample.overlap();
    expect(isExact).toBe(false);
    expect(Math.abs(distinctUnits / units - 1)).toBeLessThan(0.08);
    expect(Math.abs(writtenTwice - 1 / 3)).toBeLessThan(0.05);
    expect(Math.abs(inSeveralFiles - 0.1)).toBeLessThan(0.03);
  });

  it('takes IOs of any size in a bounded time', () => {
    const sample = new BlockSample(1024);
    for (let i = 0; i < 100; i++) sample.add(i * 2 ** 32, 2 ** 32 - 1, 0);
    const { distinctUnits } = sample.overlap();
    expect(Math.abs(distinctUnits / (100 * 2 ** 29) - 1)).toBeLessThan(0.2);
  });
});

describe('the region map', () => {
  it('keeps the sum of every region while regions double', () => {
    fc.assert(
      fc.property(writes(100_000), (ios) => {
        const map = new RegionMap(16, 8);
        for (const { addressLb, sizeLb } of ios) map.add(addressLb, sizeLb);
        const { regionLb, counts } = map;
        expect(Math.log2(regionLb) % 1).toBe(0);
        for (let region = 0; region < counts.length; region++) {
          const [from, to] = [region * regionLb, (region + 1) * regionLb];
          const expected = ios.reduce(
            (sum, { addressLb, sizeLb }) =>
              sum + Math.max(0, Math.min(to, addressLb + sizeLb) - Math.max(from, addressLb)),
            0,
          );
          expect(counts[region]).toBe(expected);
        }
      }),
    );
  });

  it('takes the end of the address space', () => {
    const map = new RegionMap(4096, 8);
    map.add(Number.MAX_SAFE_INTEGER - 2 ** 32, 2 ** 32 - 1);
    expect(map.counts.reduce((sum, count) => sum + count)).toBe(2 ** 32 - 1);
  });
});

describe('the heat map', () => {
  it('keeps all that was written while rows are joined', () => {
    const heat = new HeatMap(4, 8, 8);
    let writtenLb = 0;
    for (let i = 0; i < 37; i++) {
      heat.add(i * 13, 5, i % 2 === 0);
      writtenLb += 5;
    }
    const rows = heat.rows();
    expect(heat.stepCount).toBe(19);
    expect(rows.map(({ firstStep }) => firstStep)).toEqual([0, 8, 16]);
    const sizes = new Set(rows.map(({ map }) => map.regionLb));
    expect(sizes.size).toBe(1);
    const sum = rows.flatMap(({ map }) => [...map.counts]).reduce((a, b) => a + b);
    expect(sum).toBe(writtenLb);
  });
});
