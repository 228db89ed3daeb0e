import type { Controller } from '../../core/control/controller.ts';
import type { ChangedOptions, Group } from '../../core/control/group.ts';
import type { StopMode } from '../../core/control/life-cycle.ts';
import { type ServerConnectionParam, ServerLayout } from '../../core/control/server-layout.ts';
import type { Gid } from '../../core/units.ts';
import type { Story } from './story.ts';

type Server = ServerConnectionParam;

/** Volume of the scenarios that need only one. */
export const VOL = 'vol0';

/** An operator of a backup group: says what is done to the servers, does it, and tells the story. */
export class Operator {
  readonly group: Group;
  readonly story: Story;
  readonly walbc: Controller;
  /** All servers by name: `const { s0, p0, a0 } = site.servers`. */
  readonly servers: Readonly<Record<string, Server>>;

  constructor(group: Group, story: Story) {
    this.group = group;
    this.story = story;
    this.walbc = group.controller;
    this.servers = new Proxy({} as Record<string, Server>, {
      get: (_, name) => group.server(String(name)),
    });
  }

  // ---- commands

  async replicate(from: Server, to: Server, synchronizing: boolean, doResync = false): Promise<void> {
    await this.story.step(`walbc.replicate(${from.name}, ${VOL}, ${to.name}, ${synchronizing})`, () =>
      this.walbc.replicate(from, VOL, to, synchronizing, { timeoutS: 1000, doResync }),
    );
  }

  async replicateOnce(from: Server, to: Server, doResync = false): Promise<Gid> {
    return this.story.step(`walbc.replicateOnce(${from.name}, ${VOL}, ${to.name})`, () =>
      this.walbc.replicateOnce(from, VOL, to, { timeoutS: 1000, doResync }),
    );
  }

  async goStandby(sx: Server, vol = VOL): Promise<void> {
    await this.story.step(`walbc.goStandby(${sx.name}, ${vol})`, () => this.walbc.goStandby(sx, vol));
  }

  async stop(server: Server, mode: StopMode = 'graceful', vol = VOL): Promise<void> {
    await this.story.step(`walbc.stop(${server.name}, ${vol}, '${mode}')`, () =>
      this.walbc.stop(server, vol, mode),
    );
  }

  /** A storage whose log has overflowed stops by itself, sooner or later; afterwards it is stopped. */
  async stopIfTarget(sx: Server, vol = VOL): Promise<void> {
    if ((await this.walbc.getState(sx, vol)) === 'Target') await this.stop(sx, 'graceful', vol);
    const isStopped = async () => (await this.walbc.getState(sx, vol)) === 'Stopped';
    await this.eventually(isStopped, 100, `${sx.name} is stopped`);
  }

  async startVolume(server: Server, vol = VOL): Promise<void> {
    await this.story.step(`walbc.start(${server.name}, ${vol})`, () => this.walbc.start(server, vol));
  }

  async resetVol(server: Server, vol = VOL): Promise<void> {
    await this.story.step(`walbc.resetVol(${server.name}, ${vol})`, () => this.walbc.resetVol(server, vol));
  }

  async clearVol(server: Server, vol = VOL): Promise<void> {
    await this.story.step(`walbc.clearVol(${server.name}, ${vol})`, () => this.walbc.clearVol(server, vol));
  }

  async kickAll(servers: readonly Server[]): Promise<void> {
    await this.story.step(`walbc.kickAll([${servers.map(({ name }) => name).join(', ')}])`, () =>
      this.walbc.kickAll(servers),
    );
  }

  // ---- servers and faults

  /** `kill -9` of the server process. */
  kill(server: Server): void {
    this.group.kill(server.name);
    this.story.note(`kill -9 ${server.name}`);
  }

  /** Starts a server process, with other options than before where some are given. */
  async start(server: Server, options: ChangedOptions = {}): Promise<void> {
    const words = Object.entries(options).map(([name, value]) => `, ${name} = ${String(value)}`);
    await this.story.step(`start ${server.name}${words.join('')}`, () =>
      this.group.startServer(server.name, options),
    );
  }

