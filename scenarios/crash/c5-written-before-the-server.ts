import { siteScenario, VOL } from '../lib/site.ts';

const ROUNDS = 6;

export const c5 = siteScenario({
  name: 'c5-written-before-the-server',
  purpose:
    'A snapshot that was acknowledged before a power loss never holds what was written after it, whoever starts first',
  layout: 's0/p0/a0',
  needs: ['power-loss'],
  deviceMib: 0.25,
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, group, story } = site;
    const recorded = site.device(s0);
    const { device, ledger } = recorded;
    await site.begin();
    for (let round = 0; round < ROUNDS; round++) {
      const random = site.random.at('c5', round);
      // Answered, but nobody has flushed: a power loss may take it away.
      for (let i = 0; i < 6; i++)
        await recorded.write(random.below(500), random.bytes(512 * random.between(1, 8)));
      const gid = await site.snapshotNbk(s0);
      group.powerLoss(s0.name);
      ledger.powerLoss();
      story.note('the host of s0 loses its power right behind the answer');
      await site.sleep(1);
      group.powerOn(s0.name);
      // The application is back at once, and writes past the place in the log where the snapshot was taken.
      await device.read(0, 1);
      for (let i = 0; i < 20; i++)
        await recorded.write(random.below(500), random.bytes(512 * random.between(1, 8)));
      await recorded.flush();
      story.note('the application is back first and has written 20 times');
      await site.start(s0);
      await walbc.waitForRestorable(a0, VOL, gid, 400);
      await site.verify(a0, gid);
      await site.verify(a0, await site.snapshot(s0, [a0]));
    }
  },
});
