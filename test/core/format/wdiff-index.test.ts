import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import {
  decodeIndexRecord,
  type IndexRecord,
  splitAligned,
  WdiffIndex,
} from '../../../core/format/indexed-wdiff.ts';
import type { WdiffRecord } from '../../../core/format/wdiff-record.ts';
import { expectEqual } from '../../expect-same.ts';

/** A piece as the plain algorithm keeps it. */
interface Piece {
  addressLb: number;
  sizeLb: number;
  image: number;
  imageOffsetLb: number;
}

/** The rule of the format, piece by piece, on a plain array. */
function addPlainly(pieces: Piece[], io: Piece, maxLb: number): Piece[] {
  let result = pieces;
  const splitPiece = (piece: Piece) =>
    splitAligned(piece.addressLb, piece.sizeLb, maxLb).map((part) => ({
      ...part,
      image: piece.image,
      imageOffsetLb: piece.imageOffsetLb + part.addressLb - piece.addressLb,
    }));
  for (const part of splitPiece(io)) {
    const endLb = part.addressLb + part.sizeLb;
    const next: Piece[] = [];
    for (const old of result) {
      const oldEndLb = old.addressLb + old.sizeLb;
      if (oldEndLb <= part.addressLb || old.addressLb >= endLb) {
        next.push(old);
        continue;
      }
      if (old.addressLb < part.addressLb) {
        next.push(...splitPiece({ ...old, sizeLb: part.addressLb - old.addressLb }));
      }
      if (oldEndLb > endLb) {
        const imageOffsetLb = old.imageOffsetLb + endLb - old.addressLb;
        next.push(...splitPiece({ ...old, addressLb: endLb, sizeLb: oldEndLb - endLb, imageOffsetLb }));
      }
    }
    next.push(part);
    result = next;
  }
  return result.sort((a, b) => a.addressLb - b.addressLb);
}

/** The IO number `n`; its image is recognized by the offset. */
function ioNumber(
  n: number,
  addressLb: number,
  sizeLb: number,
  kind: WdiffRecord['kind'] = 'normal',
): WdiffRecord {
  const normal = kind === 'normal';
  return {
    addressLb,
    sizeLb,
    kind,
    compression: normal ? 'snappy' : 'none',
    dataOffsetBytes: n,
    dataSizeBytes: normal ? 1 : 0,
    checksum: normal ? n : 0,
  };
}

function pieceOf(record: IndexRecord): Piece {
  const { addressLb, sizeLb, imageOffsetLb } = record;
  return { addressLb, sizeLb, image: record.dataOffsetBytes, imageOffsetLb };
}

