import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { parseOptionInteger, parseUnitSize, printUnitSize } from '../../../core/format/size-text.ts';

describe('sizes of commands', () => {
  it.each([
    ['0', 0],
    ['1536', 1536],
    ['4k', 4096],
    ['4K', 4096],
    ['64m', 64 * 2 ** 20],
    ['1g', 2 ** 30],
    ['2T', 2 * 2 ** 40],
    ['3p', 3 * 2 ** 50],
    ['0e', 0],
    ['  +7', 7],
    ['-0', 0],
    ['k', 0],
    ['10mb', 10 * 2 ** 20],
    ['10m b', 10 * 2 ** 20],
    ['007', 7],
  ])('%j is %i', (text, value) => {
    expect(parseUnitSize(text)).toBe(value);
  });

  it.each([
    ['', 'Invalid argument.'],
    ['5x', 'Invalid suffix charactor.'],
    ['5 k', 'Invalid suffix charactor.'],
    ['0x10', 'Invalid suffix charactor.'],
    ['+', 'Invalid suffix charactor.'],
    [' k', 'Invalid suffix charactor.'],
    ['-5', 'negative'],
    ['9007199254740992', 'fromUnitIntString: overflow.'],
    ['8192p', 'fromUnitIntString: overflow.'],
    ['1e', 'fromUnitIntString: overflow.'],
    ['99999999999999999999999', 'fromUnitIntString: overflow.'],
  ])('%j is refused', (text, message) => {
    expect(() => parseUnitSize(text)).toThrow(message);
    expect(() => parseUnitSize(text)).toThrow(FormatError);
  });

  it.each([
    [0, '0'],
    [1, '1'],
    [513, '513'],
    [1024, '1k'],
    [1536, '1536'],
    [100 * 2 ** 20, '100m'],
    [8 * 2 ** 20, '8m'],
    [2 ** 50, '1p'],
  ])('%i prints as %s', (value, text) => {
    expect(printUnitSize(value)).toBe(text);
  });

  it('survive their text', () => {
    const value = fc.tuple(fc.nat(2000), fc.nat(4)).map(([n, power]) => n * 1024 ** power);
    fc.assert(
      fc.property(value, (n) => {
        expect(parseUnitSize(printUnitSize(n))).toBe(n);
      }),
    );
  });

  it('of any text are values or FormatErrors', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ +-]?[0-9]*[kKmMxz]?.?$/)), (text) => {
        for (const parse of [parseUnitSize, parseOptionInteger]) {
          try {
            expect(Number.isSafeInteger(parse(text))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }),
    );
  });
});

describe('integers of options', () => {
  it.each([
    ['12', 12],
    ['0x10', 16],
    ['0xFf', 255],
    ['1k', 1000],
    ['1K', 1024],
    ['16m', 16_000_000],
    ['16M', 16 * 2 ** 20],
    ['2g', 2e9],
    ['2G', 2 * 2 ** 30],
  ])('%j is %i', (text, value) => {
    expect(parseOptionInteger(text)).toBe(value);
  });

  it.each(['', '-1', '+1', ' 1', '0x', '0x1k', '1t', '1kk', 'k', '1.5', '9007199254740992'])(
    '%j is refused',
    (text) => {
      expect(() => parseOptionInteger(text)).toThrow(FormatError);
    },
  );
});
