import { describe, expect, it } from 'vitest';
import { StateError } from '../../../../core/errors.ts';
import { requestBackup } from '../../../../core/protocol/backup-parts.ts';
import type { Channel } from '../../../../core/protocol/channel.ts';
import { readSnapFrom } from '../../../../core/protocol/dirty-hash-sync.ts';
import { requestReplication, sayLineage } from '../../../../core/protocol/repl-sync.ts';
import { requestWdiffTransfer } from '../../../../core/protocol/wdiff-transfer.ts';
import {
  ACTIVE_OR_STOPPED_STATES,
  ACTIVE_STATES,
  ARCHIVE_EDGES,
  RESIZABLE_STATES,
  STEADY_STATES,
  STORED_STATES,
} from '../../../../core/server/archive/states.ts';
import { Condition } from '../../../../core/server/shared/condition.ts';
import { StateMachine } from '../../../../core/server/shared/state-machine.ts';
import { DEFAULT_COMPRESS_OPT } from '../../../../core/snapshot/host-info.ts';
import { stateOf, withArchive } from './running.ts';
import { ARCHIVE_UUID, SIZE_LB, seedSmallVolume, stepDiff, TIME_S, UUID } from './small-volume.ts';
import type { TestArchive } from './support.ts';

const ALL = [...new Set(ARCHIVE_EDGES.flat())];

/** From, via, to: all that there is. */
const TRANSITIONS = [
  ['Clear', 'InitVol', 'SyncReady'],
  ['SyncReady', 'ClearVol', 'Clear'],
  ['Stopped', 'ClearVol', 'Clear'],
  ['SyncReady', 'ResetVol', 'SyncReady'],
  ['Stopped', 'ResetVol', 'SyncReady'],
  ['SyncReady', 'FullSync', 'Archived'],
  ['SyncReady', 'Resync', 'Archived'],
  ['Archived', 'HashSync', 'Archived'],
  ['Archived', 'WdiffRecv', 'Archived'],
  ['Archived', 'ReplSyncAsServer', 'Archived'],
  ['Archived', 'Stop', 'Stopped'],
  ['Stopped', 'Start', 'Archived'],
] as const;

describe('the states of an archive volume', () => {
  it('are those that are documented', () => {
    expect(STEADY_STATES).toEqual(['Clear', 'SyncReady', 'Archived', 'Stopped']);
    expect(STORED_STATES).toEqual(['SyncReady', 'Archived', 'Stopped']);
    const active = ['Archived', 'HashSync', 'WdiffRecv', 'ReplSyncAsServer'];
    expect(ACTIVE_STATES).toEqual(active);
    expect(ACTIVE_OR_STOPPED_STATES).toEqual([...active, 'Stopped']);
    expect(RESIZABLE_STATES).toEqual(['SyncReady', ...active, 'Stopped']);
    const edges = TRANSITIONS.flatMap(([from, via, to]) => [`${from} ${via}`, `${via} ${to}`]);
    expect(new Set(ARCHIVE_EDGES.map((edge) => edge.join(' ')))).toEqual(new Set(edges));
  });

  it.each(ALL)('%s: begins exactly the transitions that lead from it', (current) => {
    for (const [from, via, to] of TRANSITIONS) {
      const machine = new StateMachine(ARCHIVE_EDGES, current, new Condition());
      const begin = () => machine.begin('func', from, via);
      if (current !== from) {
        expect(begin).toThrow(`func:StateMachineTransaction:bad state:${current}:${from}:${via}`);
        expect(machine.state).toBe(current);
        continue;
      }
      const transition = begin();
      expect(() => machine.begin('func', via, to)).toThrow(
        `func:StateMachineTransaction:tryChange:already called:${via}:${via}:${to}`,
      );
      for (const wrong of ALL) {
        if (ARCHIVE_EDGES.some(([a, b]) => a === via && b === wrong)) continue;
        expect(() => transition.commit(wrong)).toThrow(StateError);
      }
      transition.rollback();
      expect(machine.state).toBe(from);
    }
  });
});

/** States in which a volume can be while commands come, and what the commands need. */
const STEADY = ['Clear', 'SyncReady', 'Archived', 'Stopped'];
const ACTIVE = ['Archived', 'HashSync', 'WdiffRecv', 'ReplSyncAsServer'];
const PASSING = ['HashSync', 'WdiffRecv', 'ReplSyncAsServer', 'FullSync'];

