import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  decodeWlogHeader,
  encodeWlogHeader,
  type WlogHeader,
  wlogOffsetBytes,
} from '../../../core/format/wlog.ts';
import {
  EXAMPLE_UUID,
  expectBytes,
  hexBytes,
  physicalBlockBytes,
  u32,
  u53,
  uuid,
  valueOrFormatError,
  withByte,
} from './format-kit.ts';

const EXAMPLE: WlogHeader = {
  physicalBlockBytes: 512,
  salt: 0x12345678,
  uuid: EXAMPLE_UUID,
  beginLsid: 0,
  endLsid: 5,
};
const EXAMPLE_BYTES = hexBytes(
  `04 00 02 00 00 10 00 00  67 79 a9 c9 78 56 34 12
   00 02 00 00 00 02 00 00  00 01 02 03 04 05 06 07
   08 09 0a 0b 0c 0d 0e 0f  00 00 00 00 00 00 00 00
   05 00 00 00 00 00 00 00`,
  4096,
);

const header: fc.Arbitrary<WlogHeader> = fc
  .record({
    physicalBlockBytes,
    salt: u32,
    uuid,
    beginLsid: u53.filter((lsid) => lsid < Number.MAX_SAFE_INTEGER),
    endLsid: fc.option(u53),
  })
  .map((value) => {
    if (value.endLsid === null || value.endLsid > value.beginLsid) return value;
    return { ...value, endLsid: value.beginLsid + 1 };
  });

function sealed(block: Uint8Array): Uint8Array {
  const view = new DataView(block.buffer, block.byteOffset);
  view.setUint32(8, 0, true);
  view.setUint32(8, checksum(block, 0), true);
  return block;
}

describe('wlog header', () => {
  it('is the worked example', () => {
    expectBytes(encodeWlogHeader(EXAMPLE), EXAMPLE_BYTES);
    expect(decodeWlogHeader(EXAMPLE_BYTES)).toEqual(EXAMPLE);
  });

  it('survives its bytes', () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeWlogHeader(encodeWlogHeader(value))).toEqual(value);
      }),
    );
  });

  it('with an open end says all ones', () => {
    const block = encodeWlogHeader({ ...EXAMPLE, endLsid: null });
    expectBytes(block.subarray(48, 56), new Uint8Array(8).fill(0xff));
  });

  it.each<[string, number, number[]]>([
    ['another type', 0, [3]],
    ['another version', 2, [3]],
    ['another header size', 4, [0, 8]],
    ['another logical block size', 16, [0, 4]],
    ['a physical block size of 0', 20, [0, 0]],
    ['a physical block size of 500', 20, [0xf4, 1]],
    ['a physical block size of 1 GiB', 20, [0, 0, 0, 0x40]],
    ['begin = end', 40, [5]],
    ['begin of all ones', 40, new Array(8).fill(0xff)],
  ])('with %s is refused', (_, at, bytes) => {
    const block = EXAMPLE_BYTES.slice();
    block.set(bytes, at);
    expect(() => decodeWlogHeader(sealed(block))).toThrow(FormatError);
  });

  it('is refused with any byte changed', () => {
    for (let at = 0; at < 4096; at += 7) {
      expect(() => decodeWlogHeader(withByte(EXAMPLE_BYTES, at, EXAMPLE_BYTES[at] ^ 1))).toThrow(FormatError);
    }
  });

  it('refuses to be written when invalid', () => {
    expect(() => encodeWlogHeader({ ...EXAMPLE, beginLsid: 5 })).toThrow(FormatError);
    expect(() => encodeWlogHeader({ ...EXAMPLE, physicalBlockBytes: 100 })).toThrow(FormatError);
    expect(() => encodeWlogHeader({ ...EXAMPLE, salt: 2 ** 32 })).toThrow(FormatError);
  });

  it('tells where an lsid is in the file', () => {
    expect(wlogOffsetBytes({ ...EXAMPLE, beginLsid: 100 }, 103)).toBe(4096 + 3 * 512);
  });

  it('of any bytes is a value or a FormatError', () => {
    const block = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(fc.nat(55), fc.nat(255)).map(([at, value]) => sealed(withByte(EXAMPLE_BYTES, at, value))),
    );
    fc.assert(
      fc.property(block, (bytes) => {
        valueOrFormatError(() => decodeWlogHeader(bytes));
      }),
    );
  });
});
