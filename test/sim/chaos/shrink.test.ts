import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChaosFailure } from '../../../sim/chaos/failure.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { chaosProfile } from '../../../sim/chaos/profiles.ts';
import { type ChaosHistory, runChaos } from '../../../sim/chaos/run.ts';
import { shrinkHistory } from '../../../sim/chaos/shrink.ts';
import type { Fault } from '../../../sim/fault-kinds.ts';
import { machine, told } from './kit.ts';

const failure = (place = 'archive', atUs = 1e12): ChaosFailure => ({
  property: 'admissible',
  place,
  message: 'x',
  atUs,
});

/** A program with a bug that needs one merge, one snapshot before it, and one power loss or kill of any host. */
function buggy({ operations, faults }: ChaosHistory): ChaosFailure | null {
  const merge = operations.findIndex(({ kind }) => kind === 'merge');
  const isCrash = ['kill', 'power-loss', 'crash'];
  if (!faults.some(({ kind }) => isCrash.includes(kind))) return null;
  return operations.slice(0, Math.max(0, merge)).some(({ kind }) => kind === 'snapshot') ? failure() : null;
}

function shrink(history: ChaosHistory, run = buggy, maxRuns = 2000) {
  const found = run(history);
  if (found === null) return null;
  return shrinkHistory(history, found, { run: async (candidate) => run(candidate), maxRuns });
}

describe('shrinking', () => {
  it('leaves what the failure needs, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const shrunk = await shrink(drawHistory(seed, chaosProfile('cruel')));
        fc.pre(shrunk !== null);
        const { history } = shrunk as NonNullable<typeof shrunk>;
        expect(history.operations.map(({ kind }) => kind)).toEqual(['snapshot', 'merge']);
        expect(history.faults).toHaveLength(1);
        expect({ ...history.layout, group: PLAIN_LAYOUT.group }).toEqual(PLAIN_LAYOUT);
        expect(buggy(history)).toEqual(failure());
      }),
      { numRuns: 30 },
    );
  });

  it('keeps property and place, whatever else a smaller history fails with', async () => {
    const history = drawHistory(1, chaosProfile('nightly'));
    // With fewer than ten operations something else goes wrong.
    const run = (candidate: ChaosHistory) =>
      candidate.operations.length < 10 ? failure('elsewhere') : failure('here');
    const shrunk = await shrink(history, run);
    expect(shrunk?.history.operations).toHaveLength(10);
    expect(shrunk?.failure.place).toBe('here');
  });

  it('leaves out at once what comes behind the failure', async () => {
    const history = drawHistory(2, chaosProfile('nightly'));
    const middleUs = history.operations[10]?.atUs as number;
    const tried: number[] = [];
    await shrinkHistory(history, failure('x', middleUs), {
      run: async (candidate) => {
        tried.push(Math.max(...candidate.operations.map(({ atUs }) => atUs)));
        return null;
      },
      maxRuns: 1,
    });
    expect(tried).toEqual([middleUs]);
  });

  it('makes writes, crashes and errors simpler', async () => {
    const base = drawHistory(1, chaosProfile('calm'));
    const history: ChaosHistory = {
      ...base,
      operations: base.operations.filter(({ kind }) => kind === 'write').slice(0, 1),
      faults: [
        {
          ...{ kind: 'crash', host: 'a0', process: null, step: null, call: null, nth: 3 },
          ...{ phase: 'torn', how: 'power-loss', downUs: 5 },
        },
        {
          ...{ kind: 'error', host: 'a0', process: null, step: null, call: null, nth: 3, times: 3 },
          ...{ code: 'EIO', effect: 'whole' },
        },
        { kind: 'cut-all', atUs: 1, from: 'p0', to: 'a0', how: 'silence' },
      ],
    };
    const run = ({ operations, faults }: ChaosHistory) =>
      operations.length === 1 && faults.length === 3 ? failure() : null;
    const shrunk = await shrink(history, run);
    expect(shrunk?.history.operations[0]).toMatchObject({ count: 1, maxIoLb: 1 });
    expect(shrunk?.history.faults).toMatchObject([
      { phase: 'before', how: 'kill' },
      { times: 1, effect: 'none' },
      { how: 'fin' },
    ]);
  });

  it('of a real run leaves few operations and still fails with the same property at the same place', async () => {
    const drawn = drawHistory(6, chaosProfile('quick'));
    const rot: Fault = {
      ...{ kind: 'medium-damage', damage: 'rot', atUs: 9_000_000, host: 'a0', medium: 'wb_v0' },
      ...{ addressLb: 0, sizeLb: 64 },
    };
    const history = { ...drawn, faults: [...drawn.faults, rot] };
    const run = async (candidate: ChaosHistory) => (await runChaos(candidate, machine)).failure;
    const found = await run(history);
    expect(told(found)).toBe('admissible archive');
    const shrunk = await shrinkHistory(history, found as ChaosFailure, { run, maxRuns: 45 });
    expect(told(await run(shrunk.history))).toBe('admissible archive');
    expect(shrunk.history.operations.length).toBeLessThanOrEqual(3);
    expect(shrunk.history.faults).toEqual([rot]);
  });

  it('ends after so many runs, or when the time is up, with what there is', async () => {
    const history = drawHistory(1, chaosProfile('nightly'));
    const always = () => failure();
    const few = await shrink(history, always, 3);
    expect(few?.runs).toBe(3);
    let left = 40;
    const timed = await shrinkHistory(history, failure(), {
      run: async () => failure(),
      maxRuns: 1000,
      isTimeUp: () => left-- <= 0,
    });
    expect(timed.runs).toBeLessThanOrEqual(40);
    expect(timed.history.operations.length).toBeLessThan(history.operations.length);
  });

  it('gives the history back that cannot be made smaller', async () => {
    const history = drawHistory(1, chaosProfile('ci'));
    const whole = JSON.stringify(history);
    const shrunk = await shrink(history, (candidate) =>
      JSON.stringify(candidate) === whole ? failure() : null,
    );
    expect(shrunk?.history).toEqual(history);
  });
});
