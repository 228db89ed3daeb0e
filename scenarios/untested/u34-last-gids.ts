import { uuidFromText } from '../../core/format/uuid.ts';
import { makeDiff } from '../../core/snapshot/meta.ts';
import { siteScenario, VOL } from '../lib/site.ts';
import { sendWdiff } from '../lib/wdiff-send.ts';

/** The last gid that a number can be exactly; 2^64-1 is no gid. */
const LAST_GID = Number.MAX_SAFE_INTEGER;

export const u34 = siteScenario({
  name: 'u34-last-gids',
  purpose:
    'Where gids come to their end, snapshots and backups are refused before one wraps, and a full backup begins anew',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;
    const gid = await site.begin();
    const offer = {
      volId: VOL,
      uuid: uuidFromText(await walbc.getUuid(s0, VOL)),
      sizeLb: site.device(s0).device.sizeLb(),
      ios: [],
    };
    const timestamp = group.world.clock.wallTimeS();
    const answer = await story.step(`send a diff |${gid}|-->|${LAST_GID - 4}| to a0`, () =>
      sendWdiff(group.world, a0, { ...offer, diff: makeDiff(gid, LAST_GID - 4, { timestamp }) }),
    );
    story.check(answer === 'accept', `a0 answers ${answer}`);
    const [latest] = (await walbc.getRestorableGid(a0, VOL)).slice(-1);
    story.check(latest === LAST_GID - 4, `${latest} is restorable`);
    // A hash backup begins at one more than that, and its own snapshot is one more again.
    await site.goStandby(s0);
    await site.verify(a0, await site.hashBackup(s0));
    let last = 0;
    for (;;) {
      await site.write(s0, VOL, 2);
      try {
        last = await site.snapshot(s0, [a0]);
      } catch (error) {
        story.note(`refused: ${error instanceof Error ? error.message : String(error)}`);
        break;
      }
      story.check(last <= LAST_GID, `${last} is a gid`);
    }
    story.check(last > LAST_GID - 4, `gids up to ${last} were given`);
    await site.verify(a0, last);
    story.check(
      (await walbc.getRestorableGid(a0, VOL, 'all')).every((one) => one <= LAST_GID),
      'none has wrapped',
    );
    await site.state(a0, 'Archived');
    // Nothing more comes of this history; a new one begins at 0.
    if ((await walbc.getState(s0, VOL)) === 'Target') await site.stop(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    const first = await site.fullBackup(s0);
    story.check(first < 10, `the new history begins at ${first}`);
    await site.verify(a0, first);
  },
});
