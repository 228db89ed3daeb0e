import type { UnitMutant } from './mutant.ts';

/** Mistakes in what is said of files: `walbox verify` and `walbox stat`. */
export const VERIFY_STAT_MUTANTS: readonly UnitMutant[] = [
  {
    name: 'stat-region-ends-early',
    file: 'core/engine/stat/region-map.ts',
    text: 'const last = Math.ceil(endLb / this.#regionLb);',
    replacement: 'const last = Math.floor(endLb / this.#regionLb);',
    breaks: 'the last part of a write that ends within a region is not counted there',
    tests: ['test/core/engine/stat/maps.test.ts'],
  },
  {
    name: 'stat-doubling-loses-a-region',
    file: 'core/engine/stat/region-map.ts',
    text: 'counts[2 * i] + counts[2 * i + 1] : 0;',
    replacement: 'counts[2 * i] : 0;',
    breaks: 'half of what was written is forgotten whenever a larger address comes',
    tests: ['test/core/engine/stat/maps.test.ts'],
  },
  {
    name: 'verify-believes-any-lsid',
    file: 'core/verify/wlog.ts',
    text: "if (typeof pack !== 'string' && pack.logpackLsid === lsid) {",
    replacement: "if (typeof pack !== 'string') {",
    breaks: 'a wlog in which packs are missing or stand twice is said to be sound',
    tests: ['test/core/verify/files.test.ts'],
  },
  {
    name: 'verify-ends-at-the-first-bad-pack',
    file: 'core/verify/wlog.ts',
    text: 'const next = await findPack(check, place, lsid + 1);',
    replacement: 'const next = (await findPack(check, place, lsid + 1)) && null;',
    breaks: 'behind a bad pack nothing of a wlog is verified, and all of it is said to be lost',
    tests: ['test/core/verify/files.test.ts'],
  },
];
