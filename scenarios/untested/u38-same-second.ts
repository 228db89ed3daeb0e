import type { PlainIo } from '../../core/engine/plain-io.ts';
import { uuidFromText } from '../../core/format/uuid.ts';
import { makeDiff } from '../../core/snapshot/meta.ts';
import { siteScenario, VOL } from '../lib/site.ts';
import { sendWdiff } from '../lib/wdiff-send.ts';

export const u38 = siteScenario({
  name: 'u38-same-second',
  purpose:
    'Diffs of one second have names of their own, and of two with one name and other contents the first one stays',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;
    await site.begin();
    const names = () =>
      group
        .files('a0')
        .list()
        .filter((path) => path.endsWith('.wdiff'));
    const begunS = group.world.clock.wallTimeS();
    const gids: number[] = [];
    for (let i = 0; i < 8; i++) {
      await site.write(s0, VOL, 1);
      gids.push(await site.snapshotNbk(s0));
    }
    story.check(group.world.clock.wallTimeS() - begunS <= 1, 'all snapshots are of one second or the next');
    for (const gid of gids) await walbc.waitForRestorable(a0, VOL, gid, 100);
    const listed = await walbc.getDiffList(a0, VOL);
    story.check(names().length === listed.length, `${listed.length} diffs have ${names().length} files`);
    const seconds = new Set(listed.map(({ timestamp }) => timestamp));
    story.check(seconds.size < gids.length, `${listed.length} diffs are of ${seconds.size} seconds`);
    for (const gid of gids) await site.verify(a0, gid);
    // Two diffs with the same ends, time and flags: the name is the same, what is inside is not.
    const [last = 0] = gids.slice(-1);
    const diff = makeDiff(last, last + 1, { timestamp: group.world.clock.wallTimeS() });
    const random = site.random.at('u38');
    const uuid = uuidFromText(await walbc.getUuid(s0, VOL));
    const sizeLb = site.device(s0).device.sizeLb();
    const offer = (data: Uint8Array) => {
      const ios: PlainIo[] = [{ kind: 'normal', addressLb: 8, sizeLb: 8, data }];
      return sendWdiff(group.world, a0, { volId: VOL, uuid, sizeLb, diff, ios });
    };
    const first = random.bytes(4096);
    const { ledger } = site.device(s0);
    const gid = await site.take(s0, VOL, `send |${last}|-->|${last + 1}| to a0`, async () => {
      ledger.answered(ledger.write(8, first));
      story.check((await offer(first)) === 'accept', 'it is accepted');
      return last + 1;
    });
    const again = await story.step('send another one with the same name', () => offer(random.bytes(4096)));
    story.check(again === 'too-old-diff', `a0 answers ${again}`);
    await site.verify(a0, gid);
    await site.restart(a0);
    await site.verify(a0, gid);
  },
});
