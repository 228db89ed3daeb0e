import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import {
  archiveLatestSnapToText,
  proxyLatestSnapToText,
  storageLatestSnapToText,
  tsDeltaToText,
} from '../../../core/snapshot/lag-text.ts';
import { makeApplyingState, makeState, NO_SNAP, NO_STATE } from '../../../core/snapshot/meta.ts';
import {
  diffFromListing,
  diffsToText,
  diffToText,
  diffToVerboseText,
  formatMetaDiff,
  gidFromText,
  gidInfoFromText,
  gidInfoOf,
  gidInfoToText,
  lsidGidToText,
  snapFromText,
  snapToText,
  stateFromText,
  stateToText,
  stateToTextWithTime,
} from '../../../core/snapshot/meta-text.ts';
import { anyDiff, anySnap, D, S } from './arbitraries.ts';

const TS = 1704067200;

describe('gids', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['9007199254740991', 2 ** 53 - 1],
    ['18446744073709551615', null],
    ['0018446744073709551615', null],
  ])('%s', (text, gid) => {
    expect(gidFromText(text)).toBe(gid);
  });

  it.each([
    '',
    '-1',
    '+1',
    ' 1',
    '1 ',
    '0x1',
    '1e3',
    '9007199254740992',
    '18446744073709551614',
    '18446744073709551616',
  ])('refuses "%s"', (text) => {
    expect(() => gidFromText(text)).toThrow(FormatError);
  });
});

describe('snapshots', () => {
  it.each([
    ['|5|', S(5)],
    ['|05|', S(5)],
    ['|5,7|', S(5, 7)],
    ['|5,5|', S(5)],
    ['|5|junk', S(5)],
    ['|5,7|,9', S(5, 7)],
    ['|18446744073709551615|', NO_SNAP],
  ])('%s', (text, snap) => {
    expect(snapFromText(text)).toEqual(snap);
  });

  it.each([
    ['|5', 'parseMetaSnap:bad input string:|5:2'],
    ['5|', 'parseMetaSnap:bad input string:5|:0'],
    ['', 'parseMetaSnap:bad input string::0'],
    ['|5 |', 'parseMetaSnap:bad input string:|5 |:2'],
    ['|5,6,7|', 'parseMetaSnap:bad input string:|5,6,7|:4'],
    ['||', 'atoi::convertToUint:'],
    ['|5,|', 'atoi::convertToUint:'],
    ['|,5|', 'atoi::convertToUint:'],
    ['|+5|', 'atoi::convertToUint:'],
    ['|-1|', 'atoi::convertToUint:'],
    ['| 5|', 'atoi::convertToUint:'],
    ['|7,5|', 'MetaSnap::check:must be gidB <= gidE:7:5'],
    ['|18446744073709551616|', 'expected: 18446744073709551616'],
  ])('refuses "%s"', (text, message) => {
    expect(() => snapFromText(text)).toThrow(message);
    expect(() => snapFromText(text)).toThrow(FormatError);
  });

  it('prints', () => {
    expect([snapToText(S(5)), snapToText(S(5, 7)), snapToText(NO_SNAP)]).toEqual([
      '|5|',
      '|5,7|',
      '|18446744073709551615|',
    ]);
    fc.assert(
      fc.property(anySnap, (snap) => {
        expect(snapFromText(snapToText(snap))).toEqual(snap);
      }),
    );
  });
});

