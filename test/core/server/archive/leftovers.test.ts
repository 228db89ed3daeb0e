import { describe, expect, it } from 'vitest';
import { sendWords } from '../../../../core/protocol/command.ts';
import { wdiffFileName } from '../../../../core/snapshot/wdiff-name.ts';
import { scan } from './clients.ts';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { replicate, withArchive, withReplica } from './running.ts';
import { CONTENTS, iosOf, SIZE_LB, seedSmallVolume, stepDiff, TIME_S, wdiffBytes } from './small-volume.ts';
import type { TestArchive } from './support.ts';

/** What is open cannot be removed. */
async function clear(archive: TestArchive): Promise<void> {
  if ((await archive.get('state', 'vol0'))[0] !== 'SyncReady') {
    expect(await archive.command('stop', 'vol0')).toBe('accept');
    await archive.eventually(async () => (await archive.get('state', 'vol0'))[0] === 'Stopped', 'stop');
    expect(await archive.command('reset-vol', 'vol0')).toBe('ok');
  }
  expect(await archive.command('clear-vol', 'vol0')).toBe('ok');
  expect(archive.lvNames()).toEqual([]);
}

describe('nothing stays open', () => {
  it('behind an apply', async () => {
    await withArchive(async (archive) => {
      await archive.action('Apply', 'apply', 'vol0', '3');
      await clear(archive);
    });
  });

  it('behind a restore', async () => {
    await withArchive(async (archive) => {
      await archive.action('Restore', 'restore', 'vol0', '2');
      expect(await archive.command('del-restored', 'vol0', '2')).toBe('ok');
      await clear(archive);
    });
  });

  it('behind any of these on volumes with blocks of 4096 bytes', async () => {
    await withReplica(
      async (source, replica) => {
        await replicate(source, replica, { bulk: '4k' });
        await replica.action('Restore', 'restore', 'vol0', '2');
        verifyContent(replica, 'wr_vol0_2', 2);
        expect(await replica.command('del-restored', 'vol0', '2')).toBe('ok');
        await replica.action('Apply', 'apply', 'vol0', '3');
        verifyContent(replica, 'wb_vol0', 3);
        await clear(replica);
        await clear(source);
      },
      { physicalBlockBytes: 4096 },
      { physicalBlockBytes: 4096 },
    );
  });

  it('behind a scan, also one that its client gives up', async () => {
    await withArchive(async (archive) => {
      expect(Buffer.compare(await scan(archive, 3), CONTENTS[3])).toBe(0);
      const channel = await archive.open('virt-full-scan');
      await sendWords(channel, ['vol0', '3', '512'], 'test');
      await channel.readString('test.reply');
      channel.close();
      await clear(archive);
    });
  });

  it('behind a full replication and a resync, at both ends', async () => {
    await withReplica(async (source, replica) => {
      for (const doResync of [false, true]) {
        await replicate(source, replica, { doResync, bulk: '2k' });
        expect(await verifyRestorable(replica)).toEqual([0, 1, 2, 3, 4]);
      }
      await clear(replica);
      await clear(source);
    });
  });
});

describe('a server that starts', () => {
  it('removes a folder that is no volume', async () => {
    const seed = async (archive: TestArchive) => {
      await seedSmallVolume(archive);
      archive.host.files.seedDirectory(`${archive.base}/vol9`);
    };
    await withArchive(
      async (archive) => {
        expect(await archive.get('vol')).toEqual(['vol0']);
        expect([...archive.host.files.tree().keys()]).not.toContain(`${archive.base}/vol9`);
      },
      {},
      seed,
    );
  });

  it('takes the newer of two files of one diff, and says so', async () => {
    const older = wdiffFileName({ ...stepDiff(2), timestamp: TIME_S + 1 });
    const seed = async (archive: TestArchive) => {
      await seedSmallVolume(archive);
      archive.host.files.seed(`${archive.base}/vol0/${older}`, await wdiffBytes(iosOf(9)));
    };
    await withArchive(
      async (archive, site) => {
        expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4]);
        expect(await archive.get('diff', 'vol0', '1', '2')).toEqual([expect.stringContaining('22:13:22')]);
        const newer = wdiffFileName(stepDiff(2));
        expect(site.logText()).toContain(`two files of one diff: ${older} and ${newer}, the newer is used`);
      },
      {},
      seed,
    );
  });

  it('knows again how far a replica is when it has nothing to send', async () => {
    await withReplica(async (source, replica) => {
      await replicate(source, replica, { bulk: '2k' });
      const known = [expect.stringMatching(/dest:a0.*dest_gid:4.*ts_delta:0$/)];
      expect(await source.get('ts-delta')).toEqual(known);
      source.kill();
      await source.start();
      expect(await source.get('ts-delta')).toEqual([]);
      await replicate(source, replica, { bulk: '2k' });
      expect(await source.get('ts-delta')).toEqual(known);
    });
  });
});