describe('the index', () => {
  it('does what the plain algorithm does', () => {
    const io = fc.record({
      addressLb: fc.oneof(fc.nat(60), fc.nat(600)),
      sizeLb: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 })),
      kind: fc.constantFrom('normal' as const, 'zero' as const, 'discard' as const),
    });
    fc.assert(
      fc.property(fc.array(io, { maxLength: 60 }), fc.constantFrom(0, 3, 16, 2048), (ios, maxLb) => {
        const index = new WdiffIndex(maxLb);
        let pieces: Piece[] = [];
        ios.forEach(({ addressLb, sizeLb, kind }, n) => {
          index.add(ioNumber(n, addressLb, sizeLb, kind));
          pieces = addPlainly(pieces, { addressLb, sizeLb, image: n, imageOffsetLb: 0 }, maxLb);
        });
        const records = [...index.records()];
        expectEqual(records.map(pieceOf), pieces);
        expect(index.recordCount).toBe(pieces.length);
        expect(index.ioCount).toBe(ios.length);
        expect(records.map(({ kind }) => kind)).toEqual(
          records.map(({ dataOffsetBytes }) => ios[dataOffsetBytes].kind),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('does so over many leaves: scattered writes, then wide ones that cut and swallow them', () => {
    const io = fc.record({ addressLb: fc.nat(6000), sizeLb: fc.integer({ min: 1, max: 2500 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(io, { maxLength: 25 }), (step, ios) => {
        const index = new WdiffIndex(64);
        const owner = new Int32Array(10_000).fill(-1);
        let n = 0;
        const add = (addressLb: number, sizeLb: number) => {
          index.add(ioNumber(n, addressLb, sizeLb));
          owner.fill(n, addressLb, addressLb + sizeLb);
          n++;
        };
        for (let i = 0; i < 3000; i++) add(((i * 1009) % 3000) * step, 1);
        for (const { addressLb, sizeLb } of ios) add(addressLb, sizeLb);
        const found = new Int32Array(10_000).fill(-1);
        let previousEndLb = 0;
        let count = 0;
        for (const record of index.records()) {
          if (record.addressLb < previousEndLb || record.addressLb % record.sizeLb !== 0)
            expect.fail(`${record.addressLb} ${record.sizeLb} behind ${previousEndLb}`);
          previousEndLb = record.addressLb + record.sizeLb;
          found.fill(record.dataOffsetBytes, record.addressLb, previousEndLb);
          count++;
        }
        expectEqual(found, owner);
        expect(index.recordCount).toBe(count);
      }),
      { numRuns: 20 },
    );
  });

  it('can be swallowed whole and grow again', () => {
    const index = new WdiffIndex(0);
    for (let i = 0; i < 2000; i++) index.add(ioNumber(i, 10 + i * 2, 1));
    index.add(ioNumber(2000, 0, 8192, 'discard'));
    expect([...index.records()].map(pieceOf)).toEqual([
      { addressLb: 0, sizeLb: 8192, image: 2000, imageOffsetLb: 0 },
    ]);
    index.add(ioNumber(2001, 8192, 1));
    index.add(ioNumber(2002, 0, 1));
    expect([...index.records()].map((r) => r.addressLb)).toEqual([
      0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192,
    ]);
  });

  it('encodes what it holds, in bounded pieces', () => {
    const index = new WdiffIndex();
    for (let i = 0; i < 2500; i++) index.add(ioNumber(i, (2499 - i) * 2, 1));
    const chunks = [...index.encodedRecords()];
    expect(chunks.map((chunk) => chunk.length / 48)).toEqual([1024, 1024, 452]);
    const decoded = chunks.flatMap((chunk) =>
      Array.from({ length: chunk.length / 48 }, (_, i) => decodeIndexRecord(chunk, i * 48)),
    );
    expectEqual(decoded, [...index.records()]);
    expect([...new WdiffIndex().encodedRecords()]).toEqual([]);
  });

  it('reaches to the end of the address space', () => {
    const index = new WdiffIndex();
    const addressLb = Number.MAX_SAFE_INTEGER - 4;
    index.add(ioNumber(0, addressLb, 4));
    expect(index.recordCount).toBeGreaterThan(0);
    expect(() => index.add(ioNumber(1, addressLb, 5))).toThrow(FormatError);
  });

  it('refuses invalid IOs', () => {
    const index = new WdiffIndex();
    expect(() => index.add(ioNumber(0, 0, 0))).toThrow(FormatError);
    expect(() => index.add({ ...ioNumber(0, 0, 1), dataSizeBytes: 0 })).toThrow(FormatError);
    expect(() => index.add({ ...ioNumber(0, 0, 1, 'zero'), dataSizeBytes: 1 })).toThrow(FormatError);
    expect([index.recordCount, index.ioCount]).toEqual([0, 0]);
  });

  it('takes 200000 IOs in random places', () => {
    const index = new WdiffIndex();
    let state = 1;
    for (let i = 0; i < 200_000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      index.add(ioNumber(i, state >>> 4, 1 + (state & 15)));
    }
    let previousEndLb = 0;
    for (const record of index.records()) {
      if (record.addressLb < previousEndLb) throw new Error(`out of order at ${record.addressLb}`);
      previousEndLb = record.addressLb + record.sizeLb;
    }
    expect(index.recordCount).toBeGreaterThan(200_000);
  });
});
