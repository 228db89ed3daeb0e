import type { ChangedOptions, GroupFiles } from '../../../core/control/group.ts';
import { makeSyncOpt } from '../../../core/control/queries.ts';
import { type ServerConnectionParam, ServerLayout } from '../../../core/control/server-layout.ts';
import { errorText } from '../../../core/errors.ts';
import type { Gid, Lb } from '../../../core/units.ts';
import { type Site, VOL } from '../site.ts';
import { StoryError, virtualTimeText } from '../story.ts';
import { callText } from './call-text.ts';
import { makeShellController, type ShellController } from './controller.ts';
import { makeShellDevice, type ShellDevice } from './device.ts';

type Server = ServerConnectionParam;

/** What an operator has at hand in `walbox repl`, and in a session that was saved (docs/repl.md). */
export interface Shell {
  readonly walbc: ShellController;
  readonly VOL: string;
  readonly clock: {
    /** Virtual time since the start, `hh:mm:ss.mmm`. */
    now(): string;
    sleep(seconds: number): Promise<void>;
    /** Steps the wall clock of a server's host. */
    step(server: Server, seconds: number): void;
  };
  readonly network: {
    partition(a: Server, b: Server): void;
    partitionOneWay(from: Server, to: Server): void;
    /** Everything takes so much longer. */
    delay(a: Server, b: Server, delayS: number): void;
    /** Without servers: everything. */
    heal(a?: Server, b?: Server): void;
    /** So many bytes a second pass. */
    limit(a: Server, b: Server, bytesPerS: number): void;
  };
  readonly partition: Shell['network']['partition'];
  readonly heal: Shell['network']['heal'];
  sleep(seconds: number): Promise<void>;
  kill(server: Server): void;
  /** Starts a server process; options that are given differ from then on. */
  start(server: Server, options?: ChangedOptions): Promise<void>;
  restart(server: Server, options?: ChangedOptions): Promise<void>;
  isRunning(server: Server): boolean;
  powerLoss(server: Server): void;
  powerOn(server: Server): void;
  /** Kills the server, and all its data are lost. */
  loseData(server: Server): Promise<void>;
  leaveRoom(server: Server, room: { fileBytes?: number | null; volumeLb?: Lb | null }): void;
  files(server: Server): GroupFiles;
  /** Another layout for controller and storages, by names; storages are restarted for it. */
  setLayout(names: { storages?: string[]; proxies?: string[]; archives?: string[] }): Promise<void>;
  eventually(condition: () => boolean | Promise<boolean>, timeoutS?: number): Promise<void>;
  /** Applications that were begun by `load` stop. */
  quiet(): Promise<void>;
  /** Restores a snapshot, lets the ledger judge it, and removes it. */
  verify(ax: Server, gid: Gid, vol?: string): Promise<string>;
  /** As verify, for every snapshot of every archive that was taken here. */
  verifyAll(): Promise<string>;
  /** The bytes of a snapshot. */
  image(ax: Server, gid: Gid, vol?: string): Promise<Uint8Array>;
  /** Something that must fail with this reason. */
  refused(act: () => Promise<unknown>, reason: string): Promise<void>;
  /** Python's: shows values. */
  print(...values: unknown[]): void;
  /** Python's: the length of a list or text, the size of a table. */
  len(value: { length: number } | { size: number }): number;
  ServerLayout(storages: Server[], proxies: Server[], archives: Server[]): ServerLayout;
  SyncOpt: typeof makeSyncOpt;
  /** All servers by name, spares too. */
  readonly servers: Readonly<Record<string, Server>>;
  /** `wdev0` is the device of the first storage, and so on; `s1_wdev1` is the second one of s1. */
  readonly devices: Readonly<Record<string, ShellDevice>>;
}