describe('diffs', () => {
  const diff = D(0, 1, { timestamp: TS });

  it('prints', () => {
    expect(diffToText(diff)).toBe('|0|-->|1|');
    expect(diffToVerboseText(diff)).toBe('|0|-->|1| (M- 2024-01-01T00:00:00 0)');
    expect(diffsToText([diff, D([1, 2], 3)])).toBe('|0|-->|1|, |1,2|-->|3|');
    const sized = { ...diff, dataSizeBytes: 5000000 };
    expect(formatMetaDiff('', sized)).toBe('|0|-->|1| M- 2024-01-01T00:00:00 5000000');
    const compared = D([0, 5], [6, 9], { isMergeable: false, isCompDiff: true });
    expect(formatMetaDiff('  ', compared)).toBe('  |0,5|-->|6,9| -C --- 0');
  });

  it.each([
    '|24|-->|25,26| -- 2015-11-16T07:32:08 1',
    '|24,28|-->|30,35| M- 2015-11-16T07:32:09 123',
    '|1,5|-->|25| -C 2015-11-16T07:32:10 4567',
    '|24|-->|25| MC 2015-11-16T07:32:11 89101',
    '|0|-->|1| M- --- 0',
  ])('reads a listing back: %s', (line) => {
    expect(formatMetaDiff('', diffFromListing(line))).toBe(line);
  });

  it.each([
    ['|0|-->|1| M- 2015-11-16T07:32:08', 'Diff:bad format'],
    ['|0|-->|1| M- 2015-11-16T07:32:08 1 2', 'Diff:bad format'],
    ['|0|-->|1| xx 2015-11-16T07:32:08 1', 'Diff:bad format'],
    ['|0|-->|1|x M- 2015-11-16T07:32:08 1', 'Diff:bad format'],
    ['|0|->|1| M- 2015-11-16T07:32:08 1', 'Diff:bad input string'],
    ['|0|-->|1| M- 20151116073208 1', 'invalid time string.'],
    ['|1|-->|1| M- 2015-11-16T07:32:08 1', 'broken progress constraint for B'],
    ['|0|-->|1| M- 2015-11-16T07:32:08 18446744073709551615', 'Diff:bad format'],
  ])('refuses the line "%s"', (line, message) => {
    expect(() => diffFromListing(line)).toThrow(message);
  });

  it('listings come back as they went', () => {
    fc.assert(
      fc.property(anyDiff, fc.nat(), (d, dataSizeBytes) => {
        expect(diffFromListing(formatMetaDiff('', { ...d, dataSizeBytes }))).toEqual({ ...d, dataSizeBytes });
      }),
    );
  });
});

describe('states', () => {
  it.each([
    '<|3|>',
    '<|100|>',
    '<|100,200|>',
    '<|100|-->|300|>',
    '<|100|-->|300,400|>',
    '<|100,200|-->|300|>',
    '<|100,200|-->|300,400|>',
    '<|3,9|-->|5|>',
  ])('%s', (text) => {
    const now = stateFromText(text, 12345);
    expect(stateToText(now)).toBe(text);
    expect(now.timestamp).toBe(12345);
    const timed = stateFromText(`${text}-20240101000000`, 12345);
    expect(timed).toEqual({ ...now, timestamp: TS });
    expect(stateToTextWithTime(timed)).toBe(`${text}-20240101000000`);
  });

  it('prints the state of which nothing is known', () => {
    expect(stateToText(NO_STATE)).toBe('<|18446744073709551615|>');
    expect(stateToTextWithTime(NO_STATE)).toBe('<|18446744073709551615|>-19700101000000');
    expect(stateToText(makeApplyingState(S(3), S(5)))).toBe('<|3|-->|5|>');
  });

  it.each([
    ['', 'strToMetaState:bad input string::0'],
    ['|3|', 'strToMetaState:bad input string:|3|:0'],
    ['<|3|', 'strToMetaState:bad input string:<|3|:4'],
    ['<|3|x>', 'strToMetaState:bad input string:<|3|x>:4'],
    ['<|3|-->>', 'bad input string:<|3|-->>:7'],
    ['<|3|>x', 'strToMetaState:bad input string:<|3|>x:5'],
    ['<|3|>-', 'invalid time string.'],
    ['<|3|>-2024', 'invalid time string.'],
    ['<|3|>-20240101000000 ', 'invalid time string.'],
    ['<|3|>-20241301000000', 'mon must be between 1 and 12.'],
    ['<|3|-->|3|>', 'MetaState::broken progress constraint:|3|:|3|'],
    ['<|7,5|>', 'must be gidB <= gidE'],
  ])('refuses "%s"', (text, message) => {
    expect(() => stateFromText(text, 0)).toThrow(message);
    expect(() => stateFromText(text, 0)).toThrow(FormatError);
  });
});

