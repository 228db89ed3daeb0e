import { STORAGE_STEPS } from '../../core/server/storage/steps.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

const ROUNDS = 5;

type Server = Site['servers'][string];

export const e22 = siteScenario({
  name: 'e22-slow-log-disk',
  purpose:
    'Log is sent when its disk has it for good, however slow, and a snapshot of lost log holds nothing newer',
  layout: 's0/p0/a0',
  needs: ['power-loss', 'crash-points'],
  deviceMib: 0.125,
  diskFlushS: 1,
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { device } = site.device(s0);
    await site.begin();
    for (let round = 0; round < ROUNDS; round++) {
      // Delivered, and dark at once: what the proxy has the log has, too.
      await writeUnsafely(site, s0, 4);
      await site.snapshotNbk(s0);
      site.group.powerLossAt(s0.name, { step: STORAGE_STEPS.saveDone, nth: 1 });
      await site.eventually(() => !site.group.isRunning(s0.name), 60, 's0 is dark');
      site.device(s0).ledger.powerLoss();
      await backAgain(site, s0);
      const image = await device.read(0, device.sizeLb());
      const gid = await site.snapshot(s0, [a0]);
      const archived = (await site.verify(a0, gid)).subarray(0, image.length);
      site.story.check(Buffer.compare(image, archived) === 0, 'the archive has what the device has');
      // A snapshot of log that is lost: other log comes to its place.
      await writeUnsafely(site, s0, 3 + round);
      const lost = await site.snapshotNbk(s0);
      site.group.powerLoss(s0.name);
      site.device(s0).ledger.powerLoss();
      await backAgain(site, s0);
      await site.write(s0, VOL, 12);
      const later = await site.snapshot(s0, [a0]);
      await site.verify(a0, lost);
      await site.verify(a0, later);
      await site.walbc.apply(a0, VOL, later);
    }
  },
});

/** Writes at random that are answered before the disk has them for good. */
async function writeUnsafely(site: Site, s0: Server, count: number): Promise<void> {
  const recorded = site.device(s0);
  const random = site.random.at('e22', recorded.ledger.operationCount);
  for (let i = 0; i < count; i++) {
    const sizeLb = random.between(1, 8);
    const addressLb = random.below(recorded.device.sizeLb() - sizeLb);
    await recorded.write(addressLb, random.bytes(sizeLb * LOGICAL_BLOCK_BYTES));
  }
}

async function backAgain(site: Site, s0: Server): Promise<void> {
  site.group.powerOn(s0.name);
  await site.start(s0);
}
