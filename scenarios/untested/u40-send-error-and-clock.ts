import { siteScenario, VOL } from '../lib/site.ts';

const RETRY_TIMEOUT_S = 100;
const DAY_S = 86_400;

export const u40 = siteScenario({
  name: 'u40-send-error-and-clock',
  purpose:
    'A proxy gives up when its retry time-out is over, not earlier, whatever its wall clock says meanwhile',
  layout: 's0/p0/a0',
  needs: ['clock-step'],
  proxyOptions: { retryTimeoutS: RETRY_TIMEOUT_S },
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story, group } = site;
    await site.begin();
    const isError = () => walbc.isWdiffSendError(p0, VOL, a0);
    for (const days of [-1, 1, -400]) {
      await site.stop(a0);
      await site.write(s0);
      const gid = await site.snapshotNbk(s0);
      // The log arrives within a second; from then on the time-out runs.
      await site.sleep(2);
      group.stepClock('p0', days * DAY_S);
      story.note(`the clock of p0 jumps by ${days} days while a0 refuses its diffs`);
      await site.holdsFor(async () => !(await isError()), RETRY_TIMEOUT_S - 10, 'no send error');
      // Retries are up to as far apart as they have been going on.
      await site.eventually(isError, 2 * RETRY_TIMEOUT_S, 'p0 gives up');
      await site.startVolume(a0);
      await site.kickAll([p0]);
      await walbc.waitForRestorable(a0, VOL, gid, 100);
      story.check(!(await isError()), 'p0 has nothing to report any more');
      await site.verify(a0, gid);
    }
  },
});