  /** Ends a server by command and waits until it has ended. */
  async shutdown(server: Server, mode: 'graceful' | 'force' | 'empty' = 'force'): Promise<void> {
    await this.story.step(`walbc.shutdown(${server.name}, '${mode}')`, () =>
      this.walbc.shutdown(server, mode),
    );
    await this.eventually(() => !this.group.isRunning(server.name), 100, `${server.name} has ended`);
  }

  async restart(server: Server, options: ChangedOptions = {}): Promise<void> {
    await this.shutdown(server);
    await this.start(server, options);
  }

  /** Kills a server if it runs, loses all its data and starts it again. */
  async loseData(server: Server): Promise<void> {
    this.group.kill(server.name);
    await this.group.loseData(server.name);
    this.story.note(`${server.name} has died and lost all its data`);
    await this.start(server);
  }

  /** Servers of the layout from now on; storages are restarted, for their archive and proxies may be others. */
  async setLayout(names: { storages?: string[]; proxies?: string[]; archives?: string[] }): Promise<void> {
    const { layout } = this.walbc;
    const servers = (list: string[] | undefined, old: readonly Server[]) =>
      list === undefined ? old : list.map((name) => this.group.server(name));
    const next = new ServerLayout(
      servers(names.storages, layout.storages),
      servers(names.proxies, layout.proxies),
      servers(names.archives, layout.archives),
    );
    this.walbc.setServerLayout(next);
    const text = [next.storages, next.proxies, next.archives].map((list) => list.map(({ name }) => name));
    this.story.note(`the layout is ${text.join('/')} from now on`);
    const isSame = names.proxies === undefined && names.archives === undefined;
    if (isSame) return;
    for (const sx of next.storages) if (this.group.isRunning(sx.name)) await this.restart(sx);
  }

  /** Nothing arrives between one server and others: connections stay, their bytes vanish. */
  cutLink(a: Server, others: readonly Server[]): void {
    for (const b of others) this.group.partition(a.name, b.name);
    this.story.note(`nothing arrives any more between ${a.name} and ${others.map((b) => b.name).join(', ')}`);
  }

  /** As `cutLink`, in one direction only. */
  cutOneWay(from: Server, to: Server): void {
    this.group.partitionOneWay(from.name, to.name);
    this.story.note(`nothing arrives any more at ${to.name} from ${from.name}; back it does`);
  }

  healLink(a: Server, others: readonly Server[]): void {
    for (const b of others) this.group.heal(a.name, b.name);
    this.story.note(`the link between ${a.name} and ${others.map((b) => b.name).join(', ')} works again`);
  }

  limitLink(a: Server, b: Server, bytesPerS: number): void {
    this.group.limitBandwidth(a.name, b.name, bytesPerS);
    this.story.note(`${bytesPerS} bytes a second pass between ${a.name} and ${b.name}`);
  }

  delayLink(a: Server, b: Server, delayS: number): void {
    this.group.delayLink(a.name, b.name, delayS);
    this.story.note(`everything between ${a.name} and ${b.name} takes ${delayS} s more`);
  }

  // ---- waiting

  async sleep(seconds: number): Promise<void> {
    await this.group.clock.sleep(seconds);
  }

  async eventually(
    condition: () => boolean | Promise<boolean>,
    timeoutS: number,
    what: string,
  ): Promise<void> {
    await this.group.eventually(condition, timeoutS, what);
  }

  /** Something holds for so many seconds. */
  async holdsFor(holds: () => Promise<boolean>, seconds: number, what: string): Promise<void> {
    const endUs = this.group.clock.nowUs() + seconds * 1e6;
    while (this.group.clock.nowUs() < endUs) {
      this.story.check(await holds(), what);
      await this.sleep(0.5);
    }
    this.story.note(`${what}, for ${seconds} s`);
  }

  async state(server: Server, expected: string, vol = VOL): Promise<void> {
    const state = await this.walbc.getState(server, vol);
    this.story.check(state === expected, `${server.name} is ${expected}, not ${state}`);
  }
}