describe('a merge', () => {
  it('needs two diffs, and takes no more than it may', async () => {
    await withArchive(
      async (archive) => {
        const gids = async () =>
          (await archive.get('diff', 'vol0')).map((line) => line.replace(/ -- .*| M- .*/, ''));
        await archive.action('Merge', 'merge', 'vol0', '1', 'gid', '3');
        expect(await gids()).toEqual(['|0|-->|1|', '|1|-->|3|', '|3|-->|4|']);
        expect(await archive.command('merge', 'vol0', '0', 'gid', '1')).toContain('no mergeable diff');
        expect(await verifyRestorable(archive)).toEqual([0, 1, 3, 4]);
      },
      {},
      (archive) => seedSmallVolume(archive, { mergeable: [3] }),
    );
  });
});

describe('a full copy', () => {
  it('shows nothing of an image that was left there', async () => {
    await withReplica(
      async (source, replica, site) => {
        replica.kill();
        await replica.seedVolume('wb_vol0', new Uint8Array(SIZE_LB * 512).fill(0xee));
        await replica.start();
        // Zero blocks are not sent.
        await replicate(source, replica, { bulk: '512' });
        verifyContent(replica, 'wb_vol0', 0);
        expect(site.logText()).not.toContain(' error: ');
        expect(site.logText()).not.toContain('larger than needed');
      },
      { thin: true },
    );
  });

  it('onto a larger image goes well, and says so', async () => {
    await withReplica(async (source, replica, site) => {
      replica.kill();
      await replica.seedVolume('wb_vol0', new Uint8Array(2 * SIZE_LB * 512).fill(0xee));
      await replica.start();
      await replicate(source, replica);
      expect(await verifyRestorable(replica)).toEqual([0, 1, 2, 3, 4]);
      expect(site.logText()).toContain(`the base image is larger than needed:vol0:${2 * SIZE_LB}:${SIZE_LB}`);
    });
  });
});

describe('a cold snapshot', () => {
  it('is there after a start', async () => {
    await withArchive(
      async (archive) => {
        await archive.action('Restore', 'restore', 'vol0', '2');
        archive.kill();
        await archive.start();
        expect(await archive.get('cold', 'vol0')).toEqual(['2']);
        verifyContent(archive, 'wc_vol0_2', 2);
      },
      { thin: true },
    );
  });

  it('that is scanned is as large as the image has become', async () => {
    await withArchive(
      async (archive) => {
        await archive.action('Restore', 'restore', 'vol0', '2');
        expect(await archive.command('del-restored', 'vol0', '2')).toBe('ok');
        await archive.action('Resize', 'resize', 'vol0', '64k');
        for (const gid of [2, 3]) {
          const image = await scan(archive, gid);
          expect(image.length).toBe(2 * SIZE_LB * 512);
          expect(Buffer.compare(image.subarray(0, SIZE_LB * 512), CONTENTS[gid])).toBe(0);
          expect(image.subarray(SIZE_LB * 512).every((byte) => byte === 0)).toBe(true);
        }
      },
      { thin: true },
    );
  });
});

describe('a restore from a cold snapshot', () => {
  it('is as large as the image has become since', async () => {
    await withArchive(
      async (archive) => {
        const sizeOf = (name: string) => archive.store.inspect().find((each) => each.name === name)?.sizeLb;
        await archive.action('Restore', 'restore', 'vol0', '2');
        expect(archive.lvNames()).toContain('wc_vol0_2');
        expect(await archive.command('del-restored', 'vol0', '2')).toBe('ok');
        await archive.action('Resize', 'resize', 'vol0', '64k');
        expect(sizeOf('wb_vol0')).toBe(2 * SIZE_LB);
        await archive.action('Restore', 'restore', 'vol0', '2');
        expect(sizeOf('wr_vol0_2')).toBe(2 * SIZE_LB);
        verifyContent(archive, 'wr_vol0_2', 2);
      },
      { thin: true },
    );
  });
});
