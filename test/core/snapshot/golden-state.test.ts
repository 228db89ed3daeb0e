import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hexOf } from '../../../core/format/binary.ts';
import { mergeDiffs } from '../../../core/snapshot/algebra.ts';
import { applicableDiffList, collectGarbage, mergeableDiffList } from '../../../core/snapshot/diff-chain.ts';
import { DiffSet } from '../../../core/snapshot/diff-set.ts';
import { hostInfoToText, readHostInfo, writeHostInfo } from '../../../core/snapshot/host-info.ts';
import { archiveLatestSnapToText } from '../../../core/snapshot/lag-text.ts';
import { makeState } from '../../../core/snapshot/meta.ts';
import { decodeWith, encodeWith, readMetaState, writeMetaState } from '../../../core/snapshot/meta-codec.ts';
import {
  diffFromListing,
  formatMetaDiff,
  gidInfoOf,
  gidInfoToText,
  snapToText,
  stateFromText,
  stateToText,
  stateToTextWithTime,
} from '../../../core/snapshot/meta-text.ts';
import {
  latestSnapshot,
  latestState,
  restorableList,
  stateByGid,
} from '../../../core/snapshot/state-query.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { readTarGz } from '../../tar.ts';
import { S } from './arbitraries.ts';

/** What the original archives said about their volumes, and what they had in their folders. */
const moments = [
  ['a-full-backup', 'a0', 'a0'],
  ['b-two-diffs', 'a0', 'a0'],
  ['c-interrupted-apply', 'a0-started-again', 'a0'],
  ['f-thin-with-cold', 'a1', 'a1'],
] as const;
const states = new GoldenCounter('state', (path) => !/\/a[01][^/]*\.txt$/.test(path));
const bases = new GoldenCounter('base', (path) => !/\/[ap][01]\.tar\.gz$/.test(path));

/** The answers of a moment, by command. */
function answersOf(text: string): (command: string) => string[] {
  const answers = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# walbc ')) answers.set(line.slice('# walbc '.length), (lines = []));
    else if (!line.startsWith('#') && line !== '') lines.push(line);
  }
  return (command) => {
    const found = answers.get(command);
    if (found === undefined) throw new Error(`no answer to ${command}`);
    return found;
  };
}