/** Makes a shell of a site. `serverNames`: those of the layout and the spares. */
export function makeShell(site: Site, serverNames: readonly string[]): Shell {
  const { group, story } = site;
  const servers = Object.fromEntries(serverNames.map((name) => [name, group.server(name)]));
  const cuts = new Set<string>();
  const partition = (a: Server, b: Server) => {
    site.cutLink(a, [b]);
    cuts.add(`${a.name} ${b.name}`);
  };
  const network: Shell['network'] = {
    partition,
    partitionOneWay: (from, to) => {
      site.cutOneWay(from, to);
      cuts.add(`${from.name} ${to.name}`);
    },
    delay: (a, b, delayS) => {
      site.delayLink(a, b, delayS);
      cuts.add(`${a.name} ${b.name}`);
    },
    limit: (a, b, bytesPerS) => {
      site.limitLink(a, b, bytesPerS);
      cuts.add(`${a.name} ${b.name}`);
    },
    heal: (a, b) => heal(a, b),
  };
  const heal = (a?: Server, b?: Server) => {
    if (a !== undefined && b !== undefined) {
      site.healLink(a, [b]);
      return;
    }
    for (const pair of cuts) {
      const [first = '', second = ''] = pair.split(' ');
      if (a === undefined || a.name === first || a.name === second)
        site.healLink(group.server(first), [group.server(second)]);
    }
  };
  const sleep = (seconds: number) =>
    story.step(callText('clock.sleep', [seconds]), () => group.clock.sleep(seconds));
  return {
    walbc: makeShellController(site),
    VOL,
    clock: {
      now: () => virtualTimeText(group.clock.nowUs()),
      sleep,
      step: (server, seconds) => {
        group.stepClock(server.name, seconds);
        story.note(`the clock of ${server.name} is stepped by ${seconds} s`);
      },
    },
    network,
    partition,
    heal,
    sleep,
    kill: (server) => site.kill(server),
    start: (server, options) => site.start(server, options),
    restart: (server, options) => site.restart(server, options),
    isRunning: (server) => group.isRunning(server.name),
    powerLoss: (server) => {
      group.powerLoss(server.name);
      story.note(`the host of ${server.name} has lost its power`);
    },
    powerOn: (server) => {
      group.powerOn(server.name);
      story.note(`the host of ${server.name} has power again`);
    },
    loseData: async (server) => {
      group.kill(server.name);
      await group.loseData(server.name);
      story.note(`${server.name} has died and lost all its data`);
    },
    leaveRoom: (server, room) => group.leaveRoom(server.name, room),
    files: (server) => group.files(server.name),
    setLayout: (names) => site.setLayout(names),
    eventually: (condition, timeoutS = 60) => site.eventually(condition, timeoutS, 'the condition'),
    quiet: () => site.quiet(),
    verify: async (ax, gid, vol = VOL) => {
      const image = await site.verify(ax, gid, vol);
      return `the image of ${vol} at gid ${gid} at ${ax.name} (${image.length} bytes) is what the ledger allows`;
    },
    verifyAll: async () => {
      const before = site.judgedCount;
      await site.verifyAllListed();
      return `${site.judgedCount - before} restored images, all as the ledger allows`;
    },
    image: (ax, gid, vol = VOL) => site.image(ax, gid, vol),
    refused: async (act, reason) => {
      try {
        await act();
      } catch (error) {
        const text = errorText(error);
        story.note(`refused: ${text}`);
        if (!text.includes(reason)) throw new StoryError(`refused, but not because of "${reason}": ${text}`);
        return;
      }
      throw new StoryError(`this must be refused: ${reason}`);
    },
    print: (...values) => story.note(values.map(String).join(' ')),
    len: (value) => ('length' in value ? value.length : value.size),
    ServerLayout: (storages, proxies, archives) => new ServerLayout(storages, proxies, archives),
    SyncOpt: makeSyncOpt,
    servers,
    devices: devicesOf(site, Object.values(servers)),
  };
}

function devicesOf(site: Site, servers: readonly Server[]): Record<string, ShellDevice> {
  const devices: Record<string, ShellDevice> = {};
  const storages = servers.filter(({ kind }) => kind === 'storage');
  for (const [number, storage] of storages.entries()) {
    for (let index = 0; index < site.group.devices(storage.name).length; index++) {
      const name = index === 0 ? `wdev${number}` : `${storage.name}_wdev${index}`;
      devices[name] = makeShellDevice(site, storage, index, name);
    }
  }
  return devices;
}
