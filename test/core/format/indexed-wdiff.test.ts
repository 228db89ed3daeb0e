import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  checkIndexRecordPlace,
  decodeIndexRecord,
  decodeIndexSuper,
  encodeIndexRecord,
  encodeIndexSuper,
  type IndexRecord,
  indexPaddingBytes,
  indexRecordChecksum,
  splitAligned,
  WdiffIndex,
} from '../../../core/format/indexed-wdiff.ts';
import { expectBytes, hexBytes, u32, valueOrFormatError } from './format-kit.ts';

const RECORDS: { hex: string; record: IndexRecord; checksum: number }[] = [
  {
    hex: '0100000000000000 01000000 00 02 0000 2000000000000000 4c000000 00000000 03000000 00000000 86f7ffbe 09060041',
    record: {
      addressLb: 1,
      sizeLb: 1,
      kind: 'normal',
      compression: 'snappy',
      dataOffsetBytes: 0x20,
      dataSizeBytes: 76,
      imageOffsetLb: 0,
      imageSizeLb: 3,
      dataChecksum: 0xbefff786,
    },
    checksum: 0x41000609,
  },
  {
    hex: '0200000000000000 01000000 04 00 0000 6c00000000000000 00000000 00000000 00000000 00000000 00000000 8dffffff',
    record: {
      addressLb: 2,
      sizeLb: 1,
      kind: 'discard',
      compression: 'none',
      dataOffsetBytes: 0x6c,
      dataSizeBytes: 0,
      imageOffsetLb: 0,
      imageSizeLb: 0,
      dataChecksum: 0,
    },
    checksum: 0xffffff8d,
  },
  {
    hex: '0300000000000000 01000000 00 02 0000 6c00000000000000 1c000000 00000000 01000000 00000000 82ffffbd f1fdff41',
    record: {
      addressLb: 3,
      sizeLb: 1,
      kind: 'normal',
      compression: 'snappy',
      dataOffsetBytes: 0x6c,
      dataSizeBytes: 28,
      imageOffsetLb: 0,
      imageSizeLb: 1,
      dataChecksum: 0xbdffff82,
    },
    checksum: 0x41fffdf1,
  },
];
const SUPER_BYTES = hexBytes('8800000000000000 03000000 03000000 00000000 72ffffff');
const FILE_BYTES = 304;

function resealed(bytes: Uint8Array, checksumAt: number, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(checksumAt, 0, true);
  view.setUint32(checksumAt, checksum(copy, 0), true);
  return copy;
}

