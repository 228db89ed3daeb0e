import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum, checksumFinish, checksumPartial } from '../../../core/format/checksum.ts';
import { repeated, u32 } from './format-kit.ts';

/** The definition, with arbitrary precision. */
function slowChecksum(data: Uint8Array, salt: number): number {
  let sum = BigInt(salt);
  for (let i = 0; i < data.length; i += 4) {
    for (let k = 0; k < 4; k++) sum += BigInt(data[i + k] ?? 0) << BigInt(8 * k);
  }
  return Number(BigInt.asUintN(32, -sum));
}

describe('checksum', () => {
  it.each([
    ['empty', new Uint8Array(0), 0, 0x00000000],
    ['five bytes', Uint8Array.of(1, 2, 3, 4, 5), 0, 0xfbfcfdfa],
    ['five bytes, salted', Uint8Array.of(1, 2, 3, 4, 5), 0x10, 0xfbfcfdea],
    ['zeros', new Uint8Array(1234), 0xbcb6055f, 0x4349faa1],
    ['ABCD, salted', repeated('ABCD', 384), 0x12345678, 0x88e84808],
    ['ABCD', repeated('ABCD', 384), 0, 0x9b1c9e80],
    ['all ones', new Uint8Array(8).fill(0xff), 0, 2],
  ])('of %s', (_, data, salt, expected) => {
    expect(checksum(data, salt)).toBe(expected);
  });

  it('equals the definition for every length, salt and place in memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), u32, fc.nat(7), (data, salt, shift) => {
        const memory = new Uint8Array(data.length + shift + 3);
        memory.set(data, shift);
        expect(checksum(memory.subarray(shift, shift + data.length), salt)).toBe(slowChecksum(data, salt));
      }),
      { numRuns: 500 },
    );
  });

  it('runs on from piece to piece', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(100)), u32, (data, cuts, salt) => {
        const ends = [...cuts.map((cut) => cut * 4).sort((a, b) => a - b), data.length];
        let sum = salt;
        let from = 0;
        for (const end of ends.filter((at) => at <= data.length)) {
          sum = checksumPartial(data.subarray(from, end), sum);
          expect(sum).toBe(sum >>> 0);
          from = end;
        }
        expect(checksumFinish(sum)).toBe(checksum(data, salt));
      }),
    );
  });

  it('makes a block with its checksum in place sum up to 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), u32, (data, salt) => {
        const block = data.slice();
        const view = new DataView(block.buffer);
        view.setUint32(8, 0, true);
        view.setUint32(8, checksum(block, salt), true);
        expect(checksum(block, salt)).toBe(0);
      }),
    );
  });
});
