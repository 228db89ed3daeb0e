import { stateToText } from '../../core/snapshot/meta.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u12 = siteScenario({
  name: 'u12-rotten-diff',
  purpose:
    'A diff that rots at the archive fails restore and apply, older snapshots stay right, a repaired file works',
  layout: 's0/p0/a0',
  needs: ['data-loss'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    const files = site.group.files('a0');
    const first = await site.begin();
    const base = stateToText(await walbc.getBase(a0, VOL));
    const before = new Set(files.list());
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    const [path = ''] = files.list().filter((file) => file.endsWith('.wdiff') && !before.has(file));
    const good = files.read(path).slice();
    const spoiled: [string, Uint8Array][] = [
      ['is cut off', good.slice(0, good.length >> 1)],
      ['is empty', new Uint8Array(0)],
    ];
    for (const at of [3, 600, 4196, good.length >> 1, good.length - 5000]) {
      const bytes = good.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x20;
      spoiled.push([`has a flipped bit at ${at}`, bytes]);
    }
    for (const [what, bytes] of spoiled) {
      files.write(path, bytes);
      story.note(`${path} ${what}`);
      const before = new Set(await walbc.getRestored(a0, VOL));
      await story.refused(
        `walbc.restore(a0, VOL, ${gid})`,
        () => walbc.restore(a0, VOL, gid, 300),
        'restore',
      );
      const now = await walbc.getRestored(a0, VOL);
      story.check(
        now.every((one) => before.has(one)),
        'no image is called restored',
      );
      story.check(stateToText(await walbc.getBase(a0, VOL)) === base, 'the base is as it was');
      await site.verify(a0, first);
    }
    await story.refused(`walbc.apply(a0, VOL, ${gid})`, () => walbc.apply(a0, VOL, gid, 300), 'appl');
    files.write(path, good);
    story.note(`${path} is repaired`);
    await story.step(`walbc.apply(a0, VOL, ${gid})`, () => walbc.apply(a0, VOL, gid));
    await site.verify(a0, gid);
  },
});
