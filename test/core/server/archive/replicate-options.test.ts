import { describe, expect, it } from 'vitest';
import { MemorySink } from '../../../../core/engine/memory-stream.ts';
import { SortedWdiffWriter } from '../../../../core/engine/sorted-wdiff-writer.ts';
import { makeDiff } from '../../../../core/snapshot/meta.ts';
import { wdiffFileName } from '../../../../core/snapshot/wdiff-name.ts';
import { RandomStream } from '../../../../sim/random.ts';
import { sendWdiff } from './clients.ts';
import { verifyRestorable } from './crash-kit.ts';
import { replicate, SMALL, withReplica } from './running.ts';
import { iosOf, SIZE_LB, seedSmallVolume, stepDiff, TIME_S, UUID } from './small-volume.ts';
import { codecs, Site, type TestArchive } from './support.ts';

/** Where a replication ends, and what it sends. */

async function latestGid(archive: TestArchive): Promise<number> {
  const lines = await archive.get('restorable', 'vol0', 'all');
  return Number(lines.at(-1)?.split(' ')[0]);
}

describe('a replication until a gid', () => {
  it('ends with the first diff that reaches it', async () => {
    await withReplica(async (source, replica) => {
      await replicate(source, replica, { dontMerge: true, until: ['gid', '2'] });
      expect(await verifyRestorable(replica)).toEqual([0, 1, 2]);
      await replicate(source, replica, { dontMerge: true, until: ['gid', '2'] });
      expect(await latestGid(replica)).toBe(2);
      await replicate(source, replica, { dontMerge: true, until: ['gid', '3'] });
      expect(await verifyRestorable(replica)).toEqual([0, 1, 2, 3]);
    });
  });
});

describe('a replication until a size', () => {
  it('ends when the diffs that are left have at most so many MiB', async () => {
    await withReplica(async (source, replica) => {
      // 1.5 MiB that do not compress, behind four small diffs.
      const sizeLb = 4096;
      await source.action('Resize', 'resize', 'vol0', '2m');
      const data = new RandomStream(1).bytes(3072 * 512);
      const large = { addressLb: SIZE_LB, sizeLb: 3072, kind: 'normal', data } as const;
      expect(await sendWdiff(source, stepDiff(5), [large], UUID, 'vol0', sizeLb)).toEqual({ kind: 'accept' });
      await replicate(source, replica, { dontMerge: true, until: ['size', '2'] });
      expect(await latestGid(replica)).toBe(0);
      await replicate(source, replica, { dontMerge: true, until: ['size', '1'] });
      expect(await latestGid(replica)).toBe(5);
    });
  });
});

describe('a replication that must not merge', () => {
  it('sends the packs of a sorted diff as they are', async () => {
    const site = new Site();
    const source = site.addArchive({ ...SMALL, name: 'a9', port: 10209 });
    const replica = site.addArchive(SMALL);
    await site.run(async () => {
      await seedSmallVolume(source, { lastGid: 0 });
      const name = wdiffFileName(makeDiff(0, 1, { timestamp: TIME_S + 1 }));
      const sink = new MemorySink();
      const gzip = { type: 'gzip', level: 9 } as const;
      const writer = await SortedWdiffWriter.open(sink, UUID, { compression: gzip, pool: codecs });
      for (const io of iosOf(1)) await writer.add(io);
      await writer.close();
      source.host.files.seed(`${source.base}/vol0/${name}`, sink.bytes.slice());
      await source.start();
      await replica.start();
      for (const [dontMerge, isSame] of [
        [false, false],
        [true, true],
      ]) {
        expect(await replica.command('init-vol', 'vol0')).toBe('ok');
        await replicate(source, replica, { dontMerge });
        expect(await verifyRestorable(replica)).toEqual([0, 1]);
        const sent = replica.file(name) as Uint8Array;
        expect(Buffer.compare(sent, sink.bytes) === 0, `dontMerge ${dontMerge}`).toBe(isSame);
        expect(await replica.command('stop', 'vol0')).toBe('accept');
        await replica.eventually(async () => (await replica.get('state', 'vol0'))[0] === 'Stopped', 'stop');
        expect(await replica.command('reset-vol', 'vol0')).toBe('ok');
        expect(await replica.command('clear-vol', 'vol0')).toBe('ok');
      }
    });
  });
});
