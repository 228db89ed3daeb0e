import { siteScenario, VOL } from '../lib/site.ts';

export const u49 = siteScenario({
  name: 'u49-rotten-diff-at-proxy',
  purpose:
    'A diff that rots at the proxy never enters an image: it is not taken, and a cleared proxy and a hash backup get over it',
  layout: 's0/p0/a0',
  needs: ['data-loss', 'network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    const files = site.group.files('p0');
    const first = await site.begin();

    site.cutLink(p0, [a0]);
    await site.write(s0);
    const lost = await site.snapshotNbk(s0);
    const waiting = () => files.list().filter((file) => file.endsWith('.wdiff'));
    await site.eventually(() => waiting().length > 0, 60, 'the proxy has a diff');
    await site.sleep(3);
    await site.stop(p0, 'force');
    site.healLink(p0, [a0]);
    const [path = ''] = waiting();
    const good = files.read(path).slice();

    const flipped = (at: number): Uint8Array => {
      const bytes = good.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x20;
      return bytes;
    };
    const spoiled: [string, Uint8Array][] = [
      ['is cut off', good.slice(0, good.length >> 1)],
      ['is empty', new Uint8Array(0)],
      ['has a flipped bit in its header', flipped(3)],
      ['has a flipped bit in its index', flipped(good.length - 20)],
    ];
    for (let share = 0.1; share < 1; share += 0.2) {
      const at = Math.floor(good.length * share);
      spoiled.push([`has a flipped bit at ${at}`, flipped(at)]);
    }
    for (const [what, bytes] of spoiled) {
      files.write(path, bytes);
      story.note(`${path} ${what}`);
      await site.startVolume(p0);
      await site.sleep(20);
      await site.verify(a0, first);
      const isTaken = (await walbc.getRestorableGid(a0, VOL, 'all')).includes(lost);
      if (isTaken) {
        story.note('the bit is one of a write that a later one covers');
        await site.verify(a0, lost);
      }
      await site.stop(p0, 'force');
      if (isTaken) break;
      story.check(files.list().includes(path), 'the proxy keeps what nobody took');
    }

    story.note('what cannot be sent is given up, and a hash backup closes the gap');
    await site.clearVol(p0);
    await story.step(`walbc.startSynchronizing(a0, ${VOL})`, () => walbc.startSynchronizing(a0, VOL));
    await site.stopIfTarget(s0);
    const gid = await site.hashBackup(s0);
    story.check(gid >= lost, 'gids go on');
    await site.verify(a0, gid);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
