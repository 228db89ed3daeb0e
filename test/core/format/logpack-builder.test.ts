import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { decodeLogpackHeader, encodeLogpackHeader, nextLsid } from '../../../core/format/logpack.ts';
import { LogpackBuilder, paddingBeforePb } from '../../../core/format/logpack-builder.ts';
import { capacityPb } from '../../../core/format/physical-block.ts';

describe('a pack', () => {
  it.each([
    [512, 15],
    [4096, 127],
  ])('of %i-byte blocks is full after %i records', (pbs, max) => {
    const builder = new LogpackBuilder(pbs, 7);
    for (let i = 0; i < max; i++) expect(builder.addNormal(i, 1, 0)).toBe(true);
    expect(builder.addNormal(0, 1, 0)).toBe(false);
    expect(builder.addDiscard(0, 1)).toBe(false);
    expect(builder.addPadding(0)).toBe(false);
    expect(builder.recordCount).toBe(max);
    expect(builder.nextLsid).toBe(7 + 1 + max);
  });

  it('of discards takes one block', () => {
    const builder = new LogpackBuilder(512, 10);
    expect(builder.nextLsid).toBe(10);
    expect(builder.addDiscard(0, 0xffff_ffff)).toBe(true);
    expect(builder.addDiscard(5, 1)).toBe(true);
    expect(builder.nextLsid).toBe(11);
    expect(builder.header().records.map((r) => [r.lsid, r.lsidLocal])).toEqual([
      [11, 1],
      [11, 1],
    ]);
  });

  it('holds 65535 blocks of data and nothing behind them', () => {
    const builder = new LogpackBuilder(512, 0);
    expect(builder.addNormal(0, 65534, 0)).toBe(true);
    expect(builder.addNormal(0, 2, 0)).toBe(false);
    expect(builder.addNormal(0, 1, 0)).toBe(true);
    expect(builder.addNormal(0, 1, 0)).toBe(false);
    // A discard there would have local lsid 65536, which its field cannot say.
    expect(builder.addDiscard(0, 1)).toBe(false);
    expect(nextLsid(decodeLogpackHeader(encodeLogpackHeader(builder.header(), 512, 1), 1))).toBe(65536);
  });

  it('holds one padding, of whole blocks, even of none', () => {
    const builder = new LogpackBuilder(4096, 0);
    expect(() => builder.addPadding(4)).toThrow('Padding size must be pbs-aligned.');
    expect(builder.addPadding(0)).toBe(true);
    expect(builder.addPadding(8)).toBe(false);
    expect(builder.header().paddingCount).toBe(1);
  });

  it('refuses sizes that no pack can hold', () => {
    const builder = new LogpackBuilder(512, 0);
    expect(() => builder.addNormal(0, 0, 0)).toThrow('Normal IO can not be zero-sized.');
    expect(() => builder.addDiscard(0, 0)).toThrow('Discard IO can not be zero-sized.');
    expect(() => builder.addNormal(0, 65536, 0)).toThrow(FormatError);
    expect(() => builder.addDiscard(0, 2 ** 32)).toThrow(FormatError);
    expect(() => new LogpackBuilder(1000, 0)).toThrow(FormatError);
    expect(builder.recordCount).toBe(0);
  });
});

describe('the end of the ring', () => {
  it('asks for padding exactly when data would straddle it', () => {
    expect(paddingBeforePb(115, 3, 118)).toBe(0);
    expect(paddingBeforePb(115, 4, 118)).toBe(3);
    expect(paddingBeforePb(117, 1, 118)).toBe(0);
    expect(paddingBeforePb(117, 2, 118)).toBe(1);
    // Behind a header in the last block the whole ring is free.
    expect(paddingBeforePb(118, 118, 118)).toBe(0);
  });

  it('moves an IO to the next pack when the padding took the last record', () => {
    const builder = new LogpackBuilder(512, 100);
    for (let i = 0; i < 14; i++) builder.addNormal(i, 1, 0);
    expect(builder.cursorLsid).toBe(115);
    expect(builder.addOnRing(50, 4, 0, 118)).toBe(false);
    expect(builder.header().records[14]).toMatchObject({ kind: 'padding', sizeLb: 3, lsid: 115 });
    expect(builder.nextLsid).toBe(118);
    const next = new LogpackBuilder(512, builder.nextLsid);
    expect(next.addOnRing(50, 4, 0, 118)).toBe(true);
    expect(next.header().records.map((r) => [r.kind, r.lsid])).toEqual([['normal', 119]]);
  });

  it('moves an IO to the next pack when padding and data exceed the largest pack', () => {
    const ringPb = 100_000;
    const builder = new LogpackBuilder(512, ringPb - 1 - 60_000);
    expect(builder.addOnRing(0, 65535, 0, ringPb)).toBe(false);
    expect(builder.header().records.map((r) => [r.kind, r.sizeLb])).toEqual([['padding', 60_000]]);
    expect(builder.nextLsid).toBe(ringPb);
  });

  it('refuses an IO that is larger than the ring', () => {
    expect(() => new LogpackBuilder(512, 0).addOnRing(0, 119, 0, 118)).toThrow(FormatError);
  });

  it('is never straddled by data', () => {
    const io = fc.record({ sizeLb: fc.integer({ min: 1, max: 40 }), offsetLb: fc.nat(1000) });
    fc.assert(
      fc.property(
        fc.constantFrom(512, 4096),
        fc.nat(1000),
        fc.array(io, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 41, max: 90 }),
        (pbs, begin, ios, ringPb) => {
          let builder = new LogpackBuilder(pbs, begin);
          let placed = 0;
          const checkPack = () => {
            const header = decodeLogpackHeader(encodeLogpackHeader(builder.header(), pbs, 9), 9);
            for (const record of header.records) {
              if (record.kind !== 'normal') continue;
              placed++;
              const roomPb = ringPb - (record.lsid % ringPb);
              expect(capacityPb(record.sizeLb, pbs)).toBeLessThanOrEqual(roomPb);
            }
          };
          for (const { offsetLb, sizeLb } of ios) {
            if (builder.addOnRing(offsetLb, sizeLb, 0, ringPb)) continue;
            checkPack();
            builder = new LogpackBuilder(pbs, builder.nextLsid);
            expect(builder.addOnRing(offsetLb, sizeLb, 0, ringPb)).toBe(true);
          }
          checkPack();
          expect(placed).toBe(ios.length);
        },
      ),
    );
  });
});
