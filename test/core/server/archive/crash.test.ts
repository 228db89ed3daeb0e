import { describe, expect } from 'vitest';
import { type CrashScenario, itSurvives, verifyContent, verifyRestorable } from './crash-kit.ts';
import { SIZE_LB, seedSmallVolume } from './small-volume.ts';
import type { ArchiveSiteOptions, TestArchive } from './support.ts';

const FAST = { minUs: 1000, meanUs: 2000 };
const base: ArchiveSiteOptions = {
  extentLb: 1,
  profile: 'posix',
  commandLatency: FAST,
  options: { discardPolicy: 'zero' },
};
const thick: ArchiveSiteOptions = { ...base, thin: false };
const thin: ArchiveSiteOptions = { ...base, thin: true };
/** Several rounds of at most two diffs. */
const rounds = (options: ArchiveSiteOptions): ArchiveSiteOptions => ({
  ...options,
  options: { ...options.options, maxOpenDiffs: 2 },
});

async function isArchived(archive: TestArchive): Promise<void> {
  expect(await archive.get('state', 'vol0')).toEqual(['Archived']);
}

const restore = (archive: ArchiveSiteOptions): CrashScenario => ({
  archive,
  seed: (site) => seedSmallVolume(site),
  act: (site) => site.action('Restore', 'restore', 'vol0', '3'),
  verify: async (site) => {
    await isArchived(site);
    expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
  },
  finish: async (site) => {
    if (!(await site.get('restored', 'vol0')).includes('3'))
      await site.action('Restore', 'restore', 'vol0', '3');
    verifyContent(site, 'wr_vol0_3', 3);
  },
});

const apply = (archive: ArchiveSiteOptions): CrashScenario => ({
  archive,
  seed: (site) => seedSmallVolume(site),
  act: (site) => site.action('Apply', 'apply', 'vol0', '3'),
  verify: async (site) => {
    await isArchived(site);
    const listed = await verifyRestorable(site);
    expect(listed).toContain(3);
    expect(listed).toContain(4);
  },
  finish: async (site) => {
    const base = await site.get('base', 'vol0');
    if (!base[0].startsWith('<|3|>')) await site.action('Apply', 'apply', 'vol0', '3');
    expect((await site.get('base', 'vol0'))[0]).toMatch(/^<\|3\|>/);
    verifyContent(site, 'wb_vol0', 3);
    expect(await verifyRestorable(site)).toEqual([3, 4]);
    expect(await site.command('gc-diff', 'vol0')).toBe('ok');
    expect(await site.get('num-diff', 'vol0')).toEqual(['1']);
  },
});

const promotion: CrashScenario = {
  ...apply(thin),
  prepare: async (site) => {
    await site.action('Restore', 'restore', 'vol0', '2');
    await site.action('Restore', 'restore', 'vol0', '3');
    await site.action('Resize', 'resize', 'vol0', String(SIZE_LB * 512 + 4096));
  },
};

const merge: CrashScenario = {
  archive: thick,
  seed: (site) => seedSmallVolume(site, { mergeable: [2, 3] }),
  act: (site) => site.action('Merge', 'merge', 'vol0', '0', 'gid', '3'),
  verify: async (site) => {
    await isArchived(site);
    const listed = await verifyRestorable(site);
    for (const gid of [0, 3, 4]) expect(listed).toContain(gid);
  },
  finish: async (site) => {
    if ((await site.get('num-diff', 'vol0'))[0] !== '2')
      await site.action('Merge', 'merge', 'vol0', '0', 'gid', '3');
    expect(await site.get('exists-diff', 'vol0', '0', '0', '3', '3')).toEqual(['1']);
    expect(await verifyRestorable(site)).toEqual([0, 3, 4]);
  },
};

describe('a crash at every call', () => {
  const cases: [string, CrashScenario][] = [
    ['restore from a thick base', restore(thick)],
    ['restore on thin volumes, in rounds', restore(rounds(thin))],
    ['apply', apply(thick)],
    ['apply in rounds', apply(rounds(thick))],
    ['apply by promotion of a cold snapshot', promotion],
    ['merge', merge],
  ];
  for (const [name, scenario] of cases) itSurvives(name, scenario);
});
