/**
 * `walbox/snapshot`: the algebra of generations: snapshots, diffs and states as plain values, what may be applied and
 * merged, and which diffs make which image (docs/snapshots.md). Pure functions.
 */
export {
  applyDiff,
  applyDiffs,
  beginApplying,
  canApply,
  canApplyAll,
  canMerge,
  canMergeAll,
  type DiffRelation,
  endApplying,
  mergeDiff,
  mergeDiffs,
  relation,
} from './algebra.ts';
export { applicableAndMergeableDiffList, applicableDiff, applicableDiffList } from './diff-chain.ts';
export { DiffSet } from './diff-set.ts';
export {
  type DiffTraits,
  diffEquals,
  diffToText,
  isCleanDiff,
  isCleanSnap,
  type MetaDiff,
  type MetaLsidGid,
  type MetaSnap,
  type MetaState,
  makeApplyingState,
  makeDiff,
  makeSnap,
  makeState,
  NO_SNAP,
  NO_STATE,
  snapEquals,
  snapToText,
  stateEquals,
  stateToText,
} from './meta.ts';
export { snapFromText, stateFromText } from './meta-text.ts';
export {
  cleanSnapshotList,
  diffListToApply,
  diffListToRestore,
  diffListToScan,
  latestSnapshot,
  latestState,
  restorableList,
} from './state-query.ts';
export { parseWdiffFileName, WDIFF_SUFFIX, wdiffFileName } from './wdiff-name.ts';