const edge = (func: string, from: string, via: string) => (state: string) =>
  PASSING.includes(state)
    ? `${func}:StateMachineTransaction:tryChange:already called:${state}:${from === '' ? state : from}:${via}`
    : `${func}:StateMachineTransaction:bad state:${state}:${from === '' ? state : from}:${via}`;
const bad = (func: string) => (state: string) => `${func}:bad state:${state}`;
const badVolume = (func: string) => (state: string) => `${func}:bad state:vol0:${state}`;

/** Command, states in which it is taken (others: its refusal). */
const COMMANDS: [line: string, accepted: readonly string[], refusal: (state: string) => string][] = [
  ['init-vol vol0', ['Clear'], edge('c2aInitVolServer', 'Clear', 'InitVol')],
  ['clear-vol vol0', ['SyncReady', 'Stopped'], edge('c2aClearVolServer', '', 'ClearVol')],
  ['reset-vol vol0', ['SyncReady', 'Stopped'], edge('c2aResetVolServer', '', 'ResetVol')],
  ['start vol0', ['Stopped'], edge('c2aStartServer', 'Stopped', 'Start')],
  ['restore vol0 2', ACTIVE, bad('c2aRestoreServer')],
  ['apply vol0 2', ACTIVE, bad('c2aApplyServer')],
  ['merge vol0 1 gid 4', ACTIVE, bad('c2aMergeServer')],
  ['replicate vol0 gid 4 a1:10201', ACTIVE, bad('c2aReplicateServer')],
  ['resize vol0 64k', ['SyncReady', ...ACTIVE, 'Stopped'], bad('c2aResizeServer')],
  ['del-restored vol0 1', [...ACTIVE, 'Stopped'], bad('c2aDelRestoredServer')],
  ['del-cold vol0 1', [...ACTIVE, 'Stopped'], bad('c2aDelColdServer')],
  ['enable-snapshot vol0 3', ACTIVE, bad('c2aEnableSnapshot')],
  ['disable-snapshot vol0 3', ACTIVE, bad('c2aDisableSnapshot')],
  ['gc-diff vol0', [...ACTIVE, 'Stopped'], bad('c2aGarbageCollectDiffServer')],
  ['virt-full-scan vol0 2', ACTIVE, bad('c2aVirtualFullScanServer')],
  ['bhash vol0 2', ACTIVE, bad('c2aBlockHashServer')],
  ['stop vol0 empty', [], () => 'parseStopParam:stop empty is not allowed.'],
  ['get num-action vol0 Merge', [...ALL.filter((state) => state !== 'Clear')], badVolume('getNumAction')],
  ['get exists-diff vol0 0 0 1 1', [...ACTIVE, 'Stopped'], badVolume('getExistsDiff')],
  ['get restored vol0', [...ACTIVE, 'Stopped'], badVolume('getRestored')],
  ['get cold vol0', [...ACTIVE, 'Stopped'], badVolume('getCold')],
  ['get uuid vol0', ACTIVE, badVolume('getUuid')],
  ['get archive-uuid vol0', ACTIVE, badVolume('getArchiveUuid')],
  ['get base vol0', ACTIVE, badVolume('getBase')],
  [
    'get latest-snap vol0',
    [...ACTIVE, 'Stopped'],
    () => 'getLatestSnap:could not get latest snapshot for volume:vol0',
  ],
];

const BACKUP = {
  volId: 'vol0',
  sizeLb: SIZE_LB,
  timestamp: TIME_S,
  bulkLb: 8,
  compression: DEFAULT_COMPRESS_OPT,
};

/** What other servers ask for: null, or how it was refused. */
const PEERS: Record<string, (channel: Channel) => Promise<string | null>> = {
  'dirty-full-sync3': (channel) => requestBackup(channel, BACKUP),
  'dirty-hash-sync2': (channel) => requestBackup(channel, BACKUP),
  'repl-sync3': (channel) =>
    requestReplication(channel, 'vol0').then(
      () => null,
      (error: Error) => error.message,
    ),
  'wdiff-transfer': async (channel) => {
    const reply = await requestWdiffTransfer(channel, {
      volId: 'vol0',
      hostType: 'proxy',
      uuid: UUID,
      sizeLb: SIZE_LB,
      diff: stepDiff(5),
    });
    return reply.kind === 'accept' ? null : reply.kind === 'rejected' ? reply.word : reply.text;
  },
};

