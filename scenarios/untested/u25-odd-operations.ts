import { siteScenario, VOL } from '../lib/site.ts';

export const u25 = siteScenario({
  name: 'u25-odd-operations',
  purpose: 'Discards larger than a log pack, flushes without writes, IO of one block at both ends arrive',
  layout: 's0/p0/a0',
  deviceMib: 4,
  logMib: 2,
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin();
    const device = site.device(s0);
    const endLb = device.device.sizeLb();
    const random = site.random.at('u25');
    await site.writeIn(device, { beginLb: 0, endLb }, 20);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    await device.discard(0, endLb);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    for (let i = 0; i < 10; i++) await device.flush();
    for (const addressLb of [0, endLb - 1, 1, endLb - 2]) await device.write(addressLb, random.bytes(512));
    await device.write(endLb - 1024, random.bytes(512 * 1024));
    await device.discard(endLb - 3, 3);
    await device.write(endLb - 1, random.bytes(512));
    await device.flush();
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
    await site.goStandby(s0);
    await device.discard(0, endLb >> 1);
    await site.verify(a0, await site.hashBackup(s0));
    await site.walbc.applyAll(a0, VOL);
  },
});
