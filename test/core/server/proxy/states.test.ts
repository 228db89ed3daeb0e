import { describe, expect, it } from 'vitest';
import { StateError } from '../../../../core/errors.ts';
import { PROXY_EDGES, SEND_STATES, STEADY_STATES } from '../../../../core/server/proxy/states.ts';
import { Condition } from '../../../../core/server/shared/condition.ts';
import { StateMachine } from '../../../../core/server/shared/state-machine.ts';
import { FakeArchive, filesOf, Site, TestProxy, withVolume } from './support.ts';

const ALL = [...new Set(PROXY_EDGES.flat())];

const TRANSITIONS = [
  ['Clear', 'AddArchiveInfo', ['Stopped']],
  ['Stopped', 'AddArchiveInfo', ['Stopped']],
  ['Stopped', 'DeleteArchiveInfo', ['Stopped', 'Clear']],
  ['Stopped', 'ClearVol', ['Clear']],
  ['Stopped', 'Start', ['Started']],
  ['Started', 'Stop', ['Stopped']],
  ['Started', 'WlogRecv', ['Started']],
  ['Started', 'WaitForEmpty', ['Stopped']],
] as const;

describe('the states of a proxy volume', () => {
  it('are those that are documented', () => {
    expect([...ALL].sort()).toEqual(
      [
        ...['Clear', 'Stopped', 'Started', 'Start', 'Stop', 'ClearVol', 'AddArchiveInfo'],
        ...['DeleteArchiveInfo', 'WlogRecv', 'WaitForEmpty'],
      ].sort(),
    );
    expect(STEADY_STATES).toEqual(['Clear', 'Stopped', 'Started']);
    expect(SEND_STATES).toEqual(['Started', 'WlogRecv', 'WaitForEmpty']);
    expect(PROXY_EDGES.length).toBe(
      TRANSITIONS.reduce((sum, [, , goals]) => sum + goals.length, 0) + TRANSITIONS.length - 1,
    );
  });

  for (const current of ALL) {
    it(`${current}: begins exactly the transitions that lead from it`, () => {
      for (const [from, via, goals] of TRANSITIONS) {
        for (const goal of ALL) {
          const machine = new StateMachine(PROXY_EDGES, current, new Condition());
          if (current !== from) {
            expect(() => machine.begin('', from, via)).toThrow(
              `:StateMachineTransaction:bad state:${current}:${from}:${via}`,
            );
            expect(machine.state).toBe(current);
            continue;
          }
          const transition = machine.begin('', from, via);
          expect(machine.state).toBe(via);
          const isGoal =
            (goals as readonly string[]).includes(goal) ||
            PROXY_EDGES.some(([a, b]) => a === via && b === goal);
          if (!isGoal) {
            expect(() => transition.commit(goal)).toThrow(StateError);
            transition.rollback();
            expect(machine.state).toBe(from);
            continue;
          }
          transition.commit(goal);
          expect(machine.state).toBe(goal);
          transition.rollback();
          expect(machine.state).toBe(goal);
        }
      }
    });
  }
});

/** Refusals by command and state; what is not named is done. */
const REFUSALS: Record<string, Record<string, string>> = {
  'start vol0': { Clear: 'bad state:Clear', Started: 'bad state:Started', WaitForEmpty: 'STOP 1' },
  'clear-vol vol0': {
    Clear: ':StateMachineTransaction:bad state:Clear:Stopped:ClearVol',
    Started: ':StateMachineTransaction:bad state:Started:Stopped:ClearVol',
    WaitForEmpty: 'STOP 2',
  },
  'resize vol0 8m': {
    Clear: 'c2pResizeServer:bad state:Clear',
    Started: 'c2pResizeServer:bad state:Started',
    WaitForEmpty: 'STOP 3',
  },
  'kick vol0': { Clear: 'c2pKickServer:bad state:Clear', Stopped: 'c2pKickServer:bad state:Stopped' },
  'kick vol0 a9': {
    Clear: 'c2pKickServer:bad state:Clear',
    Stopped: 'c2pKickServer:bad state:Stopped',
    Started: 'c2pKickServer:archive does not exist:a9',
    WaitForEmpty: 'c2pKickServer:archive does not exist:a9',
  },
  'stop vol0 empty': {
    WaitForEmpty: 'stopAndEmptyProxyVol:already under stopping wlog receiver:vol0',
  },
  'stop vol0 force': { WaitForEmpty: 'stopProxyVol:already under stopping wlog:vol0' },
  start: { ...all('c2pStartServer:bad size:1:0') },
  'clear-vol': { ...all('c2pClearVolServer:bad size:1:0') },
  'resize vol0 0': { ...all('parseResizeParam:size param must not be 0') },
};

function all(text: string): Record<string, string> {
  return { Clear: text, Stopped: text, Started: text, WaitForEmpty: text };
}

const STOPPING: Record<string, string> = {
  'STOP 1': 'startProxyVol:verifyStopState:vol0:2:1',
  'STOP 2': 'c2pClearVolServer:verifyStopState:vol0:2:1',
  'STOP 3': 'c2pResizeServer:verifyStopState:vol0:2:1',
};

