import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { ZERO_UUID } from '../../../core/format/uuid.ts';
import { decodeWdiffHeader, encodeWdiffHeader } from '../../../core/format/wdiff-header.ts';
import { EXAMPLE_UUID, hexBytes, uuid, valueOrFormatError, withByte } from './format-kit.ts';

function sealed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, 0, true);
  view.setUint32(0, checksum(bytes, 0), true);
  return bytes;
}

describe('wdiff header', () => {
  it.each([
    ['sorted', ZERO_UUID, `feffffff02000000${'00'.repeat(24)}`],
    ['indexed', ZERO_UUID, `fefffeff02000100${'00'.repeat(24)}`],
    ['sorted', EXAMPLE_UUID, 'e6e3dfdb02000000 0000000000000000 000102030405060708090a0b0c0d0e0f'],
    ['indexed', EXAMPLE_UUID, 'e6e3dedb02000100 0000000000000000 000102030405060708090a0b0c0d0e0f'],
  ] as const)('%s is the worked example', (type, value, hex) => {
    expect(hexOf(encodeWdiffHeader({ type, uuid: value }))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWdiffHeader(hexBytes(hex))).toEqual({ type, uuid: value });
  });

  it('survives its bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom('sorted' as const, 'indexed' as const), uuid, (type, value) => {
        expect(decodeWdiffHeader(encodeWdiffHeader({ type, uuid: value }))).toEqual({ type, uuid: value });
      }),
    );
  });

  it('is refused with another checksum, version or type, and when all zero', () => {
    const bytes = encodeWdiffHeader({ type: 'sorted', uuid: EXAMPLE_UUID });
    expect(() => decodeWdiffHeader(withByte(bytes, 20, 0xff))).toThrow('invalid checksum');
    expect(() => decodeWdiffHeader(sealed(withByte(bytes, 4, 1)))).toThrow('invalid walb diff version');
    expect(() => decodeWdiffHeader(sealed(withByte(bytes, 6, 2)))).toThrow('Invalid type');
    // Zeros have a valid checksum.
    expect(() => decodeWdiffHeader(new Uint8Array(32))).toThrow('invalid walb diff version');
    expect(() => decodeWdiffHeader(bytes.subarray(0, 31))).toThrow(FormatError);
  });

  it('of any bytes is a value or a FormatError', () => {
    const bytes = fc.uint8Array({ minLength: 30, maxLength: 34 });
    fc.assert(
      fc.property(bytes, fc.boolean(), (value, seal) => {
        valueOrFormatError(() => decodeWdiffHeader(seal ? sealed(value.slice()) : value));
      }),
    );
  });
});
