import { describe, expect } from 'vitest';
import { makeDiff } from '../../../../core/snapshot/meta.ts';
import { fullBackup, hashBackup, sendWdiff } from './clients.ts';
import { type CrashScenario, itSurvives, verifyContent, verifyRestorable } from './crash-kit.ts';
import { replicate } from './running.ts';
import {
  ARCHIVE_UUID,
  CONTENTS,
  difference,
  iosOf,
  seedSmallVolume,
  stepDiff,
  TIME_S,
  UUID,
} from './small-volume.ts';
import type { ArchiveSiteOptions, TestArchive } from './support.ts';

const FAST = { minUs: 1000, meanUs: 2000 };
const base: ArchiveSiteOptions = {
  extentLb: 1,
  profile: 'posix',
  commandLatency: FAST,
  options: { discardPolicy: 'zero', fsyncIntervalBytes: 8192 },
};
const thick: ArchiveSiteOptions = { ...base, thin: false };
const thin: ArchiveSiteOptions = { ...base, thin: true };
const NEW_UUID = UUID.map((byte) => byte ^ 0xff);

async function stateOf(archive: TestArchive): Promise<string> {
  return (await archive.get('state', 'vol0'))[0];
}

const receive: CrashScenario = {
  archive: thick,
  seed: (site) => seedSmallVolume(site),
  act: async (site) => {
    expect(await sendWdiff(site, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
  },
  verify: async (site) => {
    expect(await stateOf(site)).toBe('Archived');
    const listed = await verifyRestorable(site);
    expect([4, 5]).toContain(listed.at(-1));
  },
  finish: async (site) => {
    const reply = await sendWdiff(site, stepDiff(5), iosOf(5));
    expect(reply.kind === 'accept' || (reply.kind === 'rejected' && reply.word === 'too-old-diff')).toBe(
      true,
    );
    expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4, 5]);
  },
};

/** The volume goes on by one gid behind a hash backup. */
const hash: CrashScenario = {
  archive: thick,
  seed: (site) => seedSmallVolume(site, { lastGid: 2 }),
  act: async (site) => {
    const backup = { image: CONTENTS[5], uuid: NEW_UUID, timestamp: TIME_S + 50, gidE: 0 };
    const from = await hashBackup(site, backup);
    expect(typeof from).toBe('object');
  },
  verify: async (site) => {
    expect(await stateOf(site)).toBe('Archived');
    const listed = (await site.get('restorable', 'vol0', 'all')).map((line) => Number(line.split(' ')[0]));
    expect(listed.slice(0, 3)).toEqual([0, 1, 2]);
    await site.action('Restore', 'restore', 'vol0', '2');
    verifyContent(site, 'wr_vol0_2', 2);
    // A diff of the old log is never taken behind the backup.
    if (listed.length > 3)
      expect(await site.get('uuid', 'vol0')).toEqual([Buffer.from(NEW_UUID).toString('hex')]);
  },
  finish: async (site) => {
    const backup = { image: CONTENTS[5], uuid: NEW_UUID, timestamp: TIME_S + 60, gidE: 0 };
    const from = await hashBackup(site, backup);
    if (typeof from === 'string') throw new Error(from);
    const gid = (from.gidE ?? 0) + 1;
    await site.action('Restore', 'restore', 'vol0', String(gid));
    expect(Buffer.compare(site.image(`wr_vol0_${gid}`), CONTENTS[5])).toBe(0);
    expect(await site.command('del-restored', 'vol0', String(gid))).toBe('ok');
    await sendWdiff(
      site,
      makeDiff(gid, gid + 1, { timestamp: TIME_S + 61 }),
      difference(CONTENTS[5], CONTENTS[6]),
      NEW_UUID,
    );
    await site.action('Restore', 'restore', 'vol0', String(gid + 1));
    expect(Buffer.compare(site.image(`wr_vol0_${gid + 1}`), CONTENTS[6])).toBe(0);
    expect(await site.command('del-restored', 'vol0', String(gid + 1))).toBe('ok');
  },
};

