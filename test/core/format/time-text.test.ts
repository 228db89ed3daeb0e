import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import {
  digitsToUnixTime,
  timeToPrintable,
  unixTimeToDigits,
  unixTimeToPretty,
} from '../../../core/format/time-text.ts';

describe('time text', () => {
  it.each([
    [0, '19700101000000'],
    [1704067200, '20240101000000'],
    [951782400, '20000229000000'],
    [4107542399, '21000228235959'],
    [4107542400, '21000301000000'],
    [253402300799, '99991231235959'],
  ])('%i is %s', (timeS, digits) => {
    expect(unixTimeToDigits(timeS)).toBe(digits);
    expect(digitsToUnixTime(digits)).toBe(timeS);
  });

  it('has a pretty form, and one for never', () => {
    expect(unixTimeToPretty(1704067200)).toBe('2024-01-01T00:00:00');
    expect(unixTimeToPretty(0)).toBe('1970-01-01T00:00:00');
    expect(timeToPrintable(1704067201)).toBe('2024-01-01T00:00:01');
    expect(timeToPrintable(0)).toBe('---');
  });

  it('agrees with the calendar of the machine', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253402300799 }), (timeS) => {
        expect(unixTimeToPretty(timeS)).toBe(new Date(timeS * 1000).toISOString().slice(0, 19));
        expect(digitsToUnixTime(unixTimeToDigits(timeS))).toBe(timeS);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['20240231000000', 1709337600],
    ['20240630235960', 1719792000],
  ])('lets %s run on', (digits, timeS) => {
    expect(digitsToUnixTime(digits)).toBe(timeS);
  });

  it('prints a second 60 as the next minute', () => {
    expect(unixTimeToDigits(digitsToUnixTime('20120630235960'))).toBe('20120701000000');
  });

  it.each([
    ['', 'invalid time string.'],
    ['2024010100000', 'invalid time string.'],
    ['202401010000000', 'invalid time string.'],
    ['2024010100000x', 'invalid time string.'],
    ['18991231000000', 'year must be between 1900 and 9999.'],
    ['20240001000000', 'mon must be between 1 and 12.'],
    ['20241301000000', 'mon must be between 1 and 12.'],
    ['20240100000000', 'mday must be between 1 and 31.'],
    ['20240132000000', 'mday must be between 1 and 31.'],
    ['20240101240000', 'hour must be between 0 and 23.'],
    ['20240101006000', 'min must be between 0 and 59.'],
    ['20240101000061', 'sec must be between 0 and 60.'],
    ['19691231235959', 'before 1970'],
  ])('refuses %j', (digits, message) => {
    expect(() => digitsToUnixTime(digits)).toThrow(message);
    expect(() => digitsToUnixTime(digits)).toThrow(FormatError);
  });

  it.each([-1, 0.5, 253402300800, Number.NaN])('refuses to print %d', (timeS) => {
    expect(() => unixTimeToDigits(timeS)).toThrow(FormatError);
    expect(() => unixTimeToPretty(timeS)).toThrow(FormatError);
  });
});
