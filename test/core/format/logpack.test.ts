import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  decodeLogpackHeader,
  encodeEndBlock,
  encodeLogpackHeader,
  hasData,
  isEndBlock,
  isRecordDataValid,
  type LogpackHeader,
  type LogRecord,
  maxRecords,
  nextLsid,
  recordDataOffsetBytes,
  recordSizePb,
  shrinkLogpack,
} from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import { expectBytes, hexBytes, logpack, repeated, u32, valueOrFormatError } from './format-kit.ts';

const SALT = 0x12345678;
const ABCD = repeated('ABCD', 384);

function threeKinds(pbs: number): LogpackHeader {
  const builder = new LogpackBuilder(pbs, 0);
  expect(builder.addNormal(8, 3, checksum(ABCD, SALT))).toBe(true);
  expect(builder.addDiscard(100, 2000)).toBe(true);
  expect(builder.addPadding(pbs / 512)).toBe(true);
  return builder.header();
}

const THREE_KINDS = hexBytes(
  `1f 59 de 64 03 00 04 00  00 00 00 00 00 00 00 00
   03 00 01 00 00 00 00 00  08 48 e8 88 01 00 00 00
   08 00 00 00 00 00 00 00  03 00 00 00 01 00 00 00
   01 00 00 00 00 00 00 00  00 00 00 00 05 00 00 00
   64 00 00 00 00 00 00 00  d0 07 00 00 04 00 00 00
   04 00 00 00 00 00 00 00  00 00 00 00 03 00 00 00
   00 00 00 00 00 00 00 00  01 00 00 00 04 00 00 00
   04 00 00 00 00 00 00 00`,
  512,
);

/** A block changed by `change` with its checksum made valid again. */
function resealed(block: Uint8Array, change: (view: DataView) => void, salt = SALT): Uint8Array {
  const copy = block.slice();
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(0, 0, true);
  view.setUint32(0, checksum(copy, salt), true);
  return copy;
}

