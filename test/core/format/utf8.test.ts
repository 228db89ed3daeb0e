import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8, isShortAscii } from '../../../core/format/utf8.ts';

describe('UTF-8 texts', () => {
  it('are what the general coders make of them', () => {
    // All code points but halves of surrogate pairs. fast-check's own unit of that kind takes a second to be made.
    const codePoint = fc.nat(0x10f7ff).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));
    const anyText = fc.array(codePoint, { maxLength: 80 }).map((points) => points.join(''));
    const text = fc.oneof(anyText, fc.string({ maxLength: 80 }));
    fc.assert(
      fc.property(text, (given) => {
        const bytes = new TextEncoder().encode(given);
        expect([...encodeUtf8(given)]).toEqual([...bytes]);
        expect(decodeUtf8(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        if (isShortAscii(given)) expect(bytes.length).toBe(given.length);
      }),
    );
  });

  it('of any bytes are texts, bad ones by replacement', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeUtf8(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
    );
    expect(decodeUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x41]))).toBe('\ufeffA');
  });

  it('are short and ASCII up to 64 characters', () => {
    expect(isShortAscii('a'.repeat(64))).toBe(true);
    expect(isShortAscii('a'.repeat(65))).toBe(false);
    expect(isShortAscii('ä')).toBe(false);
    expect(isShortAscii('')).toBe(true);
  });
});
