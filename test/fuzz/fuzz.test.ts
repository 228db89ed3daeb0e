import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../core/errors.ts';
import { fuzz } from './campaign.ts';
import { faultOf } from './guard.ts';
import { inputOf, plans } from './mutate.ts';
import { FuzzFault, type FuzzTarget, placed } from './target.ts';
import { TARGETS } from './targets/index.ts';

const FINDS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'fixtures', 'fuzz');
const folderOf = (target: FuzzTarget) => join(FINDS, target.name.replace(/[^a-zA-Z0-9-]/g, '_'));

describe('fuzz targets', () => {
  it('have names of their own, and finds only of targets that are there', () => {
    expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(TARGETS.length);
    const folders = TARGETS.map(folderOf);
    const kept = existsSync(FINDS) ? readdirSync(FINDS).map((name) => join(FINDS, name)) : [];
    expect(kept.filter((folder) => !folders.includes(folder))).toEqual([]);
  });

  it.each(TARGETS.map((target) => [target.name, target] as const))('%s', async (_name, target) => {
    const seeds = await target.seeds();
    expect(seeds.length).toBeGreaterThan(0);
    // What is valid is not refused.
    if (target.maySeedsBeRefused !== true) for (const seed of seeds) await target.run(seed.slice());
    for (const seed of seeds) expect(await faultOf(target, seed)).toBeNull();
    // What was found once stays mended.
    const folder = folderOf(target);
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      expect(await faultOf(target, new Uint8Array(readFileSync(join(folder, name)))), name).toBeNull();
    }
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        expect(await faultOf(target, inputOf(plan, seeds, target.repair))).toBeNull();
      }),
      // Some, so that every target is seen to work; `npm run fuzz` looks for faults.
      { numRuns: 10 },
    );
  });
});

describe('the fuzzer', () => {
  /** A decoder with a fault behind two conditions. */
  const broken = (fault: () => void): FuzzTarget => ({
    name: 'broken',
    seeds: async () => [Uint8Array.of(1, 2, 3, 4, 5, 6)],
    run: placed((bytes) => {
      if (bytes[0] !== 1) throw new FormatError('no');
      if (bytes[1] !== 0x80) throw new FormatError('no', 1);
      fault();
    }),
    refusals: [FormatError],
    maxArrayBytes: 0,
  });

  it.each<[string, () => void, string | RegExp]>([
    [
      'another error',
      () => {
        throw new TypeError('oops');
      },
      'oops',
    ],
    [
      'a place outside of the input',
      () => {
        throw new FormatError('no', 7000);
      },
      /offset 7000 of/,
    ],
    [
      'much memory',
      () => {
        new Uint8Array(1 << 30);
      },
      /Uint8Array of 1073741824 elements/,
    ],
  ])('finds %s and makes it small', async (_what, fault, message) => {
    let rounds = 0;
    const { find } = await fuzz(broken(fault), 1, () => ++rounds > 3000);
    expect(find?.fault.message).toMatch(message);
    expect([...(find?.input ?? [])]).toEqual([1, 0x80]);
  });

  it('finds values that are not stable, and inputs that are written to', async () => {
    const target = broken(() => {
      throw new FuzzFault('unstable');
    });
    expect((await faultOf(target, Uint8Array.of(1, 0x80)))?.message).toBe('unstable');
    const writing = {
      ...target,
      run: async (bytes: Uint8Array) => {
        bytes[0] = 1;
      },
    };
    expect((await faultOf(writing, Uint8Array.of(0)))?.message).toBe('the input was changed');
  });
});