describe('logpack header', () => {
  it('holds 15 or 127 records', () => {
    expect([512, 4096].map(maxRecords)).toEqual([15, 127]);
  });

  it('is the worked example of three kinds', () => {
    const block = encodeLogpackHeader(threeKinds(512), 512, SALT);
    expectBytes(block, THREE_KINDS);
    const header = decodeLogpackHeader(block, SALT);
    expect(header).toEqual({ ...threeKinds(512), checksum: 0x64de591f });
    expect(nextLsid(header)).toBe(5);
    expect(header.records.map(hasData)).toEqual([true, false, true]);
    expect(header.records.map((record) => recordDataOffsetBytes(record, 512))).toEqual([0, 1536, 1536]);
  });

  it('is the worked example with blocks of 4096 bytes', () => {
    const header = decodeLogpackHeader(encodeLogpackHeader(threeKinds(4096), 4096, SALT), SALT);
    expect(header.checksum).toBe(0x64e05920);
    expect(header.totalIoSizePb).toBe(2);
    expect(nextLsid(header)).toBe(3);
    expect(header.records.map((r) => [r.lsid, r.lsidLocal, r.sizeLb])).toEqual([
      [1, 1, 3],
      [2, 2, 2000],
      [2, 2, 8],
    ]);
    expect(header.records[0].checksum).toBe(0x88e84808);
  });

  it('is the worked example at the end of the ring', () => {
    const builder = new LogpackBuilder(512, 114);
    expect(builder.addOnRing(16, 4, checksum(repeated('WXYZ', 512), SALT), 118)).toBe(true);
    expect(builder.nextLsid).toBe(122);
    expectBytes(
      encodeLogpackHeader(builder.header(), 512, SALT),
      hexBytes(
        `80 ac a8 b2 03 00 07 00  72 00 00 00 00 00 00 00
         02 00 01 00 00 00 00 00  00 00 00 00 03 00 00 00
         00 00 00 00 00 00 00 00  03 00 00 00 01 00 00 00
         73 00 00 00 00 00 00 00  88 fb 1a 3b 01 00 00 00
         10 00 00 00 00 00 00 00  04 00 00 00 04 00 00 00
         76 00 00 00 00 00 00 00`,
        512,
      ),
    );
  });

  it('survives its bytes', () => {
    fc.assert(
      fc.property(logpack, u32, ({ header, pbs }, salt) => {
        const block = encodeLogpackHeader(header, pbs, salt);
        expect(block.length).toBe(pbs);
        expect(checksum(block, salt)).toBe(0);
        const decoded = decodeLogpackHeader(block, salt);
        expect({ ...decoded, checksum: 0 }).toEqual(header);
        expectBytes(encodeLogpackHeader(decoded, pbs, salt), block);
        expect(nextLsid(decoded)).toBe((header.logpackLsid ?? 0) + 1 + header.totalIoSizePb);
      }),
    );
  });

  it('is refused with another salt or any byte changed', () => {
    expect(() => decodeLogpackHeader(THREE_KINDS, SALT + 1)).toThrow('checksum');
    for (let at = 0; at < 512; at++) {
      const damaged = THREE_KINDS.slice();
      damaged[at] ^= 0x10;
      expect(() => decodeLogpackHeader(damaged, SALT)).toThrow(FormatError);
    }
  });

  it.each<[string, (view: DataView) => void]>([
    ['another type', (v) => v.setUint16(4, 4, true)],
    ['more records than fit', (v) => v.setUint16(16, 16, true)],
    [
      'one record more than fits, that seems to exist',
      (v) => {
        v.setUint16(16, 16, true);
        for (let i = 3; i < 15; i++) v.setUint32(24 + i * 32 + 4, 5, true);
        v.setUint32(508, 1, true);
      },
    ],
    ['a huge record count', (v) => v.setUint16(16, 0xffff, true)],
    ['a total that is too small', (v) => v.setUint16(6, 3, true)],
    ['a total that is too large', (v) => v.setUint16(6, 5, true)],
    ['no record but an lsid', (v) => v.setUint16(16, 0, true)],
    ['two paddings by its count', (v) => v.setUint16(18, 2, true)],
    ['an lsid of all ones', (v) => v.setBigUint64(8, 2n ** 64n - 1n, true)],
    ['an lsid above 2^53-1', (v) => v.setBigUint64(8, 2n ** 53n, true)],
    ['a record that does not exist', (v) => v.setUint32(28, 0, true)],
    ['a record of padding and discard', (v) => v.setUint32(28, 7, true)],
    ['a normal record of no blocks', (v) => v.setUint32(24 + 16, 0, true)],
    ['a normal record of 65536 blocks', (v) => v.setUint32(24 + 16, 65536, true)],
    ['a discard of no blocks', (v) => v.setUint32(56 + 16, 0, true)],
    ['a record with local lsid 0', (v) => v.setUint16(24 + 20, 0, true)],
    ['a record at another place', (v) => v.setUint16(56 + 20, 5, true)],
    ['a record with another lsid', (v) => v.setUint32(56 + 24, 5, true)],
    ['a record at all ones', (v) => v.setBigUint64(24 + 8, 2n ** 64n - 1n, true)],
    ['a record that ends above 2^53-1', (v) => v.setBigUint64(24 + 8, 2n ** 53n - 2n, true)],
  ])('with %s is refused', (_, change) => {
    expect(() => decodeLogpackHeader(resealed(THREE_KINDS, change), SALT)).toThrow(FormatError);
  });

  it('may hold unknown flag bits and a wrong count of paddings', () => {
    const flagged = resealed(THREE_KINDS, (v) => v.setUint32(28, 0xfff1, true));
    expect(decodeLogpackHeader(flagged, SALT).records[0].kind).toBe('normal');
    const uncounted = resealed(THREE_KINDS, (v) => v.setUint16(18, 0, true));
    expect(decodeLogpackHeader(uncounted, SALT).paddingCount).toBe(0);
  });

  it('of any bytes is a value or a FormatError', () => {
    const block = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.uint8Array({ minLength: 512, maxLength: 512 }),
      fc
        .tuple(fc.nat(511), fc.nat(255))
        .map(([at, value]) => resealed(THREE_KINDS, (v) => v.setUint8(at, value))),
    );
    fc.assert(
      fc.property(block, (bytes) => {
        valueOrFormatError(() => decodeLogpackHeader(bytes, SALT));
      }),
      { numRuns: 500 },
    );
  });
});

