import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { uuidEquals, uuidFromText, uuidToText, writeUuid, ZERO_UUID } from '../../../core/format/uuid.ts';
import { uuid } from './format-kit.ts';

describe('uuid', () => {
  it('is 32 lower-case digits in byte order', () => {
    const text = '00112233445566778899aabbccddeeff';
    expect(uuidToText(uuidFromText(text))).toBe(text);
    expect(uuidToText(uuidFromText(text.toUpperCase()))).toBe(text);
    expect(uuidToText(ZERO_UUID)).toBe('0'.repeat(32));
  });

  it('survives its text', () => {
    fc.assert(
      fc.property(uuid, (value) => {
        expect(uuidFromText(uuidToText(value))).toEqual(value);
      }),
    );
  });

  it.each([
    ['', 'strToBinary:bad size::32'],
    ['0'.repeat(31), `strToBinary:bad size:${'0'.repeat(31)}:32`],
    ['0'.repeat(33), `strToBinary:bad size:${'0'.repeat(33)}:32`],
    [`${'0'.repeat(30)}0g`, 'atoi::convertHexToInt:0g'],
    [`-1${'0'.repeat(30)}`, 'atoi::convertHexToInt:-1'],
  ])('refuses %j', (text, message) => {
    expect(() => uuidFromText(text)).toThrow(message);
    expect(() => uuidFromText(text)).toThrow(FormatError);
  });

  it('compares all bytes', () => {
    const a = uuidFromText('00112233445566778899aabbccddeeff');
    expect(uuidEquals(a, a.slice())).toBe(true);
    expect(uuidEquals(a, uuidFromText('00112233445566778899aabbccddeefe'))).toBe(false);
    expect(uuidEquals(a, uuidFromText('01112233445566778899aabbccddeeff'))).toBe(false);
    expect(uuidEquals(a, a.subarray(0, 15))).toBe(false);
  });

  it('refuses to write other lengths', () => {
    expect(() => writeUuid(new Uint8Array(32), 4, new Uint8Array(15))).toThrow(FormatError);
  });
});
