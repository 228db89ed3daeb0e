import { siteScenario, VOL } from '../lib/site.ts';

/** A device says how far its log is needed at least so often. */
const CHECKPOINT_S = 11;

export const n12 = siteScenario({
  name: 'n12-exchange-storages',
  purpose: 'Target and standby change places and back, each time by a hash backup',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, s1, a0 } = site.servers;
    await site.begin();
    for (const [from, to] of [
      [s0, s1],
      [s1, s0],
    ] as const) {
      site.load(s0);
      site.load(s1);
      await site.sleep(0.3);
      await site.goStandby(from);
      await site.quiet();
      const gid = await site.hashBackup(to);
      await site.state(from, 'Standby');
      await site.state(to, 'Target');
      await site.verify(a0, gid);
    }
    // The log of a standby is removed as it grows: more than fits into it.
    for (let i = 0; i < 4; i++) {
      await site.overwrite(s1);
      await site.sleep(CHECKPOINT_S);
    }
    site.story.check(!(await site.walbc.isOverflow(s1, VOL)), 'the log of the standby has not overflowed');
    await site.state(s1, 'Standby');
  },
});
