import { siteScenario, VOL } from '../lib/site.ts';

export const u36 = siteScenario({
  name: 'u36-restored-in-use',
  purpose:
    'A restored snapshot that somebody has open cannot be removed, and what archive and store know stays equal',
  layout: 's0/p0/a0',
  needs: ['grow'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;
    const gid = await site.begin();
    await story.step(`walbc.restore(a0, VOL, ${gid})`, () => walbc.restore(a0, VOL, gid));
    const path = await walbc.getRestoredPath(a0, VOL, gid);
    const release = await group.holdVolume('a0', path);
    story.note(`somebody on a0 has ${path} open`);
    const isListed = async () => (await walbc.getRestored(a0, VOL)).includes(gid);
    const refused = async (typed: string, act: () => Promise<unknown>, reason: string) => {
      await story.refused(typed, act, reason);
      story.check(await isListed(), `gid ${gid} is still listed as restored`);
      story.check((await group.readVolume('a0', path)).length > 0, `${path} can still be read`);
    };
    await refused(
      `walbc.delRestored(a0, VOL, ${gid})`,
      () => walbc.delRestored(a0, VOL, gid),
      'exceeds max retry',
    );
    // Growing the base does not concern the copy.
    const { device } = site.device(s0);
    const sizeMb = 2;
    await device.growDataDevice(sizeMb * 2048);
    await story.step(`walbc.resize(VOL, ${sizeMb}, true)`, () => walbc.resize(VOL, sizeMb, true));
    story.check(await isListed(), `gid ${gid} is still listed as restored`);
    await site.write(s0);
    const later = await site.snapshot(s0, [a0]);
    await site.verify(a0, later);
    await story.step(`walbc.apply(a0, VOL, ${later})`, () => walbc.apply(a0, VOL, later));
    await site.verify(a0, later);
    story.check(await isListed(), `gid ${gid} is still listed as restored`);
    // Neither a reset nor clearing goes half of its way.
    await site.stop(a0);
    await refused('walbc.resetVol(a0, VOL)', () => walbc.resetVol(a0, VOL), 'open');
    await refused('walbc.clearVol(a0, VOL)', () => walbc.clearVol(a0, VOL), 'open');
    await site.restart(a0);
    story.check(await isListed(), 'a restart finds the copy');
    release();
    story.note('nobody has it open any more');
    const state = await walbc.getState(a0, VOL);
    story.note(`a0 is ${state}`);
    if (state === 'Stopped') await site.startVolume(a0);
    await story.step(`walbc.delRestored(a0, VOL, ${gid})`, () => walbc.delRestored(a0, VOL, gid));
    story.check(!(await isListed()), 'the copy is gone');
    await site.verify(a0, later);
  },
});
