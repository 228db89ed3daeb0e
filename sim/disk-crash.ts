import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { type CachedWrite, copyRange } from './disk-cache.ts';
import type { DiskImage } from './disk-image.ts';
import { mix32, RandomStream } from './random.ts';

/** How a device tears what it had not yet flushed (docs/fault-model.md, "Disks"). */
export interface Atomicity {
  /** Unit that survives whole or not at all. */
  readonly atomicUnitBytes: number;
  /** Writes up to this size that do not cross a multiple of it survive whole or not at all; 0: only units do. */
  readonly atomicWriteLb: Lb;
}

/**
 * What a power loss does to unflushed writes. For each unit the survivor is one element of the unit's own
 * sequence of contents, from the newest that is durable on.
 * `none`: nothing more survives. `all`: everything does. `prefix`: what completed before a moment.
 * `newest`: only what completed after a moment. `random`: each unit for itself, the newest with probability
 * `newestProbability`.
 */
export interface PowerLossChoice {
  readonly kind: 'none' | 'all' | 'prefix' | 'newest' | 'random';
  /** The moment, as an id of a write. */
  readonly fromId: number;
  readonly newestProbability: number;
  /** Key of the draws for single units. */
  readonly seed: number;
}

/** Draws a choice for writes with ids in [firstId, endId). */
export function drawPowerLossChoice(random: RandomStream, firstId: number, endId: number): PowerLossChoice {
  const dice = random.below(100);
  const fromId = random.between(firstId, endId);
  const newestProbability = random.fraction();
  const seed = random.u32();
  const kind =
    dice < 15 ? 'none' : dice < 25 ? 'all' : dice < 45 ? 'prefix' : dice < 60 ? 'newest' : 'random';
  return { kind, fromId, newestProbability, seed };
}

const PAGE_LB = 8;

/** Applies to the image what a power loss leaves of `writes` (in the order in which readers saw them). */
export function keepSurvivors(
  image: DiskImage,
  writes: readonly CachedWrite[],
  atomicity: Atomicity,
  choice: PowerLossChoice,
): void {
  const byPage = new Map<number, CachedWrite[]>();
  for (const write of writes) {
    for (
      let page = Math.floor(write.addressLb / PAGE_LB);
      page * PAGE_LB < write.addressLb + write.sizeLb;
      page++
    ) {
      const list = byPage.get(page);
      if (list === undefined) byPage.set(page, [write]);
      else list.push(write);
    }
  }
  for (const [page, chain] of byPage) {
    if (isMadeOfAtomicWrites(chain, atomicity)) {
      for (const write of chain) {
        if (write.isDurable || survives(write, choice))
          applyPart(image, write, page * PAGE_LB, (page + 1) * PAGE_LB);
      }
      continue;
    }
    const isWhole = atomicity.atomicUnitBytes >= PAGE_LB * LOGICAL_BLOCK_BYTES;
    const unitLb = isWhole ? PAGE_LB : 1;
    for (let lb = page * PAGE_LB; lb < (page + 1) * PAGE_LB; lb += unitLb) {
      const own = isWhole ? chain : chain.filter((w) => w.addressLb <= lb && lb < w.addressLb + w.sizeLb);
      const kept = survivorIndex(own, lb, choice);
      for (let i = 0; i <= kept; i++) applyPart(image, own[i] as CachedWrite, lb, lb + unitLb);
    }
  }
}

/** Whether a write that is atomic as a whole survives. Any subset, applied in order, keeps the rule for blocks. */
function survives(write: CachedWrite, choice: PowerLossChoice): boolean {
  switch (choice.kind) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'prefix':
      return write.id < choice.fromId;
    case 'newest':
      return write.id >= choice.fromId;
    case 'random':
      return new RandomStream(choice.seed ^ mix32(write.id)).chance(choice.newestProbability);
  }
}

function isMadeOfAtomicWrites(chain: readonly CachedWrite[], atomicity: Atomicity): boolean {
  const limit = atomicity.atomicWriteLb;
  if (limit < PAGE_LB) return false;
  return chain.every(
    (w) => Math.floor(w.addressLb / limit) === Math.floor((w.addressLb + w.sizeLb - 1) / limit),
  );
}

/** Index of the write that survives in this unit; -1: none of them. */
function survivorIndex(chain: readonly CachedWrite[], unit: Lb, choice: PowerLossChoice): number {
  const last = chain.length - 1;
  let floor = last;
  while (floor >= 0 && !(chain[floor] as CachedWrite).isDurable) floor -= 1;
  if (floor === last) return last;
  switch (choice.kind) {
    case 'none':
      return floor;
    case 'all':
      return last;
    case 'prefix': {
      let kept = last;
      while (kept > floor && (chain[kept] as CachedWrite).id >= choice.fromId) kept -= 1;
      return kept;
    }
    case 'newest':
      return (chain[last] as CachedWrite).id >= choice.fromId ? last : floor;
    case 'random': {
      // Keyed by the newest write, so that a thin snapshot and its origin agree on what they share.
      const newest = (chain[last] as CachedWrite).id;
      const random = new RandomStream(
        mix32(choice.seed ^ mix32(newest ^ 0x51ed)) ^ mix32(unit % 0x1_0000_0000),
      );
      return random.chance(choice.newestProbability) ? last : random.between(floor, last);
    }
  }
}

function applyPart(image: DiskImage, write: CachedWrite, fromLb: Lb, toLb: Lb): void {
  const from = Math.max(fromLb, write.addressLb);
  const to = Math.min(toLb, write.addressLb + write.sizeLb);
  if (from >= to) return;
  if (write.data === null) {
    image.zero(from, to - from);
    return;
  }
  const bytes = new Uint8Array((to - from) * LOGICAL_BLOCK_BYTES);
  copyRange(write.data, write.addressLb, write.sizeLb, from, to, from, bytes);
  image.write(from, bytes);
}