const full = (archive: ArchiveSiteOptions): CrashScenario => ({
  archive,
  recheck: async (site) => {
    expect(await verifyRestorable(site)).toEqual([0, 1]);
  },
  seed: async () => {},
  prepare: async (site) => {
    expect(await site.command('init-vol', 'vol0')).toBe('ok');
  },
  act: async (site) => {
    const backup = { image: CONTENTS[0], uuid: UUID, timestamp: TIME_S, gidE: 0 };
    expect(await fullBackup(site, backup)).toBe(null);
  },
  verify: async (site) => {
    expect(['SyncReady', 'Archived']).toContain(await stateOf(site));
    if ((await stateOf(site)) === 'Archived') verifyContent(site, 'wb_vol0', 0);
  },
  finish: async (site) => {
    if ((await stateOf(site)) === 'SyncReady') {
      expect(await fullBackup(site, { image: CONTENTS[0], uuid: UUID, timestamp: TIME_S, gidE: 0 })).toBe(
        null,
      );
    }
    expect(await stateOf(site)).toBe('Archived');
    expect(await sendWdiff(site, stepDiff(1), iosOf(1))).toEqual({ kind: 'accept' });
    expect(await verifyRestorable(site)).toEqual([0, 1]);
  },
});

/** A source beside the archive that crashes. */
async function startSource(site: TestArchive, lastGid = 3, baseGid = 0): Promise<TestArchive> {
  const known = site.site.archives.get('a9');
  if (known !== undefined) return known;
  const source = site.site.addArchive({ ...thick, name: 'a9', port: 10209 });
  await seedSmallVolume(source, { lastGid, baseGid });
  await source.start();
  return source;
}

const fullReplication = (archive: ArchiveSiteOptions): CrashScenario => ({
  archive,
  seed: async (site) => {
    await startSource(site);
  },
  prepare: async (site) => {
    expect(await site.command('init-vol', 'vol0')).toBe('ok');
  },
  act: async (site) => replicate(await startSource(site), site),
  verify: async (site) => {
    expect(['SyncReady', 'Archived']).toContain(await stateOf(site));
    if ((await stateOf(site)) === 'Archived') await verifyRestorable(site);
  },
  finish: async (site) => {
    await replicate(await startSource(site), site);
    expect(await stateOf(site)).toBe('Archived');
    expect((await verifyRestorable(site)).at(-1)).toBe(3);
    verifyContent(site, 'wb_vol0', 0);
  },
});

const resync: CrashScenario = {
  archive: thin,
  seed: async (site) => {
    await startSource(site);
    await seedSmallVolume(site, { baseGid: 2, lastGid: 4 });
    site.host.files.seed(
      `${site.base}/vol0/archive_uuid`,
      ARCHIVE_UUID.map((byte) => byte + 1),
    );
  },
  prepare: async (site) => site.action('Restore', 'restore', 'vol0', '3'),
  act: async (site) => replicate(await startSource(site), site, { doResync: true }),
  verify: async (site) => {
    expect(['SyncReady', 'Archived']).toContain(await stateOf(site));
    if ((await stateOf(site)) === 'Archived') await verifyRestorable(site);
  },
  finish: async (site) => {
    await replicate(await startSource(site), site, { doResync: true });
    expect(await stateOf(site)).toBe('Archived');
    expect((await verifyRestorable(site)).at(-1)).toBe(3);
    verifyContent(site, 'wb_vol0', 0);
  },
};

const hashReplication: CrashScenario = {
  archive: thick,
  seed: async (site) => {
    await startSource(site, 5, 3);
    await seedSmallVolume(site, { lastGid: 1 });
  },
  act: async (site) => replicate(await startSource(site, 5, 3), site),
  verify: async (site) => {
    expect(await stateOf(site)).toBe('Archived');
    await verifyRestorable(site);
  },
  finish: async (site) => {
    await replicate(await startSource(site, 5, 3), site);
    expect((await verifyRestorable(site)).at(-1)).toBe(5);
  },
};

const diffReplication: CrashScenario = {
  archive: thick,
  seed: async (site) => {
    await startSource(site, 4);
    await seedSmallVolume(site, { lastGid: 1 });
  },
  act: async (site) => replicate(await startSource(site), site),
  verify: async (site) => {
    expect(await stateOf(site)).toBe('Archived');
    await verifyRestorable(site);
  },
  finish: async (site) => {
    await replicate(await startSource(site), site);
    expect((await verifyRestorable(site)).at(-1)).toBe(4);
  },
};

describe('a crash at every call of a receiving archive', () => {
  const cases: [string, CrashScenario][] = [
    ['wdiff receive', receive],
    ['hash backup', hash],
    ['full backup, thick', full(thick)],
    ['full backup, thin', full(thin)],
    ['full replication, thick', fullReplication(thick)],
    ['full replication, thin', fullReplication(thin)],
    ['resync', resync],
    ['hash replication', hashReplication],
    ['diff replication', diffReplication],
  ];
  for (const [name, scenario] of cases) {
    // What thin volumes have of their own is in the full backup.
    itSurvives(name, scenario, name !== 'full replication, thin');
  }
});
