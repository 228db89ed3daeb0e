import { describe, expect, it } from 'vitest';
import '../../../scenarios/testing/vitest.ts';
import type { Site } from '../../../scenarios/lib/site.ts';
import { SimulationFailure } from '../../../scenarios/testing/failure.ts';
import { simulate } from '../../../scenarios/testing/simulate.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { chaosProfile } from '../../../sim/chaos/profiles.ts';
import type { ChaosHistory } from '../../../sim/chaos/run.ts';

const CALM = drawHistory(1, chaosProfile('calm'));

/** A full backup and some writes, nothing else. */
const QUIET: ChaosHistory = {
  version: 1,
  seed: 1,
  layout: PLAIN_LAYOUT,
  operations: [
    { kind: 'full-backup', atUs: 2_000_000, key: 1, volume: 0 },
    { kind: 'write', atUs: 3_000_000, key: 2, volume: 0, count: 5, maxIoLb: 8, intervalUs: 1000 },
  ],
  faults: [],
};

async function failureOf(run: Promise<unknown>): Promise<SimulationFailure> {
  try {
    await run;
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
  throw new Error('the run passed');
}

describe('simulate with options', () => {
  it('runs a story, judges every snapshot at the end, and gives what the story gives', async () => {
    const outcome = await simulate({ seed: 3 }, async (site) => {
      const { s0, a0 } = site.servers;
      await site.begin();
      await site.write(s0);
      return site.snapshot(s0, [a0]);
    });
    expect(outcome.value).toBeGreaterThan(0);
    expect(outcome.summary).toMatch(/^2 restored images, all admissible/);
    expect(outcome.virtualTimeUs).toBeGreaterThan(1e6);
    expect(outcome.eventCount).toBeGreaterThan(100);
  });

  it('is the same run for the same seed', async () => {
    const traceOf = async (seed: number) => {
      const lines: string[] = [];
      await simulate({ seed }, async (site) => site.begin(), {
        trace: (line) => lines.push(JSON.stringify(line)),
      });
      return lines.join('\n');
    };
    const trace = await traceOf(5);
    expect(trace.length).toBeGreaterThan(10_000);
    expect(await traceOf(5)).toBe(trace);
    expect(await traceOf(6)).not.toBe(trace);
  });

  it('tells how a story failed, with its last steps and what repeats it', async () => {
    const failure = await failureOf(
      simulate({ seed: 4, logMib: 4 }, async (site) => {
        const gid = await site.begin();
        expect(gid).toBe(-1);
      }),
    );
    expect(failure.message).toMatch(/^expected \d+ to be -1/);
    expect(failure.message).toContain('> walbc.fullBackup(s0, vol0)');
    expect(failure.message).toMatch(/failed at 00:00:\d\d\.\d{3} of virtual time/);
    expect(failure.replay).toBe('await simulate({"seed":4,"logMib":4}, story)');
    expect(failure.message).toContain(failure.replay);
    // The assertion itself, with what it compared.
    expect(failure.cause).toMatchObject({ expected: -1 });
  });

  it('arms faults: a server that is killed is missed by who needs it, and noted in the failure', async () => {
    const faults = [
      { kind: 'kill', atUs: 4_000_000, host: 'a0', process: 'walb-archive', downUs: null },
    ] as const;
    const failure = await failureOf(
      simulate({ faults }, async (site) => {
        const { s0, a0 } = site.servers;
        await site.begin();
        await site.sleep(4);
        await site.write(s0);
        const gid = await site.snapshotNbk(s0);
        await site.walbc.waitForRestorable(a0, 'vol0', gid, 20);
      }),
    );
    expect(failure.message).toContain('a0');
    expect(failure.message).toContain('last errors and warnings of the servers:');
  });

  it('refuses options and faults that there are not, for a test would pass without them', async () => {
    const refused = (options: object) =>
      simulate(options, async () => {}).then(
        () => 'it ran',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await refused({ layot: 's0/p0/a0' })).toMatch(
      /^FormatError: simulate: there is no option layot, .*layout/,
    );
    expect(await refused({ faults: [{ kind: 'boom' }] })).toContain(
      'simulate: fault 0: kind "boom" is not one of',
    );
    const late = { kind: 'kill', atUs: '1', host: 's0', process: 'walb-storage', downUs: null };
    expect(await refused({ faults: [late] })).toContain(
      'fault 0: field atUs is "1"; expected a whole number',
    );
  });

  it('lets the ledger hear of power losses, whoever causes them', async () => {
    const seen: boolean[] = [];
    await simulate({ judgeAtEnd: false }, async (site) => {
      const { s0 } = site.servers;
      const device = site.device(s0);
      const empty = new Uint8Array(device.device.sizeLb() * 512);
      await device.write(0, new Uint8Array(512).fill(7));
      seen.push(device.ledger.judgeNow(empty).admissible);
      site.group.powerLoss('s0');
      seen.push(device.ledger.judgeNow(empty).admissible);
    });
    expect(seen).toEqual([false, true]);
  });

  it('says that the judgement at the end can be left out', async () => {
    const story = async (site: Site) => {
      await site.begin();
      site.group.kill('a0');
    };
    const failure = await failureOf(simulate({}, story));
    expect(failure.message).toContain('a0 must answer at the end');
    expect(failure.message).toContain('judgeAtEnd: false');
    await simulate({ judgeAtEnd: false }, story);
  });
});

describe('simulate with a history', () => {
  it('performs and judges it, and then tells the story in what has become of the group', async () => {
    const outcome = await simulate(CALM, async (site) => {
      await expect(site).toConverge();
      return site.volumes.map(({ name }) => name);
    });
    expect(outcome.value).toEqual(['v0']);
    expect(outcome.counts.judged).toBeGreaterThan(0);
    expect(outcome.writes).toBeGreaterThan(50);
    expect(outcome.failure).toBe(null);
  });

  it('throws a property that does not hold, with an expression that fails in the same way', async () => {
    // A log device that loses what it acknowledges: no order of the log gives what the archive gets.
    const lossy: ChaosHistory = {
      ...QUIET,
      faults: [
        {
          kind: 'medium-mode',
          atUs: 5_500_000,
          host: 's0',
          medium: 'log0',
          mode: 'drop-writes',
          forUs: null,
        },
      ],
    };
    const failure = await failureOf(simulate({ ...lossy, operations: [...QUIET.operations, ...LATER] }));
    expect(failure.message).toMatch(/^the property converges does not hold \(drain\): v0: /);
    expect(failure.message).toContain('8.000 s  snapshot of v0');
    const json = /^await simulate\((.*)\)$/.exec(failure.replay)?.[1] ?? '';
    const again = await failureOf(simulate(JSON.parse(json) as ChaosHistory));
    expect(again.message).toBe(failure.message);
  });

  it('throws what the story throws', async () => {
    const failure = await failureOf(
      simulate(QUIET, async () => {
        throw new Error('not as I want it');
      }),
    );
    expect(failure.message).toMatch(/^not as I want it\n/);
    expect(failure.message).toContain('write');
  });
});

const LATER: ChaosHistory['operations'] = [
  { kind: 'write', atUs: 6_000_000, key: 3, volume: 0, count: 20, maxIoLb: 8, intervalUs: 1000 },
  { kind: 'snapshot', atUs: 8_000_000, key: 4, volume: 0 },
];