describe('log positions and restorable snapshots', () => {
  it('prints', () => {
    const position = { isMergeable: true, timestamp: TS, lsid: 1000, gid: 7 };
    expect(lsidGidToText(position)).toBe(
      'LsidGid timestamp 2024-01-01T00:00:00 isMergeable 1 lsid 1000 gid 7',
    );
    expect(lsidGidToText({ isMergeable: false, timestamp: 0, lsid: null, gid: null })).toBe(
      'LsidGid timestamp --- isMergeable 0 lsid 18446744073709551615 gid 18446744073709551615',
    );
    expect(gidInfoToText(gidInfoOf({ ...makeState(S(7), TS), isExplicit: true }))).toBe(
      '7 2024-01-01T00:00:00 1',
    );
    expect(gidInfoToText(gidInfoOf(makeState(S(7))))).toBe('7 --- 0');
  });

  it.each(['7 2015-11-16T07:32:08 1', '7 2015-11-16T07:32:08 0', '7 2015-11-16T07:32:08', '0 --- 0'])(
    'reads "%s"',
    (line) => {
      expect(gidInfoToText(gidInfoFromText(line))).toBe(line);
    },
  );

  it.each([
    ['7', 'GidInfo:bad format'],
    ['7 2015-11-16T07:32:08 1 1', 'GidInfo:bad format'],
    ['7 2015-11-16T07:32:08 2', 'GidInfo:bad format'],
    ['x 2015-11-16T07:32:08 1', 'atoi::convertToUint:x'],
    ['7 2015 1', 'invalid time string.'],
  ])('refuses "%s"', (line, message) => {
    expect(() => gidInfoFromText(line)).toThrow(message);
  });
});

describe('lines about lags', () => {
  const delta = {
    volume: 'vol0',
    destId: 'archive0',
    kind: 'storage',
    source: { gid: 7, timestamp: TS },
  } as const;
  const head = 'name:vol0\tdest:archive0\tkind:storage\tdest_kind:archive\tgid:7\tts:2024-01-01T00:00:00';

  it('ts-delta', () => {
    expect(tsDeltaToText({ ...delta, dest: { gid: 5, timestamp: TS - 100 } })).toBe(
      `${head}\tdest_gid:5\tdest_ts:2023-12-31T23:58:20\tts_delta:100`,
    );
    expect(tsDeltaToText({ ...delta, dest: { gid: 9, timestamp: TS + 5 } })).toContain('\tts_delta:-5');
    expect(tsDeltaToText({ ...delta, dest: { gid: 0, timestamp: 0 } })).toContain(
      'dest_ts:1970-01-01T00:00:00',
    );
    for (const dest of [null, { gid: null, timestamp: 0 }]) {
      expect(tsDeltaToText({ ...delta, dest })).toBe(`${head}\tdest_ts:\tdest_gid:\tts_delta:`);
    }
  });

  it('latest snapshot', () => {
    const snap = { gid: 7, timestamp: TS };
    const time = 'timestamp:2024-01-01T00:00:00';
    expect(storageLatestSnapToText('v', snap, 9)).toBe(`name:v\tkind:storage\tgid:7\tlsid:9\t${time}`);
    expect(proxyLatestSnapToText('v', 'a0', snap)).toBe(`name:v\tkind:proxy\tarchive:a0\tgid:7\t${time}`);
    expect(proxyLatestSnapToText('v', 'a0', null)).toBe('name:v\tkind:proxy\tarchive:a0\tgid:\ttimestamp:');
    expect(archiveLatestSnapToText('v', snap)).toBe(`name:v\tkind:archive\tgid:7\t${time}`);
  });
});