/** Where each is taken; what is said elsewhere. */
const PEER_STATES: Record<string, [accepted: readonly string[], refusal: (state: string) => string]> = {
  'dirty-full-sync3': [['SyncReady'], bad('backupServer')],
  'dirty-hash-sync2': [['Archived'], bad('backupServer')],
  'repl-sync3': [['SyncReady', 'Archived'], bad('x2aReplSyncServer')],
  'wdiff-transfer': [
    ['Archived'],
    (state) =>
      ({ Stopped: 'stopped', FullSync: 'syncing', HashSync: 'syncing', WdiffRecv: 'wdiff-recv' })[state] ??
      `p2aWdiffTransferServer:bad state:${state}`,
  ],
};

/** Lets a peer hold the volume in a passing state until the channel closes. */
async function hold(archive: TestArchive, state: string): Promise<Channel | null> {
  const open = async (protocol: string) => {
    const channel = await archive.open(protocol, 'peer');
    expect(await PEERS[protocol]?.(channel)).toBe(null);
    return channel;
  };
  switch (state) {
    case 'FullSync':
      return open('dirty-full-sync3');
    case 'HashSync': {
      const channel = await open('dirty-hash-sync2');
      await readSnapFrom(channel);
      return channel;
    }
    case 'WdiffRecv':
      return open('wdiff-transfer');
    case 'ReplSyncAsServer': {
      const channel = await open('repl-sync3');
      await sayLineage(channel, { archiveUuid: ARCHIVE_UUID, doResync: false });
      return channel;
    }
    default:
      return null;
  }
}

const seedFor = (state: string) => async (archive: TestArchive) => {
  const stored = state === 'FullSync' ? 'SyncReady' : PASSING.includes(state) ? 'Archived' : state;
  if (stored !== 'Clear') await seedSmallVolume(archive, { state: stored, mergeable: [3, 4] });
};

/** All that a command may change: state, files with their content, block volumes. */
async function everything(archive: TestArchive): Promise<unknown> {
  const files = archive
    .files()
    .map((name) => `${name} ${Buffer.from(archive.file(name) ?? []).toString('base64')}`);
  const actions = (await archive.get('all-actions')).map((line) => line.replace(/ [-\dT:]+(?= |$)/g, ''));
  return [await stateOf(archive), files, archive.lvNames(), actions];
}

async function said(archive: TestArchive, line: string): Promise<string> {
  const [command = '', ...words] = line.split(' ');
  if (command !== 'get') return archive.command(command, ...words);
  return archive.get(...words).then(
    () => 'ok',
    (error: Error) => error.message.replace(/^c2xGetClient:/, ''),
  );
}

describe('commands', () => {
  for (const state of [...STEADY, ...PASSING]) {
    it(`${state}: refused ones say why and change nothing`, async () => {
      await withArchive(
        async (archive) => {
          const held = await hold(archive, state);
          expect(await stateOf(archive)).toBe(state);
          const before = await everything(archive);
          for (const [line, accepted, refusal] of COMMANDS) {
            if (accepted.includes(state)) continue;
            expect(await said(archive, line), line).toBe(refusal(state));
            expect(await everything(archive), line).toEqual(before);
          }
          for (const [protocol, [accepted, refusal]] of Object.entries(PEER_STATES)) {
            if (accepted.includes(state)) continue;
            const channel = await archive.open(protocol, 'peer');
            expect(await PEERS[protocol]?.(channel), protocol).toBe(refusal(state));
            channel.close();
            expect(await everything(archive), protocol).toEqual(before);
          }
          expect((await archive.get('restorable', 'vol0')).length > 0).toBe(ACTIVE.includes(state));
          held?.close();
        },
        { options: { maxForegroundTasks: 9 } },
        seedFor(state),
      );
    });

    it(`${state}: the others are not refused because of it`, async () => {
      const lines = COMMANDS.filter(([, accepted]) => accepted.includes(state)).map(([line]) => line);
      for (const line of lines) {
        await withArchive(
          async (archive) => {
            const held = await hold(archive, state);
            const text = await said(archive, line);
            // That the copy or the other archive is missing is another matter.
            const lacks = /^del-/.test(line)
              ? 'delSnapshot:volume not found'
              : /^repl/.test(line)
                ? 'a1'
                : null;
            if (lacks === null) expect(text, line).toMatch(/^(ok|accept)$/);
            else expect(text, line).toContain(lacks);
            held?.close();
          },
          { options: { maxForegroundTasks: 9 } },
          seedFor(state),
        );
      }
    });
  }
});
