import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  decodeSuperSector,
  encodeSuperSector,
  lsidToOffsetPb,
  probeSuperSectorBytes,
  ringBufferOffsetPb,
  ringBufferSizePb,
  ringRoomPb,
  type SuperSector,
  superSectorOffsetPb,
} from '../../../core/format/super-sector.ts';
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

const EXAMPLE: SuperSector = {
  physicalBlockBytes: 512,
  metadataSizePb: 0,
  salt: 0x12345678,
  uuid: EXAMPLE_UUID,
  name: 'vol0',
  ringBufferSizePb: 118,
  oldestLsid: 0,
  writtenLsid: 0,
  deviceSizeLb: 2048,
};
const EXAMPLE_BYTES = hexBytes(
  `01 00 02 00 83 11 3d 99  00 02 00 00 00 02 00 00
   00 00 00 00 78 56 34 12  00 01 02 03 04 05 06 07
   08 09 0a 0b 0c 0d 0e 0f  76 6f 6c 30 00 00 00 00
   00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
   00 00 00 00 00 00 00 00  76 00 00 00 00 00 00 00
   00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
   00 08 00 00 00 00 00 00`,
  512,
);

const sector: fc.Arbitrary<SuperSector> = fc
  .record({
    physicalBlockBytes,
    metadataSizePb: fc.nat(1000),
    salt: u32,
    uuid,
    name: fc.string({ maxLength: 31 }).filter((text) => !text.includes('\0')),
    ringBufferSizePb: u53,
    lsids: fc.tuple(u53, u53),
    deviceSizeLb: u53,
  })
  .map(({ lsids, ...rest }) => ({
    ...rest,
    oldestLsid: Math.min(...lsids),
    writtenLsid: Math.max(...lsids),
  }));

/** The block with a valid checksum, whatever else it holds. */
function sealed(block: Uint8Array): Uint8Array {
  const view = new DataView(block.buffer, block.byteOffset);
  view.setUint32(4, 0, true);
  view.setUint32(4, checksum(block, 0), true);
  return block;
}

describe('super sector', () => {
  it('is the worked example', () => {
    expectBytes(encodeSuperSector(EXAMPLE), EXAMPLE_BYTES);
    expect(decodeSuperSector(EXAMPLE_BYTES)).toEqual(EXAMPLE);
    expect(probeSuperSectorBytes(EXAMPLE_BYTES.subarray(0, 104))).toBe(512);
  });

  it('survives its bytes', () => {
    fc.assert(
      fc.property(sector, (value) => {
        const block = encodeSuperSector(value);
        expect(block.length).toBe(value.physicalBlockBytes);
        expect(checksum(block, 0)).toBe(0);
        expect(decodeSuperSector(block)).toEqual(value);
      }),
    );
  });

  it('is refused with any byte changed, unless the checksum is not asked', () => {
    for (let at = 0; at < 512; at += 3) {
      const damaged = withByte(EXAMPLE_BYTES, at, EXAMPLE_BYTES[at] ^ 0x40);
      expect(() => decodeSuperSector(damaged)).toThrow(FormatError);
    }
    const salted = withByte(EXAMPLE_BYTES, 20, 0x79);
    expect(() => decodeSuperSector(salted)).toThrow('checksum');
    expect(decodeSuperSector(salted, { verifyChecksum: false }).salt).toBe(0x12345679);
  });

  it.each<[string, number, number[]]>([
    ['another type', 0, [3, 0]],
    ['another version', 2, [1, 0]],
    ['another logical block size', 8, [0, 4]],
    ['a physical block size of 0', 12, [0, 0]],
    ['a physical block size of 768', 12, [0, 3]],
    ['a physical block size that is not the block', 12, [0, 16]],
    ['a physical block size of 8192', 12, [0, 32]],
    ['an unterminated name', 40, new Array(32).fill(0x41)],
    ['a name that ends behind its field', 40, [...new Array(32).fill(0x41), 0, 1]],
    ['an lsid of all ones', 88, new Array(8).fill(0xff)],
    ['an lsid above 2^53-1', 88, [0, 0, 0, 0, 0, 0, 0x20, 0]],
    ['oldest above written', 80, [1]],
  ])('with %s is refused', (_, at, bytes) => {
    const block = EXAMPLE_BYTES.slice();
    block.set(bytes, at);
    expect(() => decodeSuperSector(sealed(block))).toThrow(FormatError);
    expect(() => decodeSuperSector(block, { verifyChecksum: false })).toThrow(FormatError);
  });

  it('refuses values that it cannot hold', () => {
    const bad: Partial<SuperSector>[] = [
      { name: 'x'.repeat(32) },
      { name: 'a\0b' },
      { physicalBlockBytes: 8192 },
      { physicalBlockBytes: 0 },
      { salt: -1 },
      { uuid: new Uint8Array(15) },
      { oldestLsid: 2, writtenLsid: 1 },
      { ringBufferSizePb: -1 },
    ];
    for (const change of bad) expect(() => encodeSuperSector({ ...EXAMPLE, ...change })).toThrow(FormatError);
    expect(decodeSuperSector(encodeSuperSector({ ...EXAMPLE, name: 'x'.repeat(31) })).name.length).toBe(31);
    // More than a ring of log, an overflow, is a state that a device can be in.
    const overflowed = { ...EXAMPLE, oldestLsid: 0, writtenLsid: 1000 };
    expect(decodeSuperSector(encodeSuperSector(overflowed))).toEqual(overflowed);
  });

  it('of any bytes is a value or a FormatError', () => {
    const block = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(fc.nat(103), fc.nat(255)).map(([at, value]) => sealed(withByte(EXAMPLE_BYTES, at, value))),
    );
    fc.assert(
      fc.property(block, fc.boolean(), (bytes, verifyChecksum) => {
        valueOrFormatError(() => decodeSuperSector(bytes, { verifyChecksum }));
        valueOrFormatError(() => probeSuperSectorBytes(bytes));
      }),
    );
  });
});

describe('ring buffer', () => {
  it('stands where the map says', () => {
    expect([512, 4096].map((pbs) => superSectorOffsetPb(pbs) * pbs)).toEqual([4096, 4096]);
    expect([512, 4096].map((pbs) => ringBufferOffsetPb(pbs))).toEqual([10, 3]);
    expect([512, 4096].map((pbs) => ringBufferOffsetPb(pbs) * pbs)).toEqual([5120, 12288]);
    expect(ringBufferSizePb(64 * 2, 512)).toBe(118);
    expect(ringBufferSizePb(2 ** 30 / 512, 4096)).toBe(262141);
    expect(ringBufferSizePb(2 ** 30 / 512 + 7, 4096)).toBe(262141);
  });

  it('wraps places, not lsids', () => {
    expect([0, 117, 118, 300].map((lsid) => lsidToOffsetPb(lsid, EXAMPLE))).toEqual([10, 127, 10, 74]);
    expect([0, 117, 118, 300].map((lsid) => ringRoomPb(lsid, 118))).toEqual([118, 1, 118, 54]);
    expect(lsidToOffsetPb(0, { ...EXAMPLE, metadataSizePb: 5 })).toBe(15);
  });

  it('of no size has no places', () => {
    expect(() => lsidToOffsetPb(0, { ...EXAMPLE, ringBufferSizePb: 0 })).toThrow(
      'Ring buffer size must not be 0.',
    );
    expect(() => lsidToOffsetPb(-1, EXAMPLE)).toThrow(FormatError);
  });
});
