import { describe, expect, it } from 'vitest';
import { FakeArchive, Site, T0, TestProxy, withProxy, withVolume } from './support.ts';

describe('an operator of a proxy', () => {
  it('changes what is known of an archive, and what waits for it is kept', () =>
    withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0');
      await proxy.waitForState('Stopped');
      const waiting = proxy.waiting();
      expect(waiting.length).toBe(1);
      expect(await proxy.archiveInfo('update', 'a0', ['a0:10200', 'gzip:1:1', '0'])).toBe('ok');
      expect(proxy.waiting()).toEqual(waiting);
      archive.start();
      await proxy.must('start', 'vol0');
      await site.eventually(() => archive.ranges().length > 0, 'it must be sent', 3);
      expect(archive.ranges()).toEqual(['0-1 M']);
    }));

  it('kicks all volumes that are started', () =>
    withVolume({ reply: 'smaller-lv-size' }, async ({ site, archive, proxy }) => {
      for (const volId of ['vol1', 'vol2']) await proxy.archiveInfo('add', 'a0', ['a0:10200'], volId);
      await proxy.must('start', 'vol1');
      for (const volId of ['vol0', 'vol1']) await proxy.sendWlog(0, 1, { volId });
      await site.sleep(5);
      expect(archive.offered.length).toBe(2);
      archive.reply = () => 'accept';
      await proxy.must('kick');
      await site.sleep(1);
      expect(
        archive.offered
          .slice(2)
          .map(({ request }) => request.volId)
          .sort(),
      ).toEqual(['vol0', 'vol1']);
    }));

  it('asks for the latest snapshots: of each archive what waits for it, or that nothing does', async () => {
    const site = new Site();
    new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin(['a0', 'a1']);
      await proxy.sendWlog(0, 1);
      await site.eventually(() => proxy.waiting().length === 0, 'a0 has it', 3);
      const fields = (await proxy.get('latest-snap')).map((line) => line.split('\t').slice(0, 4));
      expect(fields).toEqual([
        ['name:vol0', 'kind:proxy', 'archive:a0', 'gid:'],
        ['name:vol0', 'kind:proxy', 'archive:a1', 'gid:1'],
      ]);
    });
  });

  it('asks for the state of a volume', () =>
    withVolume({ reply: 'smaller-lv-size' }, async ({ site, proxy }) => {
      await proxy.sendWlog(0, 1, { timestamp: T0 });
      await site.sleep(5);
      const sizeBytes = proxy.host.files.peek(`${proxy.base}/vol0/sendto/a0/${proxy.waiting()[0]}`)?.length;
      const lines = await proxy.status('vol0');
      expect(lines.slice(0, 8)).toEqual([
        'hostType proxy',
        'volume vol0',
        'state Started',
        'sizeLb 2048',
        'size 1m',
        'numDiff 0',
        'totalSize 0',
        lines[7],
      ]);
      expect(lines[7]).toMatch(/^lastWlogReceivedTime \d/);
      expect(lines.slice(8, 12)).toEqual([
        'totalNumAction 0',
        '-----Archive-----',
        '  archive a0',
        '  host a0:10200',
      ]);
      expect(lines).toContain('  numDiff 1');
      expect(lines).toContain('  isWdiffSendError 1');
      expect(lines).toContain(`  wdiffTotalSize ${sizeBytes}`);
    }));

  it('stops a volume before the delay of its diffs is over: nothing is sent until it is started', () =>
    withVolume({ words: ['snappy:0:1', '10'] }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0');
      await proxy.waitForState('Stopped');
      await site.sleep(30);
      expect(archive.offered).toEqual([]);
      expect(proxy.waiting().length).toBe(1);
      await proxy.must('start', 'vol0');
      await site.eventually(() => proxy.waiting().length === 0, 'it must be sent', 15);
    }));

  it('lets a conversation sleep, as long as was asked for', () =>
    withProxy({}, async ({ site, proxy }) => {
      const channel = await proxy.open('sleep');
      const beganS = site.nowS;
      channel.out.u64(8);
      await channel.flush('test.sleep');
      expect(await channel.readString('test.sleep')).toBe('ok');
      channel.close();
      expect(site.nowS - beganS).toBeCloseTo(8, 1);
    }));
});
