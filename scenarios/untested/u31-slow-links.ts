import { errorText } from '../../core/errors.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u31 = siteScenario({
  name: 'u31-slow-links',
  purpose:
    'Answers that take less than the time limit are waited for; later ones fail cleanly and are made up for',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  deviceMib: 0.25,
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    // Below the limits: 3 s for a proxy's heart-beat, 10 s for everything else. Each way takes its delay.
    site.delayLink(s0, p0, 1.2);
    site.delayLink(p0, a0, 4);
    site.delayLink(a0, a1, 1.2);
    await site.write(s0, VOL, 6);
    let gid = await site.snapshotNbk(s0);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gid);
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
    site.healLink(a0, [a1, p0]);
    site.healLink(s0, [p0]);
    // Above them: nothing goes through, nothing is harmed.
    site.delayLink(p0, a0, 12);
    await site.write(s0, VOL, 6);
    gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 40);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gid);
    site.delayLink(s0, p0, 12);
    await site.write(s0, VOL, 6);
    gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 40);
    site.healLink(s0, [p0]);
    await site.kickAll([s0]);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gid);
    site.delayLink(a0, a1, 12);
    const slow = await walbc.replicateOnce(a0, VOL, a1, { timeoutS: 60 }).then(
      () => null,
      (error: unknown) => errorText(error),
    );
    story.check(slow !== null, 'a replication over a link that is too slow fails');
    story.note(`replication to a1: ${slow}`);
    site.healLink(a0, [a1]);
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});
