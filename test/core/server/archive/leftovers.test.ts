import { describe, expect, it } from 'vitest';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { replicate, withArchive, withReplica } from './running.ts';
import { SIZE_LB, seedSmallVolume } from './small-volume.ts';
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
