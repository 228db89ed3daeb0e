import { describe, expect, it } from 'vitest';
import { StateError } from '../../../../core/errors.ts';
import { Condition } from '../../../../core/server/shared/condition.ts';
import { StateMachine } from '../../../../core/server/shared/state-machine.ts';
import {
  RESIZABLE_STATES,
  SNAPSHOT_STATES,
  STEADY_STATES,
  STOPPABLE_STATES,
  STORAGE_EDGES,
  WLOG_STATES,
} from '../../../../core/server/storage/states.ts';
import { FakeArchive, FakeProxy, filesOf, Site, TestStorage } from './support.ts';

const ALL = [...new Set(STORAGE_EDGES.flat())];

/** From, via, to: all that an operator can bring about. */
const TRANSITIONS = [
  ['Clear', 'InitVol', 'SyncReady'],
  ['SyncReady', 'ClearVol', 'Clear'],
  ['SyncReady', 'StartStandby', 'Standby'],
  ['Standby', 'StopStandby', 'SyncReady'],
  ['SyncReady', 'FullSync', 'Stopped'],
  ['SyncReady', 'HashSync', 'Stopped'],
  ['Stopped', 'Reset', 'SyncReady'],
  ['Stopped', 'StartTarget', 'Target'],
  ['Target', 'StopTarget', 'Stopped'],
] as const;

describe('the states of a storage volume', () => {
  it('are those that are documented', () => {
    expect(ALL.sort()).toEqual(
      [
        ...['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby'],
        ...['InitVol', 'ClearVol', 'StartStandby', 'StopStandby', 'FullSync', 'HashSync'],
        ...['StartTarget', 'StopTarget', 'Reset'],
      ].sort(),
    );
    expect(STEADY_STATES).toEqual(['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby']);
    expect(STOPPABLE_STATES).toEqual(['Target', 'Standby']);
    expect(SNAPSHOT_STATES).toEqual(['Target', 'Stopped']);
    expect(WLOG_STATES).toEqual(['Target', 'FullSync', 'HashSync', 'Standby']);
    expect(RESIZABLE_STATES).toEqual(['SyncReady', 'Stopped', 'Target', 'Standby']);
  });

  for (const current of ALL) {
    it(`${current}: begins exactly the transitions that lead from it`, () => {
      for (const [from, via, to] of TRANSITIONS) {
        const machine = new StateMachine(STORAGE_EDGES, current, new Condition());
        const begin = () => machine.begin('func', from, via);
        if (current !== from) {
          expect(begin).toThrow(`func:StateMachineTransaction:bad state:${current}:${from}:${via}`);
          expect(machine.state).toBe(current);
          continue;
        }
        const transition = begin();
        expect(machine.state).toBe(via);
        expect(() => machine.begin('func', via, to)).toThrow(
          `func:StateMachineTransaction:tryChange:already called:${via}:${via}:${to}`,
        );
        for (const wrong of ALL) {
          if (STORAGE_EDGES.some(([a, b]) => a === via && b === wrong)) continue;
          expect(() => transition.commit(wrong)).toThrow(StateError);
        }
        transition.rollback();
        expect(machine.state).toBe(from);
        machine.begin('func', from, via).commit(to);
        expect(machine.state).toBe(to);
        expect(machine.inTransition).toBe(false);
      }
    });
  }
});

