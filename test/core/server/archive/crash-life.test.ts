import { describe, expect } from 'vitest';
import { fullBackup } from './clients.ts';
import { type CrashScenario, itSurvives, verifyContent, verifyRestorable } from './crash-kit.ts';
import { CONTENTS, SIZE_LB, seedSmallVolume, TIME_S, UUID } from './small-volume.ts';
import type { ArchiveSiteOptions, TestArchive } from './support.ts';

const thin: ArchiveSiteOptions = {
  thin: true,
  extentLb: 1,
  profile: 'posix',
  commandLatency: { minUs: 1000, meanUs: 2000 },
  options: { discardPolicy: 'zero' },
};

async function stateOf(archive: TestArchive): Promise<string> {
  return (await archive.get('state', 'vol0'))[0];
}

async function okOrThrow(archive: TestArchive, ...words: string[]): Promise<void> {
  const [protocol, ...rest] = words;
  const reply = await archive.command(protocol, ...rest);
  if (reply !== 'ok') throw new Error(`${words.join(' ')}: ${reply}`);
}

/** A volume with copies of every kind. */
const withCopies = {
  seed: (site: TestArchive) => seedSmallVolume(site, { state: 'Stopped' }),
  prepare: async (site: TestArchive) => {
    await okOrThrow(site, 'start', 'vol0');
    await site.action('Restore', 'restore', 'vol0', '2');
    await site.action('Restore', 'restore', 'vol0', '3');
    await site.command('stop', 'vol0');
    await site.eventually(async () => (await stateOf(site)) === 'Stopped', 'stop');
  },
};

async function canBeUsedAgain(site: TestArchive): Promise<void> {
  expect(await fullBackup(site, { image: CONTENTS[3], uuid: UUID, timestamp: TIME_S, gidE: 0 })).toBe(null);
  expect(await stateOf(site)).toBe('Archived');
  verifyContent(site, 'wb_vol0', 3);
  expect(await site.get('restorable', 'vol0', 'all')).toHaveLength(1);
  expect(await site.get('cold', 'vol0')).toEqual([]);
  expect(site.files()).not.toContainEqual(expect.stringMatching(/wdiff$|cold$|full_repl/));
}

async function isUsed(site: TestArchive): Promise<void> {
  expect(await stateOf(site)).toBe('Archived');
  verifyContent(site, 'wb_vol0', 3);
}

const init: CrashScenario = {
  archive: thin,
  recheck: isUsed,
  seed: async () => {},
  act: (site) => okOrThrow(site, 'init-vol', 'vol0'),
  verify: async (site) => {
    expect(['Clear', 'SyncReady']).toContain(await stateOf(site));
  },
  finish: async (site) => {
    if ((await stateOf(site)) === 'Clear') await okOrThrow(site, 'init-vol', 'vol0');
    await canBeUsedAgain(site);
  },
};

const clear: CrashScenario = {
  archive: thin,
  recheck: isUsed,
  ...withCopies,
  act: (site) => okOrThrow(site, 'clear-vol', 'vol0'),
  verify: async (site) => {
    expect(['Clear', 'SyncReady', 'Stopped']).toContain(await stateOf(site));
  },
  finish: async (site) => {
    if ((await stateOf(site)) !== 'Clear') await okOrThrow(site, 'clear-vol', 'vol0');
    expect(site.lvNames()).toEqual([]);
    expect(site.files()).toEqual([]);
    await okOrThrow(site, 'init-vol', 'vol0');
    await canBeUsedAgain(site);
  },
};

const reset: CrashScenario = {
  archive: thin,
  recheck: isUsed,
  ...withCopies,
  act: (site) => okOrThrow(site, 'reset-vol', 'vol0'),
  verify: async (site) => {
    expect(['SyncReady', 'Stopped']).toContain(await stateOf(site));
  },
  finish: async (site) => {
    await okOrThrow(site, 'reset-vol', 'vol0');
    expect(site.lvNames()).toEqual([]);
    expect(site.files()).toEqual(['archive_uuid', 'base', 'state', 'uuid']);
    await canBeUsedAgain(site);
  },
};

const stopAndStart: CrashScenario = {
  archive: thin,
  seed: (site) => seedSmallVolume(site),
  act: async (site) => {
    await site.command('stop', 'vol0');
    await site.eventually(async () => (await stateOf(site)) === 'Stopped', 'stop', 5);
    await okOrThrow(site, 'start', 'vol0');
  },
  verify: async (site) => {
    expect(['Archived', 'Stopped']).toContain(await stateOf(site));
  },
  finish: async (site) => {
    if ((await stateOf(site)) === 'Stopped') await okOrThrow(site, 'start', 'vol0');
    expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
  },
};

/** An answer is a promise: what was said to be kept is kept. */
function flags(): CrashScenario {
  let answered = false;
  return {
    archive: thin,
    seed: async (site) => {
      answered = false;
      await seedSmallVolume(site, { mergeable: [2, 3, 4] });
    },
    act: async (site) => {
      await okOrThrow(site, 'enable-snapshot', 'vol0', '1', '2');
      answered = true;
    },
    verify: async (site) => {
      expect(await stateOf(site)).toBe('Archived');
      const explicit = (await site.get('restorable', 'vol0')).map((line) => Number(line.split(' ')[0]));
      if (answered) expect(explicit).toEqual([0, 1, 2, 4]);
    },
    finish: async (site) => {
      await okOrThrow(site, 'enable-snapshot', 'vol0', '1', '2');
      expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
    },
  };
}

const deletions: CrashScenario = {
  archive: thin,
  seed: (site) => seedSmallVolume(site),
  prepare: async (site) => {
    await site.action('Restore', 'restore', 'vol0', '2');
    await site.action('Restore', 'restore', 'vol0', '3');
  },
  act: async (site) => {
    await okOrThrow(site, 'del-restored', 'vol0', '2');
    await okOrThrow(site, 'del-cold', 'vol0', '3');
    await okOrThrow(site, 'gc-diff', 'vol0');
    await site.action('Resize', 'resize', 'vol0', String((SIZE_LB + 8) * 512), 'zeroclear');
  },
  verify: async (site) => {
    expect(await stateOf(site)).toBe('Archived');
    await verifyRestorable(site);
  },
  finish: async (site) => {
    expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
  },
};

describe('a crash at every call of the life of a volume', () => {
  const cases: [string, CrashScenario][] = [
    ['init-vol', init],
    ['clear-vol', clear],
    ['reset-vol', reset],
    ['stop and start', stopAndStart],
    ['enable-snapshot', flags()],
    ['deletions, garbage collection, resize', deletions],
  ];
  for (const [name, scenario] of cases) itSurvives(name, scenario);
});
