import { StateError } from '../errors.ts';
import { u64Text } from '../format/binary.ts';
import { applyDiff } from '../snapshot/algebra.ts';
import { applicableDiff } from '../snapshot/diff-chain.ts';
import { DiffSet } from '../snapshot/diff-set.ts';
import {
  diffToText,
  gidOrder,
  type MetaDiff,
  type MetaState,
  snapToText,
  stateToText,
} from '../snapshot/meta.ts';
import { readMetaState } from '../snapshot/meta-codec.ts';
import { minimumApplicableDiffList, restorableList } from '../snapshot/state-query.ts';
import { wdiffFileName } from '../snapshot/wdiff-name.ts';
import type { DirectoryEntry } from '../world/file-store.ts';
import { verifyDiffFiles } from './diff-files.ts';
import type { LocalFinding } from './finding.ts';
import { readValue, type TreeCheck, type VolumeVerdict, verifyVolumeFiles } from './volume-files.ts';

const FROM_ANOTHER = 'replicate the volume from another archive, or take a hash backup';

/**
 * Verifies the directory of an archive's volume: every file, and whether the diffs lead on from the base image. Images are
 * no files, so they are not looked at.
 */
export async function verifyArchiveVolume(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
): Promise<VolumeVerdict> {
  await verifyVolumeFiles(tree, directory, entries, {
    needed: ['state', 'uuid', 'archive_uuid', 'base'],
    optional: ['full_repl_state', 'zero_clear', '.cold'],
  });
  const { diffs, damaged } = await verifyDiffFiles(tree, directory, entries);
  const base = await readValue(tree, `${directory}/base`, readMetaState);
  const counts: Record<string, number | string> = { diffs: diffs.size };
  if (base === null) return { kind: 'archive volume', counts };
  counts.base = stateToText(base);
  if (gidOrder(base.snapB.gidB) === Number.POSITIVE_INFINITY) return { kind: 'archive volume', counts };
  const report = (finding: Omit<LocalFinding, 'offset'>) =>
    tree.onFinding({ file: directory, offset: null, ...finding });
  const set = new DiffSet(diffs.values());
  const chain = chainOf(set, base);
  checkChain(report, chain, set, base);
  const bad = chain.filter((diff) => damaged.has(diffToText(diff)));
  for (const diff of bad) checkDamaged(report, diff, chain);
  counts.restorable = restorableText(set, base, bad[0] ?? null);
  return { kind: 'archive volume', counts };
}

/** The diffs that lead on from the base, in order. */
function chainOf(set: DiffSet, base: MetaState): MetaDiff[] {
  const chain: MetaDiff[] = [];
  let at = base.snapB;
  for (let diff = applicableDiff(set, at); diff !== null; diff = applicableDiff(set, at)) {
    chain.push(diff);
    at = applyDiff(at, diff);
  }
  return chain;
}

type Report = (finding: Omit<LocalFinding, 'offset'>) => void;

function checkChain(report: Report, chain: readonly MetaDiff[], set: DiffSet, base: MetaState): void {
  try {
    minimumApplicableDiffList(set, base);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    report({
      severity: 'damage',
      part: 'base and diffs',
      problem: `an apply was interrupted at ${stateToText(base)}, and the diffs that complete it are missing`,
      cost: 'the base image is a mixture: no snapshot can be restored',
      remedy: `bring the missing diffs back, or ${FROM_ANOTHER}`,
    });
  }
  const reached = chain.reduce(applyDiff, base.snapB);
  const beyond = set.getAll().filter((diff) => gidOrder(diff.snapB.gidB) > gidOrder(reached.gidB));
  if (beyond.length > 0) {
    const [first] = beyond;
    report({
      severity: 'damage',
      part: 'diffs',
      problem: `the diffs lead to ${snapToText(reached)}, and the next one begins at ${snapToText(first.snapB)}`,
      cost: `${beyond.length} ${beyond.length === 1 ? 'diff' : 'diffs'} from gid ${u64Text(first.snapB.gidB)} on cannot be used`,
      remedy: `bring the missing diffs back before anything removes the others (gc-diff, a restart), or ${FROM_ANOTHER}`,
    });
  }
  const used = new Set(chain.map(diffToText));
  const idle = set.getAll().filter((diff) => !used.has(diffToText(diff)) && !beyond.includes(diff));
  if (idle.length > 0) {
    report({
      severity: 'notice',
      part: 'diffs',
      problem: `${idle.length} ${idle.length === 1 ? 'diff is' : 'diffs are'} older than the base, or inside of merged ones: ${idle.slice(0, 3).map(wdiffFileName).join(', ')}${idle.length > 3 ? ' ...' : ''}`,
      cost: '',
      remedy: 'none: the archive removes them when it starts',
    });
  }
}

/** What a damaged file of the chain costs: every snapshot behind its beginning. */
function checkDamaged(report: Report, diff: MetaDiff, chain: readonly MetaDiff[]): void {
  const [from, to] = [diff, chain[chain.length - 1]].map(({ snapE }) => u64Text(snapE.gidB));
  const snapshots = from === to ? `snapshot ${from}` : `snapshots ${from} to ${to}`;
  report({
    severity: 'damage',
    part: wdiffFileName(diff),
    problem: `the diff ${diffToText(diff)}, which leads on from the base, is damaged`,
    cost: `${snapshots} cannot be restored as of that time; those before can`,
    remedy: `do not apply or merge it; ${FROM_ANOTHER}`,
  });
}

/** The snapshots that can be restored, which no bad diff leads to. */
function restorableText(set: DiffSet, base: MetaState, firstBad: MetaDiff | null): string {
  try {
    const gids = restorableList(set, base, true)
      .filter(({ snapB }) => firstBad === null || gidOrder(snapB.gidB) <= gidOrder(firstBad.snapB.gidB))
      .map((state) => u64Text(state.snapB.gidB));
    if (gids.length === 0) return 'nothing';
    return gids.length <= 8
      ? `gids ${gids.join(' ')}`
      : `gids ${gids[0]} ... ${gids[gids.length - 1]} (${gids.length})`;
  } catch (error) {
    if (error instanceof StateError) return 'nothing';
    throw error;
  }
}
