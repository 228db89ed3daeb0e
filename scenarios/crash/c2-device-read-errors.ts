import { siteScenario, VOL } from '../lib/site.ts';

export const c2 = siteScenario({
  name: 'c2-device-read-errors',
  purpose: 'Reads of a walb device do not need the log disk, fail with the data disk, and are never stale',
  layout: 's0/p0/a0',
  needs: ['faulty-disks'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { story } = site;
    await site.begin();
    const recorded = site.device(s0);
    const { device } = recorded;
    await site.write(s0);
    await site.eventually(() => device.isWrittenBack(), 10, 'everything is on the data disk');
    const wanted = await device.read(0, 64);
    device.setDiskMode('log', 'error-reads');
    const read = await device.read(0, 64);
    story.check(Buffer.compare(wanted, read) === 0, 'a read does not need the log disk');
    device.setDiskMode('log', 'up');
    device.setDiskMode('data', 'error-reads');
    await story.refused('read while the data disk fails', () => device.read(0, 64), '');
    device.setDiskMode('data', 'up');
    story.check(Buffer.compare(wanted, await device.read(0, 64)) === 0, 'reads work again');
    device.setDiskMode('data', 'error-reads');
    await recorded.write(8, new Uint8Array(4096).fill(0x5a));
    await site.eventually(() => device.isWrittenBack(), 10, 'the write is on the data disk');
    await story.refused('read of what was written back', () => device.read(8, 8), '');
    device.setDiskMode('data', 'up');
    story.check(
      (await device.read(8, 8)).every((byte) => byte === 0x5a),
      'the write is there',
    );
    await recorded.flush();
    await site.verify(a0, await site.snapshot(s0, [a0]), VOL);
  },
});
