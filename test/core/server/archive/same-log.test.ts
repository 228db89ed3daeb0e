import { describe, expect, it } from 'vitest';
import { makeDiff } from '../../../../core/snapshot/meta.ts';
import { hashBackup, sendWdiff } from './clients.ts';
import { replicate, SMALL, withArchive } from './running.ts';
import { CONTENTS, difference, iosOf, seedSmallVolume, stepDiff, TIME_S, UUID } from './small-volume.ts';
import type { TestArchive } from './support.ts';

/** The log of the storage behind the hash backup. */
const NEW_UUID = UUID.map((byte) => byte ^ 0xff);
/** Newest gid of the source before the hash backup. */
const SOURCE_GID = 4;

/**
 * A replica with diffs of the old log up to `replicaGid`, and a source that has less of them, is backed up by hashing
 * and goes on with a new log: |4| -> |5,6| -> |6| -> |7|.
 */
async function withReplicaAt(
  replicaGid: number,
  test: (replica: TestArchive, source: TestArchive) => Promise<void>,
  isFollowed = true,
): Promise<void> {
  await withArchive(
    async (replica, site) => {
      const source = site.addArchive({ ...SMALL, name: 'a9', port: 10209 });
      await seedSmallVolume(source, { lastGid: SOURCE_GID });
      await source.start();
      const backup = { image: CONTENTS[8], uuid: NEW_UUID, timestamp: TIME_S + 50, gidE: 1 };
      expect(await hashBackup(source, backup)).toMatchObject({ gidE: SOURCE_GID });
      const next = [
        [makeDiff(5, 6, { isMergeable: true, timestamp: TIME_S + 60 }), difference(CONTENTS[8], CONTENTS[9])],
        [makeDiff(6, 7, { timestamp: TIME_S + 70 }), difference(CONTENTS[9], CONTENTS[10])],
      ] as const;
      for (const [diff, ios] of isFollowed ? next : []) await sendWdiff(source, diff, ios, NEW_UUID);
      await test(replica, source);
    },
    {},
    (replica) => seedSmallVolume(replica, { lastGid: replicaGid }),
  );
}

const listed = async (archive: TestArchive) =>
  (await archive.get('restorable', 'vol0', 'all')).map((line) => Number(line.split(' ')[0]));

async function expectContent(archive: TestArchive, gid: number, content: Uint8Array): Promise<void> {
  await archive.action('Restore', 'restore', 'vol0', String(gid));
  expect(Buffer.compare(archive.image(`wr_vol0_${gid}`), content)).toBe(0);
}

describe('a replica that has more of the old log than its source, behind a hash backup of the source', () => {
  for (const replicaGid of [5, 6]) {
    it(`takes no diff of the new log behind gid ${replicaGid} of the old one, and is compared with`, async () => {
      await withReplicaAt(replicaGid, async (replica, source) => {
        await replicate(source, replica);
        expect(replica.site.logText()).toContain(`|${replicaGid}| is of another log than`);
        expect((await listed(replica)).at(-1)).toBe(7);
        await expectContent(replica, replicaGid, CONTENTS[replicaGid]);
        await expectContent(replica, 7, CONTENTS[10]);
        expect(await replica.get('uuid', 'vol0')).toEqual([Buffer.from(NEW_UUID).toString('hex')]);
      });
    });

    it(`follows by a resync from gid ${replicaGid}, too`, async () => {
      await withReplicaAt(replicaGid, async (replica, source) => {
        await replicate(source, replica, { doResync: true });
        expect(await listed(replica)).toEqual(await listed(source));
        await expectContent(replica, 7, CONTENTS[10]);
      });
    });
  }
});

describe('a replica that is behind what its source merged away', () => {
  /** The source gives its old snapshots up, and merges what lies between the two gids. */
  const mergeAway = async (source: TestArchive, gidB: number, gidE: number) => {
    await source.command('disable-snapshot', 'vol0', '2', '3', '4', '6');
    if (gidB < gidE) await source.action('Merge', 'merge', 'vol0', String(gidB), 'gid', String(gidE));
  };

  it('goes over the hash backup by plain diffs while these are files of their own', async () => {
    for (const replicaGid of [2, 3, SOURCE_GID]) {
      await withReplicaAt(replicaGid, async (replica, source) => {
        await mergeAway(source, 0, 0);
        await replicate(source, replica);
        expect(replica.site.logText()).not.toContain('is of another log than');
        await expectContent(replica, 7, CONTENTS[10]);
        expect(await replica.get('uuid', 'vol0')).toEqual([Buffer.from(NEW_UUID).toString('hex')]);
      });
    }
  });

  it('goes over a merged diff where its source has just brought it to the beginning of that', async () => {
    await withReplicaAt(1, async (replica, source) => {
      await mergeAway(source, 2, 7);
      await replicate(source, replica);
      expect(replica.site.logText()).not.toContain('is of another log than');
      await expectContent(replica, 7, CONTENTS[10]);
    });
  });

  for (const replicaGid of [3, SOURCE_GID]) {
    it(`is compared with from gid ${replicaGid} where the diff of the hash backup is merged with older ones`, async () => {
      await withReplicaAt(replicaGid, async (replica, source) => {
        await mergeAway(source, 2, 7);
        await replicate(source, replica);
        expect(source.site.logText()).toContain('compares instead');
        expect((await listed(replica)).at(-1)).toBe(7);
        await expectContent(replica, replicaGid, CONTENTS[replicaGid]);
        await expectContent(replica, 7, CONTENTS[10]);
        expect(await sendWdiff(replica, stepDiff(8), iosOf(8))).toMatchObject({ word: 'different-uuid' });
      });
    });
  }

  it('is told to resync while the source has no clean snapshot behind the hash backup', async () => {
    await withReplicaAt(
      3,
      async (replica, source) => {
        await mergeAway(source, 2, 5);
        await replicate(source, replica);
        expect(source.site.logText()).toContain('replicate with resync');
        expect((await listed(replica)).at(-1)).toBe(3);
        await expectContent(replica, 3, CONTENTS[3]);
      },
      false,
    );
  });
});

describe('a replica that has no more of the old log than its source', () => {
  for (const replicaGid of [2, SOURCE_GID]) {
    it(`goes from gid ${replicaGid} over the hash backup to the new log`, async () => {
      await withReplicaAt(replicaGid, async (replica, source) => {
        await replicate(source, replica);
        expect((await listed(replica)).at(-1)).toBe(7);
        await expectContent(replica, 7, CONTENTS[10]);
        expect(await sendWdiff(replica, stepDiff(8), iosOf(8))).toMatchObject({ word: 'different-uuid' });
      });
    });
  }
});
