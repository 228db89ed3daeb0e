import { timeToPrintable } from '../../core/format/time-text.ts';
import { siteScenario, VOL } from '../lib/site.ts';

/** Clocks are set to some seconds before these. */
const TIMES = [
  ['the leap second at the end of June 2012', 1_341_100_800],
  ['the end of 32-bit times in January 2038', 2_147_483_648],
  ['the end of unsigned 32-bit times in February 2106', 4_294_967_296],
  ['the last year of four digits', 253_402_300_790],
  ['the first second of all', 5],
] as const;

export const u39 = siteScenario({
  name: 'u39-odd-times',
  purpose:
    'Times around leap seconds, 2038, 2106 and 9999 and at 0 give names of 14 digits, and order nothing',
  layout: 's0/p0/a0',
  needs: ['clock-step'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story, group } = site;
    await site.begin();
    /** How far the servers' clocks are ahead of the operator's, which nobody sets. */
    let aheadS = 0;
    let last = 0;
    for (const [what, timeS] of TIMES) {
      const jumpS = timeS - 1 - (group.world.clock.wallTimeS() + aheadS);
      for (const server of [s0, p0, a0]) group.stepClock(server.name, jumpS);
      aheadS += jumpS;
      story.note(`all clocks are set to ${timeToPrintable(timeS - 1)}, a second before ${what}`);
      for (let i = 0; i < 2; i++) {
        await site.write(s0, VOL, 3);
        const gid = await site.snapshot(s0, [a0]);
        story.check(gid > last, `gid ${gid} comes behind ${last}`);
        last = gid;
        await site.sleep(1);
      }
      await site.verify(a0, last);
    }
    const files = group
      .files('a0')
      .list()
      .filter((path) => path.endsWith('.wdiff'));
    story.check(
      files.every((path) => /\/\d{14}-[M-][C-]-[0-9-]+\.wdiff$/.test(path)),
      'every name has 14 digits of time',
    );
    const listed = await walbc.getRestorable(a0, VOL, 'all');
    const years = new Set(listed.map(({ timestamp }) => timeToPrintable(timestamp).slice(0, 4)));
    story.note(`snapshots are of the years ${[...years].join(', ')}`);
    for (const year of ['2012', '2038', '2106', '9999', '1970'])
      story.check(years.has(year), `some are of ${year}`);
    // A restart reads all of it again, an apply goes by gids.
    await site.restart(a0);
    await story.step(`walbc.apply(a0, VOL, ${last})`, () => walbc.apply(a0, VOL, last));
    await site.verify(a0, last);
  },
});
