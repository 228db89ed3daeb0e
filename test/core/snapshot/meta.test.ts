import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import { Reader } from '../../../core/format/serializer.ts';
import type { MetaDiff, MetaLsidGid, MetaSnap, MetaState } from '../../../core/snapshot/meta.ts';
import {
  diffEquals,
  isCleanDiff,
  isCleanSnap,
  makeApplyingState,
  makeDiff,
  makeSnap,
  makeState,
  maxGid,
  NO_LSID_GID,
  NO_SNAP,
  NO_STATE,
  snapEquals,
  stateEquals,
  verifyState,
} from '../../../core/snapshot/meta.ts';
import {
  decodeWith,
  encodeWith,
  readMetaDiff,
  readMetaDiffs,
  readMetaLsidGid,
  readMetaSnap,
  readMetaState,
  writeMetaDiff,
  writeMetaDiffs,
  writeMetaLsidGid,
  writeMetaSnap,
  writeMetaState,
} from '../../../core/snapshot/meta-codec.ts';
import { anyDiff, anySnap, D, S } from './arbitraries.ts';

const TS = 1704067200;
const plain = { isMergeable: false };

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

describe('well-formed values', () => {
  it('a snapshot has gidB <= gidE', () => {
    expect(makeSnap(5)).toEqual({ gidB: 5, gidE: 5 });
    expect(makeSnap(5, 7)).toEqual({ gidB: 5, gidE: 7 });
    expect(makeSnap(5, null)).toEqual({ gidB: 5, gidE: null });
    expect(() => makeSnap(7, 5)).toThrow('MetaSnap::check:must be gidB <= gidE:7:5');
    expect(() => makeSnap(null, 5)).toThrow('MetaSnap::check:must be gidB <= gidE:18446744073709551615:5');
    expect([isCleanSnap(S(5)), isCleanSnap(S(5, 7)), isCleanSnap(NO_SNAP)]).toEqual([true, false, true]);
  });

  it('a diff progresses', () => {
    expect(() => makeDiff(1, 1)).toThrow('MetaDiff::broken progress constraint for B:|1|:|1|');
    expect(() => makeDiff(2, 1)).toThrow('MetaDiff::broken progress constraint for B:|2|:|1|');
    expect(() => makeDiff(S(0, 9), S(1, 5))).toThrow(
      'MetaDiff::broken progress constraint for E:|0,9|:|1,5|',
    );
    expect(makeDiff(0, 1)).toEqual({
      isMergeable: false,
      isCompDiff: false,
      timestamp: 0,
      snapB: S(0),
      snapE: S(1),
      dataSizeBytes: 0,
    });
    expect([isCleanDiff(D(0, 1)), isCleanDiff(D([0, 2], 2)), isCleanDiff(D(0, [1, 2]))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('an applying state progresses', () => {
    expect(() => makeApplyingState(S(3), S(3))).toThrow('MetaState::broken progress constraint:|3|:|3|');
    expect(() => verifyState({ ...makeState(S(3)), snapE: S(1) })).not.toThrow();
    expect(() => makeApplyingState(S(3, 9), S(5))).not.toThrow();
  });

  it('is compared by what identifies it', () => {
    expect(snapEquals(S(5), S(5, 6))).toBe(false);
    expect(diffEquals(D(0, 1), D(0, 1, { isMergeable: false, isCompDiff: true, timestamp: 5 }))).toBe(true);
    expect(diffEquals(D(0, 1), D(0, [1, 2]))).toBe(false);
    expect(stateEquals(makeState(S(3), 1), { ...makeState(S(3), 2), snapE: S(9), isExplicit: true })).toBe(
      true,
    );
    expect(stateEquals(makeState(S(3)), makeApplyingState(S(3), S(4)))).toBe(false);
    expect(stateEquals(makeApplyingState(S(3), S(5)), makeApplyingState(S(3), S(4)))).toBe(false);
  });

  it('no value is the greatest gid', () => {
    expect([maxGid(1, 2), maxGid(3, 2), maxGid(1, null), maxGid(null, 1), maxGid(null, null)]).toEqual([
      2,
      3,
      null,
      null,
      null,
    ]);
  });
});

describe('bytes', () => {
  const snaps: [MetaSnap, string][] = [
    [S(0), '11 03 00 00'],
    [S(5, 7), '11 03 05 07'],
    [S(127, 128), '11 03 7f 80 80'],
    [S(1000, 70000), '11 03 81 e8 03 82 70 11 01 00'],
    [NO_SNAP, '11 03 ff ff'],
  ];
  const diffs: [MetaDiff, string][] = [
    [D(0, 1, plain), '12 03 00 00 00 11 03 00 00 11 03 01 01 00'],
    [
      D(0, 1, { timestamp: TS, dataSizeBytes: 5000000 }),
      '12 03 01 00 82 80 00 92 65 11 03 00 00 11 03 01 01 82 40 4b 4c 00',
    ],
    [
      D([5, 10], [15, 20], { isMergeable: false, isCompDiff: true, timestamp: TS }),
      '12 03 00 01 82 80 00 92 65 11 03 05 0a 11 03 0f 14 00',
    ],
  ];
  const states: [MetaState, string][] = [
    [NO_STATE, '13 03 00 00 11 03 ff ff 11 03 ff ff'],
    [makeState(S(3), TS), '13 03 00 82 80 00 92 65 11 03 03 03 11 03 03 03'],
    [makeState(S(0, 10), TS), '13 03 00 82 80 00 92 65 11 03 00 0a 11 03 00 0a'],
    [makeApplyingState(S(3), S(5), TS), '13 03 01 82 80 00 92 65 11 03 03 03 11 03 05 05'],
  ];
  const positions: [MetaLsidGid, string][] = [
    [NO_LSID_GID, '14 03 00 00 ff ff'],
    [{ isMergeable: true, timestamp: TS, lsid: 1000, gid: 7 }, '14 03 01 82 80 00 92 65 81 e8 03 07'],
    [{ isMergeable: false, timestamp: 1700000000, lsid: null, gid: null }, '14 03 00 82 00 f1 53 65 ff ff'],
    [{ isMergeable: false, timestamp: 1700000000, lsid: 0, gid: 0 }, '14 03 00 82 00 f1 53 65 00 00'],
    [
      { isMergeable: true, timestamp: 1700000000, lsid: 131072, gid: 200 },
      '14 03 01 82 00 f1 53 65 82 00 00 02 00 80 c8',
    ],
  ];

  it.each(snaps)('snapshot %o', (snap, hex) => {
    expect(hexOf(encodeWith(writeMetaSnap, snap))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWith(readMetaSnap, unhex(hex))).toEqual(snap);
  });

  it.each(diffs)('diff %o', (diff, hex) => {
    expect(hexOf(encodeWith(writeMetaDiff, diff))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWith(readMetaDiff, unhex(hex))).toEqual(diff);
  });

  it.each(states)('state %o', (state, hex) => {
    expect(hexOf(encodeWith(writeMetaState, state))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWith(readMetaState, unhex(hex))).toEqual(state);
  });

  it.each(positions)('log position %o', (position, hex) => {
    expect(hexOf(encodeWith(writeMetaLsidGid, position))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWith(readMetaLsidGid, unhex(hex))).toEqual(position);
  });

  it('list of diffs', () => {
    const list = [D(0, 1, plain), D(1, 2)];
    const hex = '02 12 03 00 00 00 11 03 00 00 11 03 01 01 00 12 03 01 00 00 11 03 01 01 11 03 02 02 00';
    expect(hexOf(encodeWith(writeMetaDiffs, list))).toBe(hex.replaceAll(' ', ''));
    expect(decodeWith(readMetaDiffs, unhex(hex))).toEqual(list);
    expect(decodeWith(readMetaDiffs, unhex('00'))).toEqual([]);
  });

  it('refuses wrong preambles', () => {
    const wrong = unhex('10 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00');
    expect(() => decodeWith(readMetaSnap, wrong)).toThrow('MetaSnap::check:wrong preamble:784');
    expect(() => decodeWith(readMetaDiff, wrong)).toThrow('MetaDiff::check:wrong preamble:784');
    expect(() => decodeWith(readMetaState, wrong)).toThrow('MetaState::check:wrong preamble:784');
    expect(() => decodeWith(readMetaLsidGid, wrong)).toThrow('MetaLsidGid::check:wrong preamble:784');
  });

  it('refuses malformed values and says where they began', () => {
    const read = (hex: string, at: number) => () => readMetaDiff(new Reader(unhex(hex), at));
    const zero = '12 03 00 00 00 11 03 01 01 11 03 01 01 00';
    expect(read(zero, 0)).toThrow('broken progress constraint for B:|1|:|1|');
    expect(() => decodeWith(readMetaSnap, unhex('11 03 07 05'))).toThrow('must be gidB <= gidE:7:5');
    try {
      read(`00 00 ${zero}`, 2)();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      expect((error as FormatError).offset).toBe(2);
    }
    const still = '13 03 01 00 11 03 03 03 11 03 03 03';
    expect(() => decodeWith(readMetaState, unhex(still))).toThrow('broken progress constraint:|3|:|3|');
  });

  it('refuses counts, times and sizes that can not be', () => {
    expect(() => decodeWith(readMetaDiffs, unhex('82 ff ff ff 7f 12 03'))).toThrow(
      'at most 0 diffs expected',
    );
    expect(() => decodeWith(readMetaDiffs, unhex('ff'))).toThrow(FormatError);
    expect(() => decodeWith(readMetaDiff, unhex('12 03 00 00 ff 11 03 00 00 11 03 01 01 00'))).toThrow(
      FormatError,
    );
    expect(() => decodeWith(readMetaSnap, unhex('11 03 fe fe'))).toThrow(FormatError);
  });

  it('does not look at bytes after a value, takes any true flag, ignores snapE of a state at rest', () => {
    expect(decodeWith(readMetaSnap, unhex('11 03 05 07 99'))).toEqual(S(5, 7));
    expect(decodeWith(readMetaDiff, unhex('12 03 07 00 00 11 03 00 00 11 03 01 01 00')).isMergeable).toBe(
      true,
    );
    const odd = decodeWith(readMetaState, unhex('13 03 00 00 11 03 03 03 11 03 01 01'));
    expect(stateEquals(odd, makeState(S(3)))).toBe(true);
  });

  it('is cut nowhere without an error', () => {
    const whole = encodeWith(writeMetaDiff, D([1, 300], [400, 70000], { timestamp: TS, dataSizeBytes: 9 }));
    for (let n = 0; n < whole.length; n++) {
      expect(() => decodeWith(readMetaDiff, whole.subarray(0, n))).toThrow(FormatError);
    }
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(
        anySnap,
        anyDiff,
        fc.boolean(),
        fc.maxSafeNat(),
        (snap, diff, isCompDiff, dataSizeBytes) => {
          expect(decodeWith(readMetaSnap, encodeWith(writeMetaSnap, snap))).toEqual(snap);
          const full = { ...diff, isCompDiff, dataSizeBytes };
          expect(decodeWith(readMetaDiff, encodeWith(writeMetaDiff, full))).toEqual(full);
          const states = [makeState(snap, 5), makeApplyingState(diff.snapB, diff.snapE, 6)];
          for (const state of states) {
            expect(decodeWith(readMetaState, encodeWith(writeMetaState, state))).toEqual(state);
          }
        },
      ),
    );
  });
});
