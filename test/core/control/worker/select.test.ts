import { describe, expect, it } from 'vitest';
import { replicaGidsOf } from '../../../../core/control/worker/archive-view.ts';
import { selectTask } from '../../../../core/control/worker/index.ts';
import { makeApplyingState, makeDiff, makeSnap } from '../../../../core/snapshot/meta.ts';
import { diffChain, keptLog, mockView, NOW_S, selection, workerConfig } from './worker-kit.ts';

const OLD = NOW_S - 5000;
const YOUNG = NOW_S - 10;
const applying = makeApplyingState(makeSnap(1), makeSnap(4), OLD);
const five = diffChain([10, 10, 10, 10, 10]);

describe('the first step', () => {
  it('finishes an interrupted apply before anything else, whatever the interval', async () => {
    const view = mockView({
      a: { times: [OLD, OLD], diffs: five },
      b: { base: applying, begun: { Apply: 1 } },
    });
    expect(await selectTask(await selection(view))).toEqual({ kind: 'apply', vol: 'b', gid: 4 });
    expect(view.asked).toEqual(['bases']);
  });
});

describe('the second step', () => {
  it('applies the volume with most to apply, up to the keep period', async () => {
    const view = mockView({
      small: { times: [OLD, OLD, OLD, YOUNG], diffs: diffChain([1, 1, 900]) },
      large: { times: [OLD, OLD, OLD, YOUNG], diffs: diffChain([1, 2, 1]) },
      young: { times: [OLD, YOUNG], diffs: diffChain([5000]) },
    });
    expect(await selectTask(await selection(view))).toEqual({ kind: 'apply', vol: 'large', gid: 2 });
  });

  it('prefers the later of equal ones, and knows the edge of the keep period', async () => {
    const times = [OLD, NOW_S - 1000, NOW_S - 999];
    const view = mockView({ a: { times, diffs: five }, b: { times, diffs: five } });
    expect(await selectTask(await selection(view))).toEqual({ kind: 'apply', vol: 'b', gid: 1 });
  });

  it('leaves out volumes whose last apply began less than the interval ago', async () => {
    const times = [OLD, OLD];
    const view = mockView({
      a: { times, diffs: diffChain([1]), begun: { Apply: 500 } },
      b: { times, diffs: diffChain([9]), begun: { Apply: 499 } },
    });
    expect(await selectTask(await selection(view, { onlyStep: 2 }))).toMatchObject({ vol: 'a' });
    expect(view.asked).not.toContain('restorable b');
    const always = workerConfig({ apply: { interval: 0 } });
    expect(await selectTask(await selection(view, { onlyStep: 2, config: always }))).toMatchObject({
      vol: 'b',
    });
  });
});

describe('the merges', () => {
  it('are urgent from a number of diffs on, most first', async () => {
    const view = mockView({ a: { diffs: five }, b: { diffs: diffChain(new Array(9).fill(1)) } });
    const config = workerConfig({ merge: { threshold_nr: 6 } });
    const input = await selection(view, { config });
    expect(await selectTask(input)).toEqual({ kind: 'merge', vol: 'b', gidB: 0, gidE: 3 });
    expect(view.asked).not.toContain('diffs a');
    // Without a threshold the step asks nothing at all.
    const other = mockView({ a: { diffs: five } });
    expect(await selectTask(await selection(other, { onlyStep: 3 }))).toBeNull();
    expect(other.asked).toEqual([]);
  });

  it('go on with the next volume when the one with most diffs has nothing to merge', async () => {
    const kept = five.map((diff) => makeDiff(diff.snapB, diff.snapE, { isMergeable: false }));
    const view = mockView({ a: { diffs: [...kept] }, b: { diffs: diffChain([1, 1, 1, 1]) } });
    expect(await selectTask(await selection(view))).toEqual({ kind: 'merge', vol: 'b', gidB: 0, gidE: 3 });
  });

  it('wait for their interval unless urgent', async () => {
    const begun = { Merge: 299 };
    const view = mockView({
      a: { diffs: five, begun },
      b: { diffs: five.slice(0, 4), begun: { Merge: 300 } },
    });
    expect(await selectTask(await selection(view, { onlyStep: 5 }))).toMatchObject({ vol: 'b' });
    const config = workerConfig({ merge: { threshold_nr: 5 } });
    expect(await selectTask(await selection(view, { config }))).toMatchObject({ vol: 'a' });
  });

  it('keep the positions of replicas', async () => {
    const view = mockView({ a: { diffs: five, replicas: [1] } });
    expect(await selectTask(await selection(view))).toEqual({ kind: 'merge', vol: 'a', gidB: 1, gidE: 4 });
  });

  it('read positions from ts-delta, where unknown ones are empty', () => {
    const line = (fields: Record<string, string>) => new Map(Object.entries(fields));
    const lines = [
      line({ name: 'a', dest: 'a1', dest_gid: '7' }),
      line({ name: 'a', dest: 'a2', dest_gid: '' }),
      line({ name: 'a', dest: 'a3', dest_gid: '9' }),
      line({ name: 'b', dest: 'a1' }),
    ];
    expect([...replicaGidsOf(lines)]).toEqual([['a', [7, 9]]]);
  });
});

