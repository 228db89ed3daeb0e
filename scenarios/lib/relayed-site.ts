import { type ServerConnectionParam, ServerLayout } from '../../core/control/server-layout.ts';
import { type Direction, Repeater, type RepeaterFault } from './repeater.ts';
import { type Site, VOL } from './site.ts';

type Server = ServerConnectionParam;

/** A group s0/p0/a0,a1 where repeaters stand before p0, a0 and a1. */
export interface RelayedSite {
  readonly site: Site;
  readonly s0: Server;
  /** The servers under the addresses of their repeaters. */
  readonly p0: Server;
  readonly a0: Server;
  readonly a1: Server;
  readonly repeaters: Readonly<Record<'p0' | 'a0' | 'a1', Repeater>>;
}

/** Puts the repeaters up, and lets storage and controller use them. Call it before the volume is made. */
export async function putRepeaters(site: Site): Promise<RelayedSite> {
  const { s0, p0, a0, a1 } = site.servers;
  const repeaters = {
    p0: await Repeater.open(site.group, p0 as Server),
    a0: await Repeater.open(site.group, a0 as Server),
    a1: await Repeater.open(site.group, a1 as Server),
  };
  const layout = new ServerLayout(
    [s0 as Server],
    [repeaters.p0.server],
    [repeaters.a0.server, repeaters.a1.server],
  );
  site.walbc.setServerLayout(layout);
  await site.restart(s0 as Server);
  site.story.note('repeaters stand before p0, a0 and a1');
  const servers = { p0: repeaters.p0.server, a0: repeaters.a0.server, a1: repeaters.a1.server };
  return { site, s0: s0 as Server, ...servers, repeaters };
}

/** Something that goes through a repeater. */
export interface RelayedAct {
  readonly what: string;
  readonly repeater: Repeater;
  readonly protocol: string;
  /** Makes the act possible, each time. */
  readonly prepare: () => Promise<unknown>;
  /** May fail because of what goes wrong on its way; if not, what it promises must hold. */
  readonly act: () => Promise<unknown>;
  /** Afterwards, with nothing in the way: what was wanted is reached without a wrong image. */
  readonly converge: () => Promise<unknown>;
}

/** Where in a conversation something goes wrong, of `count` bytes in a direction. */
export type Places = (count: number, direction: Direction) => readonly number[];

/**
 * Does something once undisturbed to see how long its conversation is, and then again and again with a fault at
 * one place after the other. Returns how many faults struck.
 */
export async function strikeEverywhere(
  { site }: RelayedSite,
  act: RelayedAct,
  what: RepeaterFault['what'],
  places: Places,
): Promise<number> {
  const { repeater, protocol } = act;
  await act.prepare();
  const passedBefore = repeater.passed.length;
  await act.act();
  await act.converge();
  // Others of this protocol may come before and after, and say little.
  const [whole = null] = repeater.passed
    .slice(passedBefore)
    .filter((one) => one.protocol === protocol)
    .sort((a, b) => b.bytes['to-server'] - a.bytes['to-server']);
  site.story.check(whole !== null, `a conversation ${protocol} went by`);
  let struck = 0;
  for (const direction of ['to-server', 'to-client'] as const) {
    const count = whole?.bytes[direction] ?? 0;
    for (const atByte of places(count, direction)) {
      await act.prepare();
      repeater.fault = { protocol, direction, atByte, what };
      await act.act().catch(() => {});
      if (repeater.fault === null) struck += 1;
      repeater.fault = null;
      await act.converge();
    }
    site.story.note(`${act.what}: ${count} bytes ${direction}, ${what} at one place after the other`);
  }
  return struck;
}

/** All that a group says to itself: transfers, backups, replications. */
export function relayedActs({
  site,
  s0,
  p0,
  a0,
  a1,
  repeaters,
}: RelayedSite): Readonly<
  Record<'wlog' | 'wdiff' | 'fullBackup' | 'hashBackup' | 'fullReplication' | 'diffReplication', RelayedAct>
> {
  const { walbc } = site;
  let gid = 0;
  const write = () => site.write(s0, VOL, 6);
  const snapshot = async () => {
    gid = await site.snapshotNbk(s0);
    await walbc.waitForRestorable(a0, VOL, gid, 60);
  };
  /** Everything that was put off is tried now, and the newest snapshot is right. */
  const arrive = async () => {
    await site.kickAll([s0, p0]);
    await walbc.waitForRestorable(a0, VOL, gid, 600);
    await site.verify(a0, gid);
    await walbc.apply(a0, VOL, gid);
  };
  const rest = async (server: Server, states: readonly string[]) => {
    const rests = async () => states.includes(await walbc.getState(server, VOL));
    await site.eventually(rests, 100, `${server.name} rests`);
  };
  const replicated = async () => {
    await rest(a1, ['SyncReady', 'Archived', 'Clear']);
    const idle = async () => (await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 0;
    await site.eventually(idle, 100, 'a0 replicates no more');
    const reached = await walbc.replicateOnce(a0, VOL, a1, { timeoutS: 600 });
    await site.verify(a1, reached);
  };
  const backedUp = async (backUp: () => Promise<number>) => {
    await rest(s0, ['SyncReady', 'Target', 'Standby']);
    await rest(a0, ['SyncReady', 'Archived']);
    // Without the archive's last word the storage knows nothing of a backup that the archive has.
    if ((await walbc.getState(s0, VOL)) === 'Target') gid = await site.snapshot(s0, [a0]);
    else gid = (await walbc.getState(a0, VOL)) === 'Archived' ? await hashBackup() : await backUp();
    await site.verify(a0, gid);
  };
  const fullBackup = () => site.fullBackup(s0, VOL, { timeoutS: 60 });
  const hashBackup = () => site.hashBackup(s0, VOL, { timeoutS: 60 });
  return {
    wlog: {
      what: 'sending log',
      repeater: repeaters.p0,
      protocol: 'wlog-transfer',
      prepare: write,
      act: snapshot,
      converge: arrive,
    },
    wdiff: {
      what: 'sending diffs',
      repeater: repeaters.a0,
      protocol: 'wdiff-transfer',
      prepare: write,
      act: snapshot,
      converge: arrive,
    },
    fullBackup: {
      what: 'full backup',
      repeater: repeaters.a0,
      protocol: 'dirty-full-sync3',
      prepare: async () => {
        if ((await walbc.getState(s0, VOL)) === 'Target') await site.stop(s0);
        if ((await walbc.getState(a0, VOL)) !== 'Clear') await site.clearVol(a0);
        await write();
      },
      act: fullBackup,
      converge: () => backedUp(fullBackup),
    },
    hashBackup: {
      what: 'hash backup',
      repeater: repeaters.a0,
      protocol: 'dirty-hash-sync2',
      prepare: async () => {
        await site.goStandby(s0);
        await write();
      },
      act: hashBackup,
      converge: () => backedUp(hashBackup),
    },
    fullReplication: {
      what: 'full replication',
      repeater: repeaters.a1,
      protocol: 'repl-sync3',
      prepare: () => site.clearVol(a1),
      act: () => walbc.replicateOnce(a0, VOL, a1, { timeoutS: 60 }),
      converge: replicated,
    },
    diffReplication: {
      what: 'replication of diffs',
      repeater: repeaters.a1,
      protocol: 'repl-sync3',
      prepare: async () => {
        await write();
        await site.snapshot(s0, [a0]);
      },
      act: () => walbc.replicateOnce(a0, VOL, a1, { timeoutS: 60 }),
      converge: replicated,
    },
  };
}
