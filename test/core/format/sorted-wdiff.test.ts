import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  decodePackHeader,
  END_PACK,
  encodePackHeader,
  fitsPack,
  MAX_PACK_DATA_BYTES,
} from '../../../core/format/sorted-wdiff.ts';
import { recordOfIo, type WdiffRecord } from '../../../core/format/wdiff-record.ts';
import { expectBytes, hexBytes, packRecords, valueOrFormatError } from './format-kit.ts';

const DATA = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
const NORMAL = { compression: 'none', checksum: 0x3fc04100 } as const;
const NOTHING = { compression: 'none', dataSizeBytes: 0, checksum: 0 } as const;
const EXAMPLE: WdiffRecord[] = [
  { addressLb: 16, sizeLb: 1, kind: 'normal', dataOffsetBytes: 0, dataSizeBytes: 512, ...NORMAL },
  { addressLb: 32, sizeLb: 4, kind: 'zero', dataOffsetBytes: 512, ...NOTHING },
  { addressLb: 64, sizeLb: 8, kind: 'discard', dataOffsetBytes: 512, ...NOTHING },
];
const EXAMPLE_BYTES = hexBytes(
  `7ab63fc0 0300 00 00 00020000 00000000
   1000000000000000 01000000 00 00 0000 00000000 00020000 0041c03f 00000000
   2000000000000000 04000000 02 00 0000 00020000 00000000 00000000 00000000
   4000000000000000 08000000 04 00 0000 00020000 00000000 00000000 00000000`,
  4096,
);

function resealed(block: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = block.slice();
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(0, 0, true);
  view.setUint32(0, checksum(copy, 0), true);
  return copy;
}

/** Byte of a field of a record. */
const at = (index: number, field: number) => 16 + index * 32 + field;

