import { describe, expect, it } from 'vitest';
import { fullBackup, hashBackup, sendWdiff } from './clients.ts';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { ARCHIVE_UUID, CONTENTS, iosOf, seedSmallVolume, stepDiff, TIME_S, UUID } from './small-volume.ts';
import { type ArchiveSiteOptions, Site, type TestArchive } from './support.ts';

/** What was answered survives a power loss at the next instant, on the least that a file system promises. */

const HARSH: ArchiveSiteOptions = {
  extentLb: 1,
  profile: 'posix',
  thin: true,
  options: { discardPolicy: 'zero' },
};
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const BACKUP = { image: CONTENTS[0], uuid: UUID, timestamp: TIME_S, gidE: 0 };

interface Kept {
  readonly seed?: (archive: TestArchive) => Promise<void>;
  readonly act: (archive: TestArchive) => Promise<void>;
  readonly verify: (archive: TestArchive) => Promise<void>;
}

const stateOf = async (archive: TestArchive) => (await archive.get('state', 'vol0'))[0];

async function ok(archive: TestArchive, protocol: string, ...words: string[]): Promise<void> {
  expect(await archive.command(protocol, ...words)).toBe('ok');
}

const PROMISES: Record<string, Kept> = {
  'init-vol': {
    seed: async () => {},
    act: (archive) => ok(archive, 'init-vol', 'vol0'),
    verify: async (archive) => expect(await stateOf(archive)).toBe('SyncReady'),
  },
  'a full backup': {
    seed: async () => {},
    act: async (archive) => {
      await ok(archive, 'init-vol', 'vol0');
      expect(await fullBackup(archive, BACKUP)).toBe(null);
    },
    verify: async (archive) => {
      expect(await stateOf(archive)).toBe('Archived');
      verifyContent(archive, 'wb_vol0', 0);
    },
  },
  'a hash backup': {
    act: async (archive) => {
      const from = await hashBackup(archive, { ...BACKUP, image: CONTENTS[5] });
      expect(typeof from).toBe('object');
    },
    verify: async (archive) => expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4, 5]),
  },
  'a diff': {
    act: async (archive) => {
      expect(await sendWdiff(archive, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
    },
    verify: async (archive) => expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4, 5]),
  },
  'enable-snapshot': {
    seed: (archive) => seedSmallVolume(archive, { mergeable: [2, 3, 4] }),
    act: (archive) => ok(archive, 'enable-snapshot', 'vol0', '1', '2'),
    verify: async (archive) => {
      const explicit = (await archive.get('restorable', 'vol0')).map((line) => Number(line.split(' ')[0]));
      expect(explicit).toEqual([0, 1, 2, 4]);
    },
  },
  'a restore': {
    act: (archive) => archive.action('Restore', 'restore', 'vol0', '3'),
    verify: async (archive) => {
      expect(await archive.get('restored', 'vol0')).toEqual(['3']);
      await verifyRestorable(archive);
    },
  },
  'an apply': {
    act: (archive) => archive.action('Apply', 'apply', 'vol0', '3'),
    verify: async (archive) => {
      expect((await archive.get('base', 'vol0'))[0]).toMatch(/^<\|3\|>/);
      verifyContent(archive, 'wb_vol0', 3);
      expect(await verifyRestorable(archive)).toEqual([3, 4]);
    },
  },
  'a merge': {
    seed: (archive) => seedSmallVolume(archive, { mergeable: [2, 3] }),
    act: (archive) => archive.action('Merge', 'merge', 'vol0', '0', 'gid', '3'),
    verify: async (archive) => {
      const listed = await verifyRestorable(archive);
      for (const gid of [0, 3, 4]) expect(listed).toContain(gid);
    },
  },
  'reset-vol': {
    seed: (archive) => seedSmallVolume(archive, { state: 'Stopped' }),
    act: (archive) => ok(archive, 'reset-vol', 'vol0'),
    verify: async (archive) => {
      expect(await stateOf(archive)).toBe('SyncReady');
      expect(await fullBackup(archive, BACKUP)).toBe(null);
      expect(await archive.get('restorable', 'vol0', 'all')).toHaveLength(1);
    },
  },
  'clear-vol': {
    seed: (archive) => seedSmallVolume(archive, { state: 'Stopped' }),
    act: (archive) => ok(archive, 'clear-vol', 'vol0'),
    verify: async (archive) => {
      expect(await stateOf(archive)).toBe('Clear');
      expect(archive.lvNames()).toEqual([]);
    },
  },
  start: {
    seed: (archive) => seedSmallVolume(archive, { state: 'Stopped' }),
    act: (archive) => ok(archive, 'start', 'vol0'),
    verify: async (archive) => expect(await stateOf(archive)).toBe('Archived'),
  },
};

describe('what was answered survives a power loss', () => {
  for (const [name, { seed = seedSmallVolume, act, verify }] of Object.entries(PROMISES)) {
    it(name, { timeout: 60_000 }, async () => {
      for (const number of SEEDS) {
        const site = new Site({ seed: number });
        const archive = site.addArchive(HARSH);
        await site.run(async () => {
          await seed(archive);
          await archive.start();
          await act(archive);
          archive.host.powerLoss();
          archive.host.powerOn();
          await archive.start();
          await verify(archive);
        });
      }
    });
  }

  it('progress of a copy is not taken for that of another lineage', { timeout: 60_000 }, async () => {
    for (const number of SEEDS) {
      const site = new Site({ seed: number });
      const options = { ...HARSH, options: { ...HARSH.options, fsyncIntervalBytes: 4096 } };
      const first = site.addArchive({ ...HARSH, name: 'a8', port: 10208 });
      const second = site.addArchive({ ...HARSH, name: 'a9', port: 10209 });
      const replica = site.addArchive(options);
      await site.run(async () => {
        await seedSmallVolume(first);
        await seedSmallVolume(second);
        // Another image under another lineage, at the same gid.
        second.host.files.seed(
          `${second.base}/vol0/archive_uuid`,
          ARCHIVE_UUID.map((byte) => byte + 1),
        );
        second.store.medium('wb_vol0').poke(0, CONTENTS[3]);
        for (const archive of [first, second, replica]) await archive.start();
        await ok(replica, 'init-vol', 'vol0');
        const words = ['vol0', 'gid', '0', 'a0:10200', '0', '0', 'snappy:0:1', '1g', '2k'];
        const crash = async (source: TestArchive, step: string, nth: number) => {
          const call = { host: 'a0', process: 'walb-archive', step, call: null, nth } as const;
          site.simulation.faults.arm({
            kind: 'crash',
            ...call,
            phase: 'after',
            how: 'power-loss',
            downUs: 500_000,
          });
          await source.action('ReplSyncAsClient', 'replicate', ...words).catch(() => {});
          await site.simulation.sleep(2_000_000);
          await replica.eventually(() => replica.answers(), 'restart');
        };
        await crash(first, 'archive.full.image', 9);
        await crash(second, 'archive.volume.save-archive-uuid', 6);
        await second.action('ReplSyncAsClient', 'replicate', ...words);
        expect(await stateOf(replica)).toBe('Archived');
        verifyContent(replica, 'wb_vol0', 3);
      });
    }
  });
});
