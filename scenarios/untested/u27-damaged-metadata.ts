import { siteScenario } from '../lib/site.ts';

export const u27 = siteScenario({
  name: 'u27-damaged-metadata',
  purpose:
    'A volume whose metadata is damaged at the archive harms no other volume, and a full backup begins it anew',
  layout: 's0/p0/a0',
  deviceCount: 2,
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    for (const vol of ['vol0', 'vol1']) await site.begin(vol);
    const files = site.group.files('a0');
    for (const name of ['base', 'state', 'uuid']) {
      const path = `vol1/${name}`;
      const good = files.read(path).slice();
      site.kill(a0);
      files.write(path, new Uint8Array([0x67, 0x61]));
      story.note(`${path} at a0 is damaged`);
      await site.start(a0);
      await site.write(s0, 'vol0');
      await site.verify(a0, await site.snapshot(s0, [a0], 'vol0'), 'vol0');
      const state = await walbc.getState(a0, 'vol1').catch(() => 'an error');
      story.note(`vol1 at a0 is ${state}`);
      site.kill(a0);
      files.write(path, good);
      await site.start(a0);
      await site.write(s0, 'vol1');
      await site.verify(a0, await site.snapshot(s0, [a0], 'vol1'), 'vol1');
    }
  },
});