/** The output lines of one recorded command. */
function outputOf(dir: string, name: string): string[] {
  const text = readFileSync(join(dir, 'wire/archive', name), 'utf8');
  return [...text.matchAll(/^# stdout: (.*)$/gm)].map((match) => match[1]);
}

describe('archives of the original', () => {
  const dir = goldenDir();
  afterAll(() => console.log(`${states.report()}\n${bases.report()}`));

  for (const [moment, file, server] of moments) {
    it(moment, () => {
      if (dir === null) return;
      const path = `state/${moment}/${file}.txt`;
      const said = answersOf(readFileSync(join(dir, path), 'utf8'));
      const [baseText] = said('get base vol0');
      const base = stateFromText(baseText, 0);
      const set = new DiffSet(said('get diff vol0').map(diffFromListing));
      const listed = (isAll: boolean) =>
        restorableList(set, base, isAll).map((state) => gidInfoToText(gidInfoOf(state)));

      expect(stateToTextWithTime(base)).toBe(baseText);
      expect(set.getAll().map((diff) => formatMetaDiff('', diff))).toEqual(said('get diff vol0'));
      const chain = applicableDiffList(set, base.snapB).map((diff) => formatMetaDiff('', diff));
      expect(chain).toEqual(said('get applicable-diff vol0'));
      expect(listed(false)).toEqual(said('get restorable vol0'));
      expect(listed(true)).toEqual(said('get restorable vol0 all'));
      expect([snapToText(latestSnapshot(set, base))]).toEqual(said('get meta-snap vol0'));
      const byGid = (stage: 'begin' | 'end') => [stateToTextWithTime(stateByGid(set, base, null, stage))];
      expect(byGid('end')).toEqual(said('get meta-state vol0 0'));
      expect(byGid('begin')).toEqual(said('get meta-state vol0 1'));
      const latest = latestState(set, base);
      const point = { gid: latest.snapB.gidB, timestamp: latest.timestamp };
      expect([archiveLatestSnapToText('vol0', point)]).toEqual(said('get latest-snap vol0'));
      expect([String(set.size)]).toEqual(said('get num-diff vol0'));
      const totalBytes = set.getAll().reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
      expect([String(totalBytes)]).toEqual(said('get total-diff-size vol0'));
      const status = said('status vol0');
      expect(status).toContain(`base ${stateToText(base)}`);
      expect(status).toContain(`latest ${snapToText(latest.snapB)}`);
      expect(status).toContain(`numRestorable ${listed(false).length}`);
      expect(status).toContain(`numRestorableAll ${listed(true).length}`);
      states.check(path);

      const tar = `base/${moment}/${server}.tar.gz`;
      const bytes = readTarGz(join(dir, tar)).get(`var/walb/${server}/vol0/base`)!;
      const saved = decodeWith(readMetaState, bytes);
      expect(hexOf(encodeWith(writeMetaState, saved))).toBe(hexOf(bytes));
      expect(stateToTextWithTime(saved)).toBe(baseText);
      bases.check(tar);
    });
  }

  for (const moment of ['a-full-backup', 'b-two-diffs', 'd-proxy-with-diffs']) {
    it(`${moment}, proxy`, () => {
      if (dir === null) return;
      const tar = `base/${moment}/p0.tar.gz`;
      const bytes = readTarGz(join(dir, tar)).get('var/walb/p0/vol0/a0.archive')!;
      const info = decodeWith(readHostInfo, bytes);
      const said = answersOf(readFileSync(join(dir, `state/${moment}/p0.txt`), 'utf8'));
      expect([hostInfoToText(info)]).toEqual(said('archive-info get vol0 a0'));
      expect(hexOf(encodeWith(writeHostInfo, info))).toBe(hexOf(bytes));
      bases.check(tar);
    });
  }

  it('looks at every file', () => {
    expect([...states.missing(), ...bases.missing()]).toEqual([]);
  });

  it('merges what the original merged', () => {
    if (dir === null) return;
    const set = new DiffSet(outputOf(dir, '089-get-diff-before-merge.txt').map(diffFromListing));
    expect(mergeableDiffList(set, 0)).toHaveLength(1);
    const merged = { ...mergeDiffs(mergeableDiffList(set, 1)), dataSizeBytes: 9754 };
    set.add(merged);
    collectGarbage(set, S(0, 1));
    const after = set.getAll().map((diff) => formatMetaDiff('', diff));
    expect(after).toEqual(outputOf(dir, '092-get-diff-after-merge.txt'));
  });

  it('lists what the original listed after disabling a snapshot, and after a hash backup', () => {
    if (dir === null) return;
    const two = new DiffSet(outputOf(dir, '019-get-diff.txt').map(diffFromListing));
    expect(two.changeSnapshot(2, false)).toHaveLength(1);
    const listed = (set: DiffSet, state: ReturnType<typeof makeState>, isAll: boolean) =>
      restorableList(set, state, isAll).map((at) => gidInfoToText(gidInfoOf(at)));
    const disabled = outputOf(dir, '064-get-restorable-disabled.txt');
    expect(listed(two, makeState(S(0, 1)), false)).toEqual(disabled);

    const hash = new DiffSet(outputOf(dir, '108-get-diff-after-hash-bkp.txt').map(diffFromListing));
    const base = stateFromText(outputOf(dir, '095-get-base-after-apply.txt')[0], 0);
    const after = outputOf(dir, '107-get-restorable-after-hash-bkp.txt');
    expect(listed(hash, base, true)).toEqual(after);
  });
});
