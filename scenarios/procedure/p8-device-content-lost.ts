import { siteScenario, VOL } from '../lib/site.ts';
import { writeDifferences } from '../lib/workload.ts';

export const p8 = siteScenario({
  name: 'p8-device-content-lost',
  purpose: 'A device whose content was destroyed is written anew from a restored snapshot',
  layout: 's0/p0/a0',
  logMib: 4,
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin();
    await site.write(s0);
    const good = await site.snapshot(s0, [a0]);
    await site.overwrite(s0);
    await site.snapshot(s0, [a0]);
    const wanted = await site.image(a0, good);
    const device = site.device(s0);
    const present = await device.device.read(0, device.device.sizeLb());
    const writtenLb = await writeDifferences(device, present, wanted, 64);
    await device.flush();
    site.story.note(`${writtenLb} blocks of the device are written back from gid ${good}`);
    const gid = await site.snapshot(s0, [a0]);
    const image = await site.verify(a0, gid);
    site.story.check(Buffer.compare(image, wanted) === 0, `gid ${gid} of ${VOL} equals gid ${good}`);
  },
});
