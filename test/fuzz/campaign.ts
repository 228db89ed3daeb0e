import fc from 'fast-check';
import { CoverageMap } from './coverage.ts';
import { faultOf } from './guard.ts';
import { inputOf, plans } from './mutate.ts';
import type { FuzzTarget } from './target.ts';

/** Inputs between two looks at the coverage: a look costs as much as many inputs. */
const BATCH = 64;
/** Inputs by which something new ran become seeds, so many at most. */
const MAX_SEEDS = 2000;
/** Longer inputs do not become seeds. */
const MAX_SEED_BYTES = 64 * 1024;

export interface Find {
  readonly input: Uint8Array;
  readonly fault: Error;
}

export interface CampaignResult {
  readonly runs: number;
  readonly seeds: number;
  readonly covered: number;
  readonly find: Find | null;
}

/**
 * Fuzzes one target until `isOver`, asked with the number of inputs so far, says so or a fault is found: mutations of valid inputs, and of all inputs that made
 * something run which had not run before.
 */
export async function fuzz(
  target: FuzzTarget,
  seed: number,
  isOver: (runs: number) => boolean,
): Promise<CampaignResult> {
  const seeds = [...(await target.seeds())];
  const map = new CoverageMap();
  let runs = 0;
  try {
    for (const input of seeds) {
      const fault = await faultOf(target, input);
      if (fault !== null) return { runs, seeds: seeds.length, covered: map.size, find: { input, fault } };
    }
    map.take();
    for (let round = 0; !isOver(runs); round++) {
      const batch = fc
        .sample(plans, { seed: seed + round, numRuns: BATCH })
        .map((plan) => inputOf(plan, seeds, target.repair));
      for (const input of batch) {
        runs++;
        const fault = await faultOf(target, input);
        if (fault === null) continue;
        const find = await minimized(target, { input, fault });
        return { runs, seeds: seeds.length, covered: map.size, find };
      }
      if (map.take(false) > 0 && seeds.length < MAX_SEEDS) await adopt(target, batch, map, seeds);
    }
    return { runs, seeds: seeds.length, covered: map.size, find: null };
  } finally {
    map.close();
  }
}

/**
 * Makes a seed of an input of a batch by which something new ran, found by halving: a look at the coverage costs as much
 * as many inputs. What others of the batch did is new still when it comes again.
 */
async function adopt(
  target: FuzzTarget,
  batch: readonly Uint8Array[],
  map: CoverageMap,
  seeds: Uint8Array[],
): Promise<void> {
  let left = batch;
  while (left.length > 1) {
    const half = left.slice(0, left.length >> 1);
    for (const input of half) await faultOf(target, input);
    left = map.take(false) > 0 ? half : left.slice(half.length);
  }
  await faultOf(target, left[0]);
  if (map.take() > 0 && left[0].length <= MAX_SEED_BYTES) seeds.push(left[0]);
}

/** The shortest input that is found by leaving pieces out and zeroing bytes while the fault stays the same. */
async function minimized(target: FuzzTarget, find: Find): Promise<Find> {
  let best = find;
  const kindOf = (fault: Error) => `${fault.name}:${fault.message.replace(/\d+/g, '')}`;
  const kind = kindOf(find.fault);
  const attempt = async (input: Uint8Array): Promise<boolean> => {
    const fault = await faultOf(target, input);
    if (fault === null || kindOf(fault) !== kind) return false;
    best = { input, fault };
    return true;
  };
  let budget = 3000;
  for (let size = best.input.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.input.length && budget > 0; budget--) {
      const without = new Uint8Array(
        Buffer.concat([best.input.subarray(0, at), best.input.subarray(at + size)]),
      );
      if (!(await attempt(without))) at += size;
    }
  }
  for (let at = 0; at < best.input.length && budget > 0; at++) {
    if (best.input[at] === 0) continue;
    budget--;
    const zeroed = best.input.slice();
    zeroed[at] = 0;
    await attempt(zeroed);
  }
  return best;
}