describe('index record', () => {
  it.each(RECORDS)('is the worked example $record.addressLb', ({ hex, record, checksum: expected }) => {
    expectBytes(encodeIndexRecord(record), hexBytes(hex));
    expect(decodeIndexRecord(hexBytes(hex))).toEqual(record);
    expect(indexRecordChecksum(hexBytes(hex))).toBe(expected);
  });

  it('survives its bytes, anywhere in a block', () => {
    const record = fc
      .record({
        addressLb: fc.integer({ min: 0, max: 2 ** 52 }),
        sizeLb: fc.integer({ min: 1, max: 0xffff }),
        kind: fc.constantFrom('normal' as const, 'zero' as const, 'discard' as const),
        compression: fc.constantFrom('gzip' as const, 'snappy' as const, 'lzma' as const, 'zstd' as const),
        dataOffsetBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        dataSizeBytes: fc.integer({ min: 1, max: 0xffff_ffff }),
        imageOffsetLb: fc.nat(0xffff),
        tailLb: fc.nat(0xffff),
        dataChecksum: u32,
      })
      .map(({ tailLb, ...rest }): IndexRecord => {
        if (rest.kind !== 'normal') {
          return { ...rest, compression: 'none', dataSizeBytes: 0, imageSizeLb: 0, dataChecksum: 0 };
        }
        return { ...rest, imageSizeLb: rest.imageOffsetLb + rest.sizeLb + tailLb };
      });
    fc.assert(
      fc.property(record, fc.nat(9), (value, shift) => {
        const block = new Uint8Array(70).fill(0xaa);
        block.set(encodeIndexRecord(value), shift);
        expect(decodeIndexRecord(block, shift)).toEqual(value);
      }),
    );
  });

  it.each(RECORDS)('$record.kind $record.addressLb is refused with any byte changed', ({ hex }) => {
    for (let i = 0; i < 48; i++) {
      const damaged = hexBytes(hex);
      damaged[i] ^= 0x20;
      expect(() => decodeIndexRecord(damaged)).toThrow(FormatError);
    }
  });

  it.each<[string, number, (view: DataView) => void]>([
    ['both flags', 1, (v) => v.setUint8(12, 6)],
    ['an unknown compression', 0, (v) => v.setUint8(13, 6)],
    ['no blocks', 0, (v) => v.setUint32(8, 0, true)],
    ['no blocks, of a discard', 1, (v) => v.setUint32(8, 0, true)],
    ['a piece outside its image', 0, (v) => v.setUint32(28, 3, true)],
    ['no data', 0, (v) => v.setUint32(24, 0, true)],
    ['data of a discard', 1, (v) => v.setUint32(24, 1, true)],
    ['uncompressed data of another size', 0, (v) => v.setUint8(13, 0)],
    ['an address of all ones', 0, (v) => v.setBigUint64(0, 2n ** 64n - 1n, true)],
    ['data above 2^53-1', 0, (v) => v.setBigUint64(16, 2n ** 53n, true)],
  ])('with %s is refused', (_, index, change) => {
    expect(() => decodeIndexRecord(resealed(hexBytes(RECORDS[index].hex), 44, change))).toThrow(FormatError);
  });

  it('ignores the flag bits that mean nothing, and garbage in reserved fields', () => {
    const odd = resealed(hexBytes(RECORDS[0].hex), 44, (v) => {
      v.setUint8(12, 0x11);
      v.setUint16(14, 0xbeef, true);
      v.setUint32(36, 0xdeadbeef, true);
    });
    expect(decodeIndexRecord(odd)).toEqual(RECORDS[0].record);
  });

  it('must stand behind the ones before it, its data before the index', () => {
    const { record } = RECORDS[2];
    checkIndexRecordPlace(record, 3, 0x88);
    expect(() => checkIndexRecordPlace(record, 4, 0x88)).toThrow('sorted');
    expect(() => checkIndexRecordPlace(record, 3, 0x87)).toThrow(FormatError);
    expect(() => checkIndexRecordPlace({ ...record, dataOffsetBytes: 31 }, 3, 0x88)).toThrow(FormatError);
    // Where the next image would be says nothing.
    checkIndexRecordPlace({ ...RECORDS[1].record, dataOffsetBytes: 0x999 }, 2, 0x88);
  });

  it('of any bytes is a value or a FormatError', () => {
    const change = fc.tuple(fc.nat(43), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), fc.constantFrom(...RECORDS), (changes, { hex }) => {
        const bytes = resealed(hexBytes(hex), 44, (view) => {
          for (const [offset, value] of changes) view.setUint8(offset, value);
        });
        valueOrFormatError(() => decodeIndexRecord(bytes));
        valueOrFormatError(() => decodeIndexRecord(bytes.subarray(changes.length)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('index super', () => {
  const value = { indexOffsetBytes: 0x88, recordCount: 3, ioCount: 3 };

  it('is the worked example', () => {
    expectBytes(encodeIndexSuper(value), SUPER_BYTES);
    expect(decodeIndexSuper(SUPER_BYTES, FILE_BYTES)).toEqual(value);
  });

  it('is refused when it does not fit the file', () => {
    for (const size of [0, 24, 100, 159, 303, 305, 304 + 48, 304 - 48]) {
      expect(() => decodeIndexSuper(SUPER_BYTES, size)).toThrow(FormatError);
    }
    const low = encodeIndexSuper({ indexOffsetBytes: 16, recordCount: 3, ioCount: 3 });
    expect(() => decodeIndexSuper(low, 16 + 3 * 48 + 24)).toThrow(FormatError);
  });

  it('is refused with any byte changed, and when all zero', () => {
    for (let i = 0; i < 24; i++) {
      const damaged = SUPER_BYTES.slice();
      damaged[i] ^= 4;
      expect(() => decodeIndexSuper(damaged, FILE_BYTES)).toThrow(FormatError);
    }
    expect(() => decodeIndexSuper(new Uint8Array(24), 24)).toThrow(FormatError);
  });

  it('of any bytes is a value or a FormatError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 26 }), fc.nat(10_000), (bytes, size) => {
        valueOrFormatError(() => decodeIndexSuper(bytes, size));
        if (bytes.length < 24) return;
        const sealed = resealed(bytes, 20, (view) => view.setUint32(4, 0, true));
        valueOrFormatError(() => decodeIndexSuper(sealed, size));
      }),
    );
  });

  it('is preceded by zeros up to a multiple of 8', () => {
    expect([32, 33, 39, 40, 0x88].map(indexPaddingBytes)).toEqual([0, 7, 1, 0, 0]);
  });
});

describe('an indexed wdiff', () => {
  it('is the worked example', () => {
    const index = new WdiffIndex();
    const snappy = { kind: 'normal', compression: 'snappy' } as const;
    const image0 = { dataOffsetBytes: 0x20, dataSizeBytes: 76, checksum: 0xbefff786 };
    const image1 = { dataOffsetBytes: 0x6c, dataSizeBytes: 28, checksum: 0xbdffff82 };
    const nothing = { dataOffsetBytes: 0x6c, dataSizeBytes: 0, checksum: 0 };
    index.add({ addressLb: 1, sizeLb: 3, ...snappy, ...image0 });
    index.add({ addressLb: 2, sizeLb: 1, kind: 'discard', compression: 'none', ...nothing });
    expect([...index.records()].map((r) => [r.addressLb, r.sizeLb, r.imageOffsetLb])).toEqual([
      [1, 1, 0],
      [2, 1, 0],
      [3, 1, 2],
    ]);
    index.add({ addressLb: 3, sizeLb: 1, ...snappy, ...image1 });
    expect([...index.records()]).toEqual(RECORDS.map(({ record }) => record));
    expect([index.recordCount, index.ioCount]).toEqual([3, 3]);
    const [bytes, ...more] = [...index.encodedRecords()];
    expectBytes(bytes, hexBytes(RECORDS.map(({ hex }) => hex).join('')));
    expect(more).toEqual([]);
  });
});

describe('aligned pieces', () => {
  const sizes = (addressLb: number, sizeLb: number, maxLb: number) =>
    splitAligned(addressLb, sizeLb, maxLb).map((piece) => piece.sizeLb);

  it.each([
    [0, 15, 0, [8, 4, 2, 1]],
    [11, 12, 2048, [1, 4, 4, 2, 1]],
    [5, 20, 2048, [1, 2, 8, 8, 1]],
    [1, 7, 0, [1, 2, 4]],
    [7, 9, 3, [1, 2, 2, 2, 2]],
    [4096, 5000, 2048, [2048, 2048, 512, 256, 128, 8]],
    [0, 0xffff_ffff, 0, Array.from({ length: 32 }, (_, i) => 2 ** (31 - i))],
    [2 ** 32, 3, 0, [2, 1]],
    [2 ** 40 + 2 ** 31, 2 ** 31 + 1, 0, [2 ** 31, 1]],
  ])('of (%i, %i, max %i) are %j', (addressLb, sizeLb, maxLb, expected) => {
    expect(sizes(addressLb, sizeLb, maxLb)).toEqual(expected);
  });

  it('are aligned powers of two that tile the range', () => {
    const address = fc.oneof(fc.nat(10_000), fc.integer({ min: 0, max: 2 ** 50 }));
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 1000 }), fc.nat(300), (addressLb, sizeLb, maxLb) => {
        let at = addressLb;
        for (const piece of splitAligned(addressLb, sizeLb, maxLb)) {
          expect(piece.addressLb).toBe(at);
          expect(Number.isInteger(Math.log2(piece.sizeLb))).toBe(true);
          expect(at % piece.sizeLb).toBe(0);
          if (maxLb > 0) expect(piece.sizeLb).toBeLessThanOrEqual(maxLb);
          at += piece.sizeLb;
        }
        expect(at).toBe(addressLb + sizeLb);
      }),
    );
  });
});
