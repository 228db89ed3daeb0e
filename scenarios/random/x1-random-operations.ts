import type { RandomStream } from '../../sim/random.ts';
import { type Site, siteScenario } from '../lib/site.ts';

/** Random operations on one volume, one after the other; several volumes go on side by side. */
class VolumeOperator {
  readonly #site: Site;
  readonly #vol: string;
  readonly #random: RandomStream;

  constructor(site: Site, vol: string) {
    this.#site = site;
    this.#vol = vol;
    this.#random = site.random.at('x1', vol);
  }

  async run(count: number): Promise<void> {
    const actions = [
      () => this.fullBackup(),
      () => this.continuousBackup(),
      () => this.hashBackup(),
      () => this.merge(),
      () => this.apply(),
      () => this.stopStart(),
    ];
    await this.fullBackup();
    for (let i = 0; i < count; i++) await this.#random.pick(actions)();
  }

  async fullBackup(): Promise<void> {
    const { s0, a0 } = this.#site.servers;
    const vol = this.#vol;
    if ((await this.#site.walbc.getState(s0, vol)) === 'Clear') await this.#site.init([s0], vol);
    else {
      await this.#site.stop(s0, 'graceful', vol);
      await this.#site.clearVol(a0, vol);
    }
    await this.#site.write(s0, vol);
    await this.#site.verify(a0, await this.#site.fullBackup(s0, vol), vol);
  }

  async continuousBackup(): Promise<void> {
    const { s0, a0 } = this.#site.servers;
    await this.#site.write(s0, this.#vol);
    await this.#site.verify(a0, await this.#site.snapshot(s0, [a0], this.#vol), this.#vol);
  }

  async hashBackup(): Promise<void> {
    const { s0, a0 } = this.#site.servers;
    await this.#site.goStandby(s0, this.#vol);
    await this.#site.write(s0, this.#vol);
    await this.#site.verify(a0, await this.#site.hashBackup(s0, this.#vol), this.#vol);
  }

  async merge(): Promise<void> {
    const { s0, a0 } = this.#site.servers;
    const { walbc, story } = this.#site;
    const vol = this.#vol;
    const load = this.#site.load(s0, vol);
    const gids: number[] = [];
    for (let i = 0; i < 3; i++) {
      await this.#site.sleep(1);
      gids.push(await this.#site.snapshot(s0, [a0], vol));
    }
    await load.stop();
    const [gidB = 0, middle = 0, gidE = 0] = gids;
    await walbc.disableSnapshot(a0, vol, [middle]);
    await story.step(`walbc.merge(a0, ${vol}, ${gidB}, ${gidE})`, () => walbc.merge(a0, vol, gidB, gidE));
    await this.#site.verify(a0, gidE, vol);
  }

  async apply(): Promise<void> {
    const { s0, a0 } = this.#site.servers;
    const { walbc, story } = this.#site;
    const vol = this.#vol;
    const load = this.#site.load(s0, vol);
    await this.#site.sleep(0.5);
    const gid = await this.#site.snapshot(s0, [a0], vol);
    await load.stop();
    await this.#site.verify(a0, gid, vol);
    await story.step(`walbc.apply(a0, ${vol}, ${gid})`, () => walbc.apply(a0, vol, gid));
    await this.#site.verify(a0, gid, vol);
  }

  async stopStart(): Promise<void> {
    const { s0, p0, a0 } = this.#site.servers;
    const server = this.#random.pick([s0, p0, a0]);
    await this.#site.stop(server, 'graceful', this.#vol);
    await this.#site.sleep(0.5);
    await this.#site.startVolume(server, this.#vol);
  }
}

export const x1 = siteScenario({
  name: 'x1-random-operations',
  purpose: 'Three volumes on one group, each with random operations, do not disturb each other',
  layout: 's0/p0/a0',
  deviceCount: 3,
  deviceMib: 0.5,
  storageOptions: { maxForegroundTasks: 6, maxBackgroundTasks: 3 },
  proxyOptions: { maxForegroundTasks: 6, maxBackgroundTasks: 3 },
  archiveOptions: { maxForegroundTasks: 6 },
  async tell(site) {
    await Promise.all(['vol0', 'vol1', 'vol2'].map((vol) => new VolumeOperator(site, vol).run(6)));
  },
});
