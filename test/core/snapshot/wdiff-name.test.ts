import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import {
  type DiffTraits,
  diffToText,
  type MetaSnap,
  makeDiff,
  makeSnap,
} from '../../../core/snapshot/meta.ts';
import { parseWdiffFileName, wdiffFileName } from '../../../core/snapshot/wdiff-name.ts';

const TIME = 1704067200;

describe('wdiff file name', () => {
  it.each<[string, MetaSnap, MetaSnap, DiffTraits]>([
    ['20240101000000-M--0-1.wdiff', makeSnap(0), makeSnap(1), { isMergeable: true }],
    ['20240101000000----0-1.wdiff', makeSnap(0), makeSnap(1), {}],
    ['20240101000000-MC-0-1.wdiff', makeSnap(0), makeSnap(1), { isMergeable: true, isCompDiff: true }],
    ['20240101000000--C-5-10.wdiff', makeSnap(5), makeSnap(10), { isCompDiff: true }],
    ['20240101000000--C-5-10-15-20.wdiff', makeSnap(5, 10), makeSnap(15, 20), { isCompDiff: true }],
    ['20240101000000-M--0-7-9-9.wdiff', makeSnap(0, 7), makeSnap(9), { isMergeable: true }],
  ])('%s', (name, snapB, snapE, traits) => {
    const diff = makeDiff(snapB, snapE, { ...traits, timestamp: TIME });
    expect(wdiffFileName(diff)).toBe(name);
    expect(parseWdiffFileName(name)).toEqual(diff);
  });

  it('survives its diff', () => {
    const gid = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: 2 ** 52 }));
    fc.assert(
      fc.property(
        fc.tuple(gid, fc.nat(20), fc.integer({ min: 1, max: 1000 }), fc.nat(20)),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 253402300799 }),
        ([gidB, width, progress, moreWidth], isMergeable, isCompDiff, timestamp) => {
          const snapB = makeSnap(gidB, gidB + width);
          const snapE = makeSnap(gidB + width + progress, gidB + width + progress + moreWidth);
          const diff = makeDiff(snapB, snapE, { isMergeable, isCompDiff, timestamp });
          expect(parseWdiffFileName(wdiffFileName(diff))).toEqual(diff);
        },
      ),
    );
  });

  it.each([
    ['20240101000000-M--00-01.wdiff', '|0|-->|1|'],
    ['20240101000000-xy-0-1.wdiff', '|0|-->|1|'],
    ['20240101000000-M--0-1.wdiffx', '|0|-->|1|'],
    ['20240101000000-M--0-5.wdiff.tmp', '|0|-->|5|'],
    ['20240101000000-M--0-1-2-3-4.wdiff', '|0,1|-->|2,3|'],
    ['20240101000000-M--0-1-2-3-garbage', '|0,1|-->|2,3|'],
    ['20240101000000-M--0-0-1-1.wdiff', '|0|-->|1|'],
    ['20240101000000-M--0-18446744073709551615.wdiff', '|0|-->|18446744073709551615|'],
  ])('%s is accepted', (name, text) => {
    expect(diffToText(parseWdiffFileName(name))).toBe(text);
  });

  it('takes other flag characters for no, and days that the month does not have', () => {
    const diff = parseWdiffFileName('20240231000000-xy-0-1.wdiff');
    expect(diff).toMatchObject({ isMergeable: false, isCompDiff: false, timestamp: 1709337600 });
    expect(wdiffFileName(diff)).toBe('20240302000000----0-1.wdiff');
  });

  it.each([
    ['20240101000000-M--0.wdiff', 'parseDiffFileName:too short name:20240101000000-M--0.wdiff'],
    ['2024010100000x-M--0-1.wdiff', 'invalid time string.'],
    ['20240101250000-M--0-1.wdiff', 'hour must be between 0 and 23.'],
    ['20240101000000_M--0-1.wdiff', 'parseDiffFileName:invalid timestamp str:'],
    ['20240101000000-M-_0-1.wdiff', 'parseDiffFileName:must be - at 17th char:'],
    ['20240101000000-M--0-1.wdifx', 'parseDiffFileName:wrong suffix:'],
    ['20240101000000-M--0-1-2.wdiff', 'parseDiffFileName:number of gids must be 2 or 4:'],
    ['20240101000000-M--123456.wdiff', 'parseDiffFileName:number of gids must be 2 or 4:'],
    ['20240101000000-M--1-1.wdiff', 'broken progress constraint for B'],
    ['20240101000000-M--2-1.wdiff', 'broken progress constraint for B'],
    ['20240101000000-M--0-9-1-5.wdiff', 'broken progress constraint for E'],
    ['20240101000000-M--5-3-7-8.wdiff', 'must be gidB <= gidE'],
    ['20240101000000-M--+0-1.wdiff', 'wrong digit value:20240101000000-M--+0-1.wdiff:0'],
    ['20240101000000-M---0-1.wdiff', 'wrong digit value:20240101000000-M---0-1.wdiff:0'],
    ['20240101000000-M--0-18446744073709551616.wdiff', ':1'],
    ['20240101000000-M--0-9007199254740992.wdiff', ':1'],
  ])('%s is refused', (name, message) => {
    expect(() => parseWdiffFileName(name)).toThrow(message);
    expect(() => parseWdiffFileName(name)).toThrow(FormatError);
  });

  it('of any text is a diff or a FormatError', () => {
    const name = fc.oneof(
      fc.string(),
      fc.stringMatching(/^2024010100000[0-9]-[MC-]{2}-[0-9+-]{1,12}\.wdiff?$/),
    );
    fc.assert(
      fc.property(name, (text) => {
        try {
          wdiffFileName(parseWdiffFileName(text));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
