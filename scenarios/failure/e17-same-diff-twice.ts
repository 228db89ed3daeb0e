import type { PlainIo } from '../../core/engine/plain-io.ts';
import { uuidFromText } from '../../core/format/uuid.ts';
import { makeDiff } from '../../core/snapshot/meta.ts';
import { siteScenario, VOL } from '../lib/site.ts';
import { sendWdiff } from '../lib/wdiff-send.ts';

export const e17 = siteScenario({
  name: 'e17-same-diff-twice',
  purpose: 'A diff that is sent twice is taken once and answered too-old-diff then',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;
    const gid = await site.begin();
    const uuid = await walbc.getUuid(s0, VOL);
    story.check(uuid === (await walbc.getUuid(a0, VOL)), 'storage and archive know one log');
    const { ledger, device } = site.device(s0);
    const random = site.random.at('e17');
    const ios: PlainIo[] = [
      { kind: 'normal', addressLb: 16, sizeLb: 8, data: random.bytes(4096) },
      { kind: 'discard', addressLb: 100, sizeLb: 40, data: new Uint8Array(0) },
      { kind: 'zero', addressLb: 300, sizeLb: 9, data: new Uint8Array(0) },
    ];
    const offer = {
      volId: VOL,
      uuid: uuidFromText(uuid),
      sizeLb: device.sizeLb(),
      diff: makeDiff(gid, gid + 1, { timestamp: group.world.clock.wallTimeS() }),
      ios,
    };
    const later = await site.take(s0, VOL, `send a diff |${gid}|-->|${gid + 1}| to a0`, async () => {
      // The device of the diff is no real one: the ledger alone knows what it says.
      ledger.answered(ledger.write(16, (ios[0] as PlainIo).data));
      ledger.answered(ledger.discard(100, 40));
      ledger.answered(ledger.write(300, new Uint8Array(9 * 512)));
      const answer = await sendWdiff(group.world, a0, offer);
      story.check(answer === 'accept', `the first answer is ${answer}`);
      return gid + 1;
    });
    const again = await story.step('send it again', () => sendWdiff(group.world, a0, offer));
    story.check(again === 'too-old-diff', `the second answer is ${again}`);
    const latest = await walbc.getLatestCleanSnapshot(a0, VOL);
    story.check(latest === later, `the archive is at ${latest}`);
    await site.verify(a0, later);
  },
});