describe('commands of a proxy', () => {
  for (const state of ['Clear', 'Stopped', 'Started', 'WaitForEmpty']) {
    it(`${state}: refused ones change nothing`, async () => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site);
      await site.run(async () => {
        if (state === 'Clear') await proxy.start();
        else await proxy.begin();
        archive.reply = () => 'syncing';
        if (state !== 'Clear') {
          expect(await proxy.sendWlog(0, 1)).toBe(null);
          await site.sleep(0.5);
        }
        if (state === 'Stopped') await proxy.must('stop', 'vol0');
        if (state === 'WaitForEmpty') await proxy.must('stop', 'vol0', 'empty');
        if (state !== 'Clear') await proxy.waitForState(state);
        for (const [line, refusals] of Object.entries(REFUSALS)) {
          const refusal = refusals[state];
          if (refusal === undefined) continue;
          const before = filesOf(proxy.host, proxy.base);
          const [command = '', ...words] = line.split(' ');
          expect(await proxy.command(command, ...words), line).toBe(STOPPING[refusal] ?? refusal);
          expect(await proxy.state(), line).toBe(state);
          expect(filesOf(proxy.host, proxy.base), line).toEqual(before);
        }
        // Archive settings.
        const before = filesOf(proxy.host, proxy.base);
        const info = ['a0:10200', 'gzip:1:1', '5'];
        if (state === 'Started' || state === 'WaitForEmpty') {
          const open =
            state === 'Started'
              ? 'bad state:Started:Started'
              : 'tryChange:already called:WaitForEmpty:WaitForEmpty';
          const text = `:StateMachineTransaction:${open}:AddArchiveInfo`;
          expect(await proxy.archiveInfo('add', 'a1', info)).toBe(text);
          expect(await proxy.archiveInfo('update', 'a0', info)).toBe(text);
        }
        if (state !== 'Stopped') {
          const open = state === 'WaitForEmpty' ? 'tryChange:already called' : 'bad state';
          expect(await proxy.archiveInfo('delete', 'a0')).toBe(
            `:StateMachineTransaction:${open}:${state}:Stopped:DeleteArchiveInfo`,
          );
        } else {
          expect(await proxy.archiveInfo('add', 'a0', info)).toBe(
            `ProxyVolInfo::addArchiveInfo:already exists:${proxy.base}/vol0/sendto/a0`,
          );
          // A name that nobody knows is no error.
          expect(await proxy.archiveInfo('delete', 'a9')).toBe('ok');
        }
        expect(await proxy.archiveInfo('get', 'a9')).toBe('getArchiveInfo:archive info not exists:a9');
        expect(await proxy.archiveInfo('list', null)).toEqual(state === 'Clear' ? [] : ['a0']);
        expect(filesOf(proxy.host, proxy.base)).toEqual(before);
        // A wlog.
        const text = await proxy.sendWlog(1, 2);
        if (state === 'Started') expect(text).toBe(null);
        else if (state === 'WaitForEmpty') {
          expect(text).toBe('s2pWlogTransferServer:verifyStopState:vol0:2:1');
        } else expect(text).toBe(`s2pWlogTransferServer:bad state:${state}`);
      });
    });
  }

  it('while a wlog comes: another is refused, kicks and questions are answered', () =>
    withVolume({}, async ({ proxy }) => {
      const reply = await proxy.sendWlog(0, 1, {
        at: async (point) => {
          if (point !== 'accepted') return;
          expect(await proxy.state()).toBe('WlogRecv');
          expect(await proxy.sendWlog(0, 1)).toBe('s2pWlogTransferServer:bad state:WlogRecv');
          expect(await proxy.command('kick', 'vol0')).toBe('ok');
          expect(await proxy.command('start', 'vol0')).toBe('bad state:WlogRecv');
          expect(await proxy.command('resize', 'vol0', '8m')).toBe('c2pResizeServer:bad state:WlogRecv');
          expect(await proxy.command('clear-vol', 'vol0')).toBe(
            ':StateMachineTransaction:tryChange:already called:WlogRecv:Stopped:ClearVol',
          );
          expect((await proxy.status('vol0'))[2]).toBe('state WlogRecv');
        },
      });
      expect(reply).toBe(null);
      expect(await proxy.state()).toBe('Started');
    }));

  it('limits the wlogs that come at a time', () =>
    withVolume({ options: { maxForegroundTasks: 1 } }, async ({ proxy }) => {
      await proxy.archiveInfo('add', 'a0', ['a0:10200'], 'vol1');
      await proxy.must('start', 'vol1');
      let other: string | null = '';
      await proxy.sendWlog(0, 1, {
        at: async (point) => {
          if (point === 'accepted') other = await proxy.sendWlog(0, 1, { volId: 'vol1' });
        },
      });
      expect(other).toBe('s2pWlogTransferServer:exceeds max foreground tasks:1');
      expect(await proxy.sendWlog(0, 1, { volId: 'vol1' })).toBe(null);
    }));
});