/** What each command says in each steady state; what is not named is done. */
const REFUSALS: Record<string, Record<string, string>> = {
  'init-vol vol0 /dev/walb/0': Object.fromEntries(
    ['SyncReady', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      `c2sInitVolServer:StateMachineTransaction:bad state:${state}:Clear:InitVol`,
    ]),
  ),
  'clear-vol vol0': Object.fromEntries(
    ['Clear', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      `c2sClearVolServer:StateMachineTransaction:bad state:${state}:SyncReady:ClearVol`,
    ]),
  ),
  'reset-vol vol0': Object.fromEntries(
    ['Clear', 'SyncReady', 'Target', 'Standby'].map((state) => [
      state,
      `:StateMachineTransaction:bad state:${state}:Stopped:Reset`,
    ]),
  ),
  'start vol0 target': {
    Clear: 'c2sStartServer:bad state:Clear',
    ...Object.fromEntries(
      ['SyncReady', 'Target', 'Standby'].map((state) => [
        state,
        `c2sStartServer:StateMachineTransaction:bad state:${state}:Stopped:StartTarget`,
      ]),
    ),
  },
  'start vol0 standby': {
    Clear: 'c2sStartServer:bad state:Clear',
    ...Object.fromEntries(
      ['Stopped', 'Target', 'Standby'].map((state) => [
        state,
        `c2sStartServer:StateMachineTransaction:bad state:${state}:SyncReady:StartStandby`,
      ]),
    ),
  },
  'snapshot vol0': Object.fromEntries(
    ['Clear', 'SyncReady', 'Standby'].map((state) => [state, `c2sSnapshotServer:bad state:${state}`]),
  ),
  'resize vol0 4m': { Clear: 'c2sResizeServer:bad state:Clear' },
  'full-bkp vol0': Object.fromEntries(
    ['Clear', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      `backupClient:StateMachineTransaction:bad state:${state}:SyncReady:FullSync`,
    ]),
  ),
  'hash-bkp vol0': Object.fromEntries(
    ['Clear', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      `backupClient:StateMachineTransaction:bad state:${state}:SyncReady:HashSync`,
    ]),
  ),
  'get is-overflow vol0': { Clear: 'isOverflow:bad state:Clear' },
  'get uuid vol0': { Clear: 'getUuid:bad state:Clear' },
  'get latest-snap vol0': Object.fromEntries(
    ['Clear', 'SyncReady', 'Stopped', 'Standby'].map((state) => [
      state,
      'getLatestSnap:could not get latest snapshot for volume:vol0',
    ]),
  ),
  'start vol0 other': Object.fromEntries(
    ['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      'parseStartParam:specify role: target or standby:other',
    ]),
  ),
  'stop vol0 empty': Object.fromEntries(
    ['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby'].map((state) => [
      state,
      'parseStopParam:stop empty is not allowed.',
    ]),
  ),
};

/** Where a command that is done leads. */
const DONE: Record<string, Record<string, string>> = {
  'init-vol vol0 /dev/walb/0': { Clear: 'SyncReady' },
  'clear-vol vol0': { SyncReady: 'Clear' },
  'reset-vol vol0': { Stopped: 'SyncReady' },
  'start vol0 target': { Stopped: 'Target' },
  'start vol0 standby': { SyncReady: 'Standby' },
  'full-bkp vol0': { SyncReady: 'Target' },
  'hash-bkp vol0': { SyncReady: 'Target' },
};

async function bringTo(storage: TestStorage, state: string): Promise<void> {
  await storage.makeDevice();
  await storage.start();
  if (state === 'Clear') return;
  await storage.must('init-vol', 'vol0', '/dev/walb/0');
  if (state === 'SyncReady') return;
  if (state === 'Standby') await storage.must('start', 'vol0', 'standby');
  else await storage.becomeTarget();
  // Everything that the backup left to do is done.
  await storage.site.sleep(5);
  if (state === 'Stopped') {
    await storage.must('stop', 'vol0');
    await storage.waitForState('Stopped');
  }
}

