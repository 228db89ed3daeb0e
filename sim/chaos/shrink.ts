import type { Fault } from '../fault-kinds.ts';
import { type ChaosFailure, failureSignature } from './failure.ts';
import type { ChaosOperation } from './operations.ts';
import type { ChaosHistory } from './run.ts';
import { plainFields, replaced, simplerFaults, simplerOperations } from './simpler.ts';

/**
 * Reduces a failing history by delta debugging (docs/chaos.md, "Shrinking"): to fewer faults and operations, then
 * to simpler ones and a plainer layout, as long as it fails with the same signature.
 */

/** How a failing history is made smaller, and for how long. */
export interface ShrinkOptions {
  /** Runs a history and tells how it failed, null when it passed. */
  readonly run: (history: ChaosHistory) => Promise<ChaosFailure | null>;
  /** Runs at most. */
  readonly maxRuns: number;
  /** Asked before each run; true ends the shrinking with what there is. */
  readonly isTimeUp?: () => boolean;
  readonly onProgress?: (history: ChaosHistory, runs: number) => void;
}

/** The smallest history that was found, and how it fails. */
export interface Shrunk {
  readonly history: ChaosHistory;
  readonly failure: ChaosFailure;
  readonly runs: number;
}

/** Reduces a history that fails to one that fails with the same signature (docs/chaos.md, "Shrinking"). */
export async function shrinkHistory(
  history: ChaosHistory,
  failure: ChaosFailure,
  options: ShrinkOptions,
): Promise<Shrunk> {
  const signature = failureSignature(failure);
  let best = history;
  let bestFailure = failure;
  let runs = 0;
  const isSpent = () => runs >= options.maxRuns || options.isTimeUp?.() === true;
  /** Takes the candidate when it fails in the same way. */
  const take = async (candidate: ChaosHistory): Promise<boolean> => {
    if (isSpent()) return false;
    runs += 1;
    const found = await options.run(candidate);
    if (found === null || failureSignature(found) !== signature) return false;
    best = candidate;
    bestFailure = found;
    options.onProgress?.(best, runs);
    return true;
  };
  // What comes behind the failure did nothing for it.
  await take({
    ...best,
    operations: best.operations.filter(({ atUs }) => atUs <= failure.atUs),
    faults: best.faults.filter((fault) => !('atUs' in fault) || fault.atUs <= failure.atUs),
  });
  for (let before = ''; before !== JSON.stringify(best) && !isSpent(); ) {
    before = JSON.stringify(best);
    for (const kind of new Set(best.faults.map((fault) => fault.kind))) {
      await take({ ...best, faults: best.faults.filter((fault) => fault.kind !== kind) });
    }
    await removeParts(best.faults, (faults) => take({ ...best, faults }), isSpent);
    for (const kind of new Set(best.operations.map((operation) => operation.kind))) {
      await take({ ...best, operations: best.operations.filter((operation) => operation.kind !== kind) });
    }
    await removeParts(best.operations, (operations) => take({ ...best, operations }), isSpent);
    for (let i = 0; i < best.operations.length; i++) {
      for (const simpler of simplerOperations(best.operations[i] as ChaosOperation)) {
        if (await take({ ...best, operations: replaced(best.operations, i, simpler) })) break;
      }
    }
    for (let i = 0; i < best.faults.length; i++) {
      for (const simpler of simplerFaults(best.faults[i] as Fault)) {
        if (await take({ ...best, faults: replaced(best.faults, i, simpler) })) break;
      }
    }
    for (const plain of plainFields(best.layout)) {
      await take({ ...best, layout: { ...best.layout, ...plain } });
    }
  }
  return { history: best, failure: bestFailure, runs };
}

/** Removes halves, quarters and so on down to single items, as long as `take` agrees. */
async function removeParts<T>(
  items: readonly T[],
  take: (items: readonly T[]) => Promise<boolean>,
  isSpent: () => boolean,
): Promise<void> {
  let left = items;
  for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0; ) {
    for (let at = 0; at < left.length && !isSpent(); ) {
      const without = [...left.slice(0, at), ...left.slice(at + size)];
      if (await take(without)) left = without;
      else at += size;
    }
    if (size === 1 || isSpent()) return;
    size = Math.ceil(size / 2);
  }
}
