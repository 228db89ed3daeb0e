import { describe, expect, it } from 'vitest';
import { TaskRunner, type WorkerTask } from '../../../../core/control/worker/index.ts';
import { keptLog, workerConfig } from './worker-kit.ts';

const config = workerConfig({ repl: { servers: { a1: { addr: 'h', port: 1, interval: 1 } } } });
const apply = (vol: string): WorkerTask => ({ kind: 'apply', vol, gid: 3 });
const merge = (vol: string): WorkerTask => ({ kind: 'merge', vol, gidB: 0, gidE: 2 });
const repl = (vol: string): WorkerTask => ({
  kind: 'repl',
  vol,
  server: config.replication.servers[0] as (typeof config.replication.servers)[0],
  gid: null,
});

/** A runner whose tasks end when told. */
function held(maxTasks: number, maxReplicationTasks: number) {
  const waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const { log, lines } = keptLog();
  let nowUs = 0;
  let ends = 0;
  const runner = new TaskRunner({
    limits: { maxTasks, maxReplicationTasks },
    clock: { monotonicUs: () => nowUs, wallTimeS: () => 0, startTimer: () => () => {} },
    log,
    describe: (task) => `${task.kind} ${task.vol}`,
    work: (task) =>
      new Promise((resolve, reject) => {
        waiting.set(task.vol, { resolve, reject });
      }),
    onEnd: () => {
      ends += 1;
    },
  });
  const settle = async (vol: string, error: Error | null = null) => {
    await Promise.resolve();
    const { resolve, reject } = waiting.get(vol) ?? {};
    if (error === null) resolve?.();
    else reject?.(error);
    await new Promise((done) => setImmediate(done));
  };
  return { runner, lines, settle, advance: (us: number) => (nowUs += us), ends: () => ends };
}

describe('the tasks of a worker', () => {
  it('are one for each volume, at most so many, and so many replications', async () => {
    const { runner, settle, lines, ends } = held(2, 1);
    expect(runner.tryRun(repl('v0'))).toBe(true);
    expect(runner.tryRun(merge('v0'))).toBe(false);
    expect(runner.tryRun(repl('v1'))).toBe(false);
    expect(runner.canReplicate).toBe(false);
    // A full share of replications keeps nothing else from its turn.
    expect(runner.tryRun(merge('v1'))).toBe(true);
    expect(runner.isFull).toBe(true);
    expect(runner.tryRun(apply('v2'))).toBe(false);
    expect(lines).toEqual([
      'info startTask:repl v0',
      'info task is canceled(another task):merge v0',
      'info task is canceled(max limit):repl v1',
      'info startTask:merge v1',
      'info task is canceled(max limit):apply v2',
    ]);
    await settle('v0');
    expect(lines.at(-1)).toBe('info endTask:repl v0');
    expect(ends()).toBe(1);
    expect(runner.isBusy('v0')).toBe(false);
    expect(runner.tryRun(repl('v2'))).toBe(true);
    await settle('v1');
    await settle('v2');
    await runner.join();
    expect(runner.doneCount).toBe(3);
  });

  it('that fail are told and set aside for a minute', async () => {
    const { runner, settle, lines, advance } = held(1, 1);
    runner.tryRun(apply('v0'));
    await settle('v0', new Error('no such gid'));
    expect(lines.at(-1)).toBe('error errTask:apply v0:no such gid');
    expect([runner.doneCount, runner.failedCount, runner.endedCount]).toEqual([0, 1, 1]);
    expect(runner.isSetAside('apply:v0:')).toBe(true);
    expect(runner.isSetAside('merge:v0:')).toBe(false);
    advance(59_999_999);
    expect(runner.isSetAside('apply:v0:')).toBe(true);
    advance(1);
    expect(runner.isSetAside('apply:v0:')).toBe(false);
  });

  it('of replication are remembered from their start', () => {
    const { runner, advance } = held(1, 1);
    advance(5);
    runner.tryRun(repl('v0'));
    expect([...runner.begunAtUs]).toEqual([['repl:v0:a1', 5]]);
  });

  it('may be none at all', () => {
    expect(held(0, 0).runner.tryRun(apply('v0'))).toBe(false);
  });
});