describe('commands in steady states', () => {
  for (const state of STEADY_STATES) {
    it(`${state}: refused ones change nothing`, async () => {
      const site = new Site();
      new FakeProxy(site);
      new FakeArchive(site);
      const storage = new TestStorage(site);
      await site.run(async () => {
        await bringTo(storage, state);
        expect(await storage.state()).toBe(state);
        for (const [line, refusals] of Object.entries(REFUSALS)) {
          const refusal = refusals[state];
          if (refusal === undefined) continue;
          const before = filesOf(storage.host, storage.base);
          const [command = '', ...words] = line.split(' ');
          expect(await storage.command(command, ...words), line).toBe(refusal);
          expect(await storage.state(), line).toBe(state);
          expect(filesOf(storage.host, storage.base), line).toEqual(before);
          const status = await storage.status();
          expect(
            status.filter((text) => text.includes('timeDiffMs')),
            line,
          ).toEqual([]);
        }
      });
    });

    for (const [line, goals] of Object.entries(DONE)) {
      const goal = goals[state];
      if (goal === undefined) continue;
      it(`${state}: ${line} leads to ${goal}, also after a restart`, async () => {
        const site = new Site();
        new FakeProxy(site);
        new FakeArchive(site);
        const storage = new TestStorage(site);
        await site.run(async () => {
          await bringTo(storage, state);
          const [command = '', ...words] = line.split(' ');
          await storage.must(command, ...words);
          await storage.waitForState(goal);
          await storage.restart();
          expect(await storage.state()).toBe(goal);
        });
      });
    }
  }

  it('stop is accepted in every state, and does nothing where there is nothing to stop', async () => {
    for (const state of ['Clear', 'SyncReady', 'Stopped']) {
      const site = new Site();
      new FakeProxy(site);
      new FakeArchive(site);
      const storage = new TestStorage(site);
      await site.run(async () => {
        await bringTo(storage, state);
        const before = filesOf(storage.host, storage.base);
        expect(await storage.command('stop', 'vol0')).toBe('accept');
        await site.sleep(2);
        expect(await storage.state()).toBe(state);
        expect(filesOf(storage.host, storage.base)).toEqual(before);
        expect(site.messages('s0', 'error').at(-1)).toContain(`c2sStopServer:bad state:${state}`);
      });
    }
  });
});

describe('commands in passing states', () => {
  const CASES = [
    ['init-vol', 'c2sInitVolServer', 'Clear', 'InitVol'],
    ['clear-vol', 'c2sClearVolServer', 'SyncReady', 'ClearVol'],
    ['full-bkp', 'backupClient', 'SyncReady', 'FullSync'],
    ['hash-bkp', 'backupClient', 'SyncReady', 'HashSync'],
    ['reset-vol', '', 'Stopped', 'Reset'],
    ['start', 'c2sStartServer', 'SyncReady', 'StartStandby'],
  ] as const;

  for (const state of ['FullSync', 'HashSync', 'InitVol', 'ClearVol'] as const) {
    it(`${state}: every other transition is refused`, async () => {
      const site = new Site();
      new FakeProxy(site);
      const archive = new FakeArchive(site);
      const storage = new TestStorage(site);
      let goOn = () => {};
      const gate = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      archive.at = async (point) => {
        if (point === 'image') await gate;
      };
      await site.run(async () => {
        await storage.makeDevice();
        await storage.start();
        const held = (step: string) =>
          site.simulation.faults.arm({
            ...{ kind: 'delay', host: 's0', process: null, step, call: null, nth: 1, times: 1 },
            addUs: 3_000_000,
          });
        let pending: Promise<string> | null = null;
        if (state === 'InitVol') {
          held('storage.init.files');
          pending = storage.command('init-vol', 'vol0', '/dev/walb/0');
        } else {
          await storage.must('init-vol', 'vol0', '/dev/walb/0');
          if (state === 'ClearVol') {
            held('storage.clear.files');
            pending = storage.command('clear-vol', 'vol0');
          } else await storage.must(state === 'FullSync' ? 'full-bkp' : 'hash-bkp', 'vol0');
        }
        await storage.waitForState(state);
        for (const [command, func, from, via] of CASES) {
          const words = command === 'init-vol' ? ['/dev/walb/0'] : command === 'start' ? ['standby'] : [];
          const reply = await storage.command(command, 'vol0', ...words);
          const known = state === 'InitVol' ? [`${func}:bad state:Clear`] : [];
          expect(
            [`${func}:StateMachineTransaction:tryChange:already called:${state}:${from}:${via}`, ...known],
            command,
          ).toContain(reply);
          expect(await storage.state()).toBe(state);
        }
        expect(await storage.command('snapshot', 'vol0')).toBe(`c2sSnapshotServer:bad state:${state}`);
        expect(await storage.command('resize', 'vol0', '4m')).toBe(`c2sResizeServer:bad state:${state}`);
        if (pending !== null) expect(await pending).toBe('ok');
        goOn();
        await storage.waitForState(
          state === 'InitVol' ? 'SyncReady' : state === 'ClearVol' ? 'Clear' : 'Target',
        );
      });
    });
  }
});