describe('end block', () => {
  it('is the worked example', () => {
    const block = encodeEndBlock(512, SALT);
    expectBytes(block, hexBytes('87 a9 cb ed 03 00 00 00 ff ff ff ff ff ff ff ff', 512));
    const header = decodeLogpackHeader(block, SALT);
    expect(isEndBlock(header)).toBe(true);
    expect(header.records).toEqual([]);
    expect(() => nextLsid(header)).toThrow(FormatError);
  });

  it('has the complement of the salt as checksum', () => {
    fc.assert(
      fc.property(u32, fc.constantFrom(512, 4096), (salt, pbs) => {
        const block = encodeEndBlock(pbs, salt);
        expect(new DataView(block.buffer).getUint32(0, true)).toBe(~salt >>> 0);
        expect(isEndBlock(decodeLogpackHeader(block, salt))).toBe(true);
      }),
    );
  });

  it('is verified too', () => {
    expect(() => decodeLogpackHeader(encodeEndBlock(512, SALT), SALT + 1)).toThrow('checksum');
  });

  it('is not a block of zeros', () => {
    expect(() => decodeLogpackHeader(new Uint8Array(512), 0)).toThrow(FormatError);
  });
});

describe('shrinking', () => {
  it('is the worked example', () => {
    const builder = new LogpackBuilder(512, 0);
    builder.addNormal(0, 1, checksum(repeated('a', 512), SALT));
    builder.addNormal(1, 1, checksum(repeated('b', 512), SALT));
    builder.addDiscard(9, 9);
    const whole = decodeLogpackHeader(encodeLogpackHeader(builder.header(), 512, SALT), SALT);
    expect(whole.checksum).toBe(0xf41437ca);
    expect(whole.records.map((record) => record.checksum)).toEqual([0x3d1af908, 0xbc9a7888, 0]);
    const shrunk = shrinkLogpack(whole, 1);
    expect(nextLsid(shrunk)).toBe(2);
    expectBytes(
      encodeLogpackHeader(shrunk, 512, SALT),
      hexBytes(
        `78 b0 af b0 03 00 01 00  00 00 00 00 00 00 00 00
         01 00 00 00 00 00 00 00  08 f9 1a 3d 01 00 00 00
         00 00 00 00 00 00 00 00  01 00 00 00 01 00 00 00
         01 00 00 00 00 00 00 00`,
        512,
      ),
    );
  });

  it('to nothing leaves the lsid of the pack, and nothing to write', () => {
    const shrunk = shrinkLogpack(threeKinds(512), 0);
    expect(nextLsid(shrunk)).toBe(0);
    expect(() => encodeLogpackHeader(shrunk, 512, SALT)).toThrow(FormatError);
  });

  it('after discard and padding counts what is kept', () => {
    expect([1, 2, 3].map((i) => shrinkLogpack(threeKinds(512), i).totalIoSizePb)).toEqual([3, 3, 4]);
    expect([1, 2, 3].map((i) => shrinkLogpack(threeKinds(512), i).paddingCount)).toEqual([0, 0, 1]);
  });

  it('gives a valid pack that is a prefix', () => {
    fc.assert(
      fc.property(logpack, fc.nat(), ({ header, pbs }, n) => {
        const kept = 1 + (n % header.records.length);
        const shrunk = shrinkLogpack(header, kept);
        const decoded = decodeLogpackHeader(encodeLogpackHeader(shrunk, pbs, SALT), SALT);
        expect(decoded.records).toEqual(header.records.slice(0, kept));
        const sizePb = decoded.records.reduce((sum, record) => sum + recordSizePb(record, pbs), 0);
        expect(decoded.totalIoSizePb).toBe(sizePb);
        expect(decoded.paddingCount).toBe(decoded.records.filter((r) => r.kind === 'padding').length);
      }),
    );
  });
});

describe('record data', () => {
  const record = threeKinds(4096).records[0];

  it('are checked over the size of the IO, not of its blocks', () => {
    const blocks = new Uint8Array(4096).fill(0xee);
    blocks.set(ABCD);
    expect(isRecordDataValid(record, blocks, SALT)).toBe(true);
    expect(isRecordDataValid(record, ABCD, SALT)).toBe(true);
    expect(isRecordDataValid(record, ABCD.subarray(1), SALT)).toBe(false);
    blocks[1535] ^= 1;
    expect(isRecordDataValid(record, blocks, SALT)).toBe(false);
  });

  it('of padding and discards are never bad', () => {
    for (const other of threeKinds(512).records.slice(1) as LogRecord[]) {
      expect(isRecordDataValid(other, new Uint8Array(0), SALT)).toBe(true);
    }
  });
});
