import { createController } from '../../core/control/controller.ts';
import { errorText } from '../../core/errors.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** A controller that is gone after so many commands that change something. */
function dyingController(site: Site, commands: number) {
  let left = commands;
  return createController(site.group.world, site.walbc.layout, {
    onCommand: (_server, words) => {
      if (words[0] === 'get' || words[0] === 'status' || words[1] === 'list') return;
      if (left-- === 0) throw new Error('the controller has died');
    },
  });
}

/** Does an operation by controllers that die one command later each time, and then by one that lives. */
async function cutEverywhere(
  site: Site,
  what: string,
  act: (walbc: Site['walbc']) => Promise<unknown>,
  prepare: () => Promise<void>,
): Promise<void> {
  for (let commands = 0; ; commands++) {
    await prepare();
    const error = await act(dyingController(site, commands)).then(
      () => null,
      (reason: unknown) => errorText(reason),
    );
    if (error === null) {
      site.story.note(`${what} takes ${commands} commands`);
      site.story.check(commands > 0, 'it was cut at least once');
      return;
    }
    site.story.check(error.includes('has died'), `${what} is cut by nothing else: ${error}`);
    await site.sleep(3);
  }
}

export const u20 = siteScenario({
  name: 'u20-controller-dies',
  purpose: 'A controller that dies after any of its commands leaves what the same call completes',
  layout: 's0/p0/a0,a1',
  deviceMib: 0.25,
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc } = site;
    await site.begin();
    const settled = async () => {
      const state = await walbc.getState(s0, VOL);
      return ['Target', 'Standby', 'SyncReady', 'Stopped'].includes(state);
    };
    const again = async () => {
      await site.eventually(settled, 100, 's0 rests');
      if ((await walbc.getState(s0, VOL)) === 'Target') return;
      await site.verify(a0, await site.hashBackup(s0));
    };
    await cutEverywhere(
      site,
      'goStandby',
      (mortal) => mortal.goStandby(s0, VOL),
      async () => {
        await again();
        await site.write(s0, VOL, 6);
      },
    );
    await cutEverywhere(
      site,
      'hashBackup',
      (mortal) => mortal.hashBackup(s0, VOL, { block: false }),
      async () => {
        await again();
        await site.write(s0, VOL, 6);
        await site.goStandby(s0);
      },
    );
    await again();
    await cutEverywhere(
      site,
      'synchronize',
      (mortal) => mortal.replicate(a0, VOL, a1, true),
      async () => {
        if ((await walbc.getState(p0, VOL)) === 'Stopped') await site.startVolume(p0);
        await site.write(s0, VOL, 6);
        await site.verify(a0, await site.snapshot(s0, [a0]));
      },
    );
    await site.verifySame(await site.snapshot(s0, [a0, a1]), [a0, a1]);
    await cutEverywhere(
      site,
      'stopSynchronizing',
      (mortal) => mortal.stopSynchronizing(a1, VOL),
      async () => {
        if (!(await walbc.isSynchronizing(a1, VOL))) await site.replicate(a0, a1, true);
      },
    );
    await site.write(s0, VOL, 6);
    const gid = await site.snapshot(s0, [a0]);
    await cutEverywhere(
      site,
      'apply',
      (mortal) => mortal.apply(a0, VOL, gid),
      async () => {},
    );
    await site.verify(a0, gid);
    await cutEverywhere(
      site,
      'clearVol',
      (mortal) => mortal.clearVolEverywhere(VOL),
      async () => {},
    );
    for (const server of walbc.layout.getAll()) await site.state(server, 'Clear');
    await site.begin();
  },
});