describe('replications', () => {
  const server = { addr: 'h', port: 1, interval: 100 };
  const config = workerConfig({
    repl: { servers: { a1: server, a2: server, off: { enabled: false } }, disabled_volumes: ['never'] },
  });
  const archived = { a: 'Archived', b: 'Archived', never: 'Archived' };
  const volumes = { a: { diffs: five }, b: { diffs: five }, never: { diffs: five } };

  it('choose the replica that was brought up to date longest ago, never ones first', async () => {
    const view = mockView(volumes, {
      a1: { states: archived, gids: { a: 1, b: 1, never: 1 } },
      a2: { states: archived, gids: { a: 1, b: 1, never: 1 } },
    });
    const choose = async (replicatedAgoS: Record<string, number>) => {
      const task = await selectTask(await selection(view, { onlyStep: 4, config, replicatedAgoS }));
      return task?.kind === 'repl' ? `${task.vol}>${task.server.name}` : null;
    };
    expect(await choose({})).toBe('a>a1');
    expect(await choose({ 'a>a1': 500 })).toBe('a>a2');
    expect(await choose({ 'a>a1': 500, 'a>a2': 300, 'b>a1': 700, 'b>a2': 400 })).toBe('b>a1');
    expect(await choose({ 'a>a1': 99, 'a>a2': 300, 'b>a1': 99, 'b>a2': 100 })).toBe('a>a2');
    expect(await choose({ 'a>a1': 99, 'a>a2': 99, 'b>a1': 99, 'b>a2': 99 })).toBeNull();
  });

  it('leave out destinations that are level, or never got the volume', async () => {
    const view = mockView(volumes, {
      a1: { states: { a: 'Clear', b: 'Stopped', never: 'Archived' }, gids: {} },
      a2: { states: archived, gids: { a: 5, b: 5, never: 1 } },
    });
    expect(await selectTask(await selection(view, { onlyStep: 4, config }))).toBeNull();
  });

  it('go on past a destination that does not answer, which is told', async () => {
    const view = mockView(volumes, {
      a1: { states: archived, gids: {}, isDown: true },
      a2: { states: archived, gids: { a: 5, b: 2 } },
    });
    const { log, lines } = keptLog();
    const task = await selectTask(await selection(view, { config, log, onlyStep: 4 }));
    expect(task).toMatchObject({ kind: 'repl', vol: 'b', server: { name: 'a2' }, gid: null });
    expect(lines).toEqual(['warning selectReplTask:a1:a1 cannot be reached']);
    // Nor does it keep the steps behind from their turn.
    const down = { states: {}, gids: {}, isDown: true };
    const alone = mockView(volumes, { a1: down, a2: down });
    expect(await selectTask(await selection(alone, { config }))).toMatchObject({ kind: 'merge' });
  });

  it('ask nobody while as many run as may, and come before merges that are not urgent', async () => {
    const view = mockView(volumes, {
      a1: { states: archived, gids: { a: 1 } },
      a2: { states: archived, gids: { a: 1 } },
    });
    expect(await selectTask(await selection(view, { config }))).toMatchObject({ kind: 'repl' });
    const asked = view.asked.length;
    const busy = await selection(view, { config, canReplicate: false });
    expect(await selectTask(busy)).toMatchObject({ kind: 'merge' });
    expect(view.asked.slice(asked).filter((question) => question.includes(' at '))).toEqual([]);
  });

  it('send about as much as is allowed', async () => {
    const limited = workerConfig({ repl: { servers: { a1: { ...server, max_send_size: 15 } } } });
    const view = mockView(volumes, { a1: { states: archived, gids: { a: 1 } } });
    expect(await selectTask(await selection(view, { onlyStep: 4, config: limited }))).toMatchObject({
      vol: 'a',
      gid: 3,
    });
  });
});

describe('a selection', () => {
  it('leaves out volumes whose questions fail, and tells so', async () => {
    const view = mockView({
      broken: { isBroken: true },
      fine: { times: [OLD, OLD], diffs: five },
    });
    const { log, lines } = keptLog();
    expect(await selectTask(await selection(view, { log }))).toMatchObject({ kind: 'apply', vol: 'fine' });
    expect(lines).toEqual(['warning selectApplyTask2:broken:restorable:broken:bad state']);
  });

  it('leaves out work that failed a moment ago, and only that', async () => {
    const view = mockView({ a: { base: applying, diffs: five } });
    const isSetAside = (key: string) => key === 'apply:a:';
    expect(await selectTask(await selection(view, { isSetAside }))).toMatchObject({
      kind: 'merge',
      vol: 'a',
    });
  });

  it('of nothing is nothing, whatever is to be told', async () => {
    const input = await selection(mockView({}), { isVerbose: true });
    expect(await selectTask(input)).toBeNull();
  });

  it('tells its candidates when asked to', async () => {
    const view = mockView({ a: { times: [OLD, OLD], diffs: diffChain([7, 8, 9]) } });
    const { log, lines } = keptLog();
    await selectTask(await selection(view, { log, isVerbose: true, onlyStep: 2 }));
    await selectTask(await selection(view, { log, isVerbose: true, onlyStep: 5 }));
    expect(lines).toContain('debug selectApplyTask2:candidate vol=a gid=1 size=7');
    expect(lines).toContain('debug selectMergeTask2:candidate vol=a num=3');
  });
});