describe('pack header', () => {
  it('is the worked example', () => {
    expect(checksum(DATA, 0)).toBe(NORMAL.checksum);
    expectBytes(encodePackHeader(EXAMPLE), EXAMPLE_BYTES);
    expect(decodePackHeader(EXAMPLE_BYTES)).toEqual({ records: EXAMPLE, totalSizeBytes: 512, end: false });
  });

  it('of the end is the worked example', () => {
    expectBytes(END_PACK, hexBytes('00 00 ff ff 00 00 01 00', 4096));
    expect(decodePackHeader(END_PACK)).toEqual({ records: [], totalSizeBytes: 0, end: true });
  });

  it('survives its bytes', () => {
    fc.assert(
      fc.property(packRecords, (records) => {
        const block = encodePackHeader(records);
        expect(block.length).toBe(4096);
        const pack = decodePackHeader(block);
        expect(pack.records).toEqual(records);
        expect(pack.totalSizeBytes).toBe(records.reduce((sum, record) => sum + record.dataSizeBytes, 0));
      }),
    );
  });

  it('is refused with any byte changed', () => {
    for (let i = 0; i < 200; i++) {
      const damaged = EXAMPLE_BYTES.slice();
      damaged[i] ^= 0x80;
      expect(() => decodePackHeader(damaged)).toThrow(FormatError);
    }
  });

  it.each<[string, (view: DataView) => void]>([
    ['no records and no end', (v) => v.setUint16(4, 0, true)],
    ['128 records', (v) => v.setUint16(4, 128, true)],
    ['records at the end', (v) => v.setUint8(6, 1)],
    ['another total size', (v) => v.setUint32(8, 511, true)],
    ['both flags', (v) => v.setUint8(at(1, 12), 6)],
    ['an unknown compression', (v) => v.setUint8(at(0, 13), 6)],
    ['a normal record of no blocks', (v) => v.setUint32(at(0, 8), 0, true)],
    ['a zero record of no blocks', (v) => v.setUint32(at(1, 8), 0, true)],
    ['uncompressed data of another size', (v) => v.setUint32(at(0, 8), 2, true)],
    [
      'compressed data of no bytes',
      (v) => {
        v.setUint8(at(0, 13), 2);
        v.setUint32(at(0, 20), 0, true);
        for (const i of [1, 2]) v.setUint32(at(i, 16), 0, true);
        v.setUint32(8, 0, true);
      },
    ],
    ['data of a zero record', (v) => v.setUint32(at(2, 20), 5, true)],
    ['a gap in the data', (v) => v.setUint32(at(1, 16), 513, true)],
    ['records out of order', (v) => v.setUint32(at(2, 0), 31, true)],
    ['records that overlap', (v) => v.setUint32(at(2, 0), 35, true)],
    ['an address of all ones', (v) => v.setBigUint64(at(2, 0), 2n ** 64n - 1n, true)],
    ['an address above 2^53-1', (v) => v.setBigUint64(at(2, 0), 2n ** 53n, true)],
    ['an end above 2^53-1', (v) => v.setBigUint64(at(2, 0), 2n ** 53n - 2n, true)],
  ])('with %s is refused', (_, change) => {
    expect(() => decodePackHeader(resealed(EXAMPLE_BYTES, change))).toThrow(FormatError);
  });

  it('of zeros is refused, though its checksum is valid', () => {
    expect(() => decodePackHeader(new Uint8Array(4096))).toThrow(FormatError);
  });

  it('ignores the flag bits that mean nothing, and the compression of records without data', () => {
    const odd = resealed(EXAMPLE_BYTES, (v) => {
      v.setUint8(at(0, 12), 0xf9);
      v.setUint8(at(1, 12), 0x03);
      v.setUint8(at(2, 13), 77);
    });
    expect(decodePackHeader(odd).records).toEqual(EXAMPLE);
  });

  it('refuses records that it must not hold', () => {
    expect(() => encodePackHeader([])).toThrow(FormatError);
    expect(() => encodePackHeader(EXAMPLE, { end: true })).toThrow(FormatError);
    expect(() => encodePackHeader([EXAMPLE[1], EXAMPLE[2]])).toThrow('data offset invalid');
    expect(() => encodePackHeader([EXAMPLE[0], EXAMPLE[2], EXAMPLE[1]])).toThrow('sorted');
    const many = Array.from({ length: 128 }, (_, i) => ({
      ...EXAMPLE[1],
      addressLb: i * 4,
      dataOffsetBytes: 0,
    }));
    expect(() => encodePackHeader(many)).toThrow(FormatError);
    expect(decodePackHeader(encodePackHeader(many.slice(1))).records.length).toBe(127);
  });

  it('of any bytes is a value or a FormatError', () => {
    const change = fc.tuple(fc.nat(150), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.nat(5000), (changes, length) => {
        const block = resealed(EXAMPLE_BYTES, (view) => {
          for (const [offset, value] of changes) view.setUint8(offset, value);
        });
        valueOrFormatError(() => decodePackHeader(block));
        valueOrFormatError(() => decodePackHeader(new Uint8Array(length).fill(changes.length)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('limits of a pack', () => {
  it('admit anything into an empty pack', () => {
    expect(fitsPack(0, 0, MAX_PACK_DATA_BYTES + 1)).toBe(true);
  });

  it('admit 127 records and 32 MiB', () => {
    expect(fitsPack(126, 0, 0)).toBe(true);
    expect(fitsPack(127, 0, 0)).toBe(false);
    expect(fitsPack(1, MAX_PACK_DATA_BYTES - 10, 10)).toBe(true);
    expect(fitsPack(1, MAX_PACK_DATA_BYTES - 10, 11)).toBe(false);
    expect(fitsPack(1, MAX_PACK_DATA_BYTES + 5, 0)).toBe(false);
  });
});

describe('the record of an IO', () => {
  it('takes its stored size from the data', () => {
    const io = { addressLb: 16, sizeLb: 1, kind: 'normal', data: DATA, ...NORMAL } as const;
    expect(recordOfIo(io, 0)).toEqual(EXAMPLE[0]);
    expect(hexOf(encodePackHeader([recordOfIo(io, 0)]).subarray(16, 48))).toBe(
      hexOf(EXAMPLE_BYTES.subarray(16, 48)),
    );
  });
});
