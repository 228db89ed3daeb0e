import { WLOG_TRANSFER_STEPS } from '../../core/protocol/wlog-transfer.ts';
import { PROXY_STEPS } from '../../core/server/proxy/steps.ts';
import { STORAGE_STEPS } from '../../core/server/storage/steps.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** Long before anybody notices that a peer has gone silent. */
const SOON_S = 1;

export const e20 = siteScenario({
  name: 'e20-silent-after-answer',
  purpose:
    'Who has answered a transfer is ready for the next one, also when the peer falls silent behind the answer',
  layout: 's0/p0,p1/a0',
  needs: ['power-loss', 'crash-points'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { group } = site;
    await site.begin();
    // The first thing that a proxy does when it has heard the archive's answer is to remove what it sent.
    group.powerLossAt(p0.name, { step: PROXY_STEPS.removeSent, nth: 1 });
    await site.write(s0);
    const first = await site.snapshot(s0, [a0]);
    await site.eventually(() => !group.isRunning(p0.name), 5, 'p0 is dark');
    await site.sleep(SOON_S);
    await site.state(a0, 'Archived');
    await site.verify(a0, first);
    group.powerOn(p0.name);
    await site.start(p0);
    await site.kickAll([s0]);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    // The last thing that a storage does before it waits for the proxy's answer is to say which diff it sent.
    group.powerLossAt(s0.name, { step: WLOG_TRANSFER_STEPS.sendDiff, nth: 1 });
    await site.write(s0);
    await site.snapshotNbk(s0);
    await site.eventually(() => !group.isRunning(s0.name), 20, 's0 is dark');
    await site.sleep(SOON_S);
    await site.state(p0, 'Started');
    group.powerOn(s0.name);
    await site.start(s0);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    await darkWhileForgetting(site);
  },
});

/** A storage forgets a snapshot that was delivered only when it knows, durably, that it was. */
async function darkWhileForgetting(site: Site): Promise<void> {
  const { s0, a0 } = site.servers;
  const { group } = site;
  for (let nth = 1; nth <= 6; nth++) {
    const disarm = group.powerLossAt(s0.name, { step: STORAGE_STEPS.popQueue, nth });
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.sleep(SOON_S);
    disarm();
    if (!group.isRunning(s0.name)) {
      group.powerOn(s0.name);
      // Before the server is there, which would take a snapshot of its own at the same place of the log.
      await site.write(s0);
      await site.start(s0);
    }
    const next = await site.snapshot(s0, [a0]);
    site.story.check(next > gid, `gid ${next} is a new one, behind ${gid}`);
    await site.verify(a0, gid);
    await site.verify(a0, next);
  }
}
