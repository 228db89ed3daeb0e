import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { ChaosJob, ChaosResult } from '../../../cli/chaos/job.ts';
import { chaosMachine } from '../../../cli/chaos/one.ts';
import { type PointPlanner, pointPlanner } from '../../../cli/chaos/points.ts';
import type { runChaosPool } from '../../../cli/chaos/pool.ts';
import { type ChaosOptions, chaos, replay } from '../../../cli/chaos.ts';
import { chooseJobs, scenariosOf } from '../../../cli/run/choose.ts';
import { runJob } from '../../../cli/run/one.ts';
import { packageVersion } from '../../../cli/version.ts';
import { main } from '../../../cli/walbox.ts';
import type { CrashRun } from '../../../sim/chaos/crash-points.ts';
import type { ErrorRun } from '../../../sim/chaos/error-points.ts';
import type { ChaosFailure } from '../../../sim/chaos/failure.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { chaosProfile } from '../../../sim/chaos/profiles.ts';
import type { ChaosHistory } from '../../../sim/chaos/run.ts';
import { parseSaved, savedToText } from '../../../sim/chaos/saved.ts';
import { storyFileText } from '../../../sim/chaos/story.ts';
import { TOURS } from '../../../sim/chaos/tours.ts';
import { smallHistory } from '../../sim/chaos/kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'walbox-chaos-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const OPTIONS: ChaosOptions = {
  ...{ seed: 1, seeds: 2, minutes: null, jobs: 1, profile: 'quick', reporter: 'json' },
  ...{
    bail: false,
    shrink: true,
    digests: false,
    crashPoints: false,
    errorPoints: false,
    failures: join(folder, 'failures'),
  },
};

/** What a command prints and the code that it ends with. */
async function captured(work: () => Promise<number>): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const code = await work();
  vi.restoreAllMocks();
  return { code, out, err };
}

const OPTIONS_100: ChaosOptions = { ...OPTIONS, seeds: 100 };

/**
 * A history that fails, without a mistake in the program: rot in an archive's image, which the formats do not
 * see (docs/chaos.md, "Properties").
 */
const ROTTEN: ChaosHistory = smallHistory({
  operations: [
    { kind: 'full-backup', atUs: 2_000_000, key: 1, volume: 0 },
    { kind: 'write', atUs: 3_000_000, key: 2, volume: 0, count: 8, maxIoLb: 8, intervalUs: 10_000 },
    { kind: 'snapshot', atUs: 5_000_000, key: 3, volume: 0 },
    { kind: 'status', atUs: 6_000_000, key: 4, server: 's0' },
    { kind: 'scan', atUs: 9_000_000, key: 6, volume: 0, archive: 'a0' },
  ],
  faults: [
    {
      ...{ kind: 'medium-damage', damage: 'rot', atUs: 8_000_000, host: 'a0', medium: 'wb_v0' },
      ...{ addressLb: 0, sizeLb: 64 },
    },
  ],
});
const ROT: ChaosFailure = { property: 'admissible', place: 'archive', message: 'x', atUs: 9_000_000 };

const PASSED: ChaosResult = {
  ...{ seed: 1, operations: 1, writes: 1, crashes: 0, otherFaults: 0, judged: 1, eventCount: 1 },
  ...{
    virtualTimeUs: 1,
    realTimeS: 1,
    fired: [],
    struckSteps: [],
    struckCalls: [],
    transitions: [],
    steps: [],
    found: null,
    digest: null,
  },
};

describe('walbox chaos', () => {
  it('runs so many seeds from the first one on, and ends with 0 where all pass', async () => {
    const { code, out } = await captured(() => chaos({ ...OPTIONS, seed: 5, seeds: 2 }));
    expect(JSON.parse(out)).toMatchObject({ profile: 'quick', histories: 2, failures: 0, found: [] });
    expect(code).toBe(0);
  });

  it('begins no history once the minutes are over', async () => {
    const { out } = await captured(() => chaos({ ...OPTIONS, seeds: null, minutes: 1e-9 }));
    expect((JSON.parse(out) as { histories: number }).histories).toBeLessThanOrEqual(1);
  });

  /** Seeds 3, 6, 9 ... fail. */
  const everyThirdFails: typeof runChaosPool = async (_, next, onResult) => {
    for (let job = next(); job !== null; job = next()) {
      asked.push(job);
      const found = { failure: ROT, history: ROTTEN, shrinkRuns: job.maxShrinkRuns > 0 ? 9 : 0 };
      onResult({ ...PASSED, seed: job.seed, found: job.seed % 3 === 0 ? found : null });
    }
  };
  let asked: ChaosJob[] = [];

  it('ends with 1 where one failed, and writes each as scenario file and as history', async () => {
    asked = [];
    const { code, out } = await captured(() => chaos({ ...OPTIONS, seeds: 7 }, everyThirdFails));
    const { found, failures } = JSON.parse(out) as { found: { path: string }[]; failures: number };
    expect([code, failures]).toEqual([1, 2]);
    expect(found.map(({ path }) => path)).toEqual(
      [3, 6].map((seed) => join(OPTIONS.failures, `chaos-quick-${seed}.ts`)),
    );
    expect(readdirSync(OPTIONS.failures).sort()).toEqual(
      [3, 6].flatMap((seed) => [`chaos-quick-${seed}.json`, `chaos-quick-${seed}.ts`]),
    );
    const json = join(OPTIONS.failures, 'chaos-quick-3.json');
    expect(parseSaved(readFileSync(json, 'utf8'))).toMatchObject({ failure: ROT, history: ROTTEN });
    expect(await scenariosOf(found[0]?.path ?? '')).toHaveLength(1);
    expect(asked.every(({ maxShrinkRuns }) => maxShrinkRuns > 0)).toBe(true);
  });

  it('ends with the first failure on --bail, and shrinks nothing on --no-shrink', async () => {
    asked = [];
    const options = { ...OPTIONS, seeds: 100, bail: true, shrink: false };
    const { code, out } = await captured(() => chaos(options, everyThirdFails));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ histories: 3, failures: 1, found: [{ seed: 3, shrinkRuns: 0 }] });
    expect(asked.map(({ seed, maxShrinkRuns }) => [seed, maxShrinkRuns])).toEqual(
      [1, 2, 3].map((n) => [n, 0]),
    );
  });

  it('prints digests that depend on the seed alone', async () => {
    const digests = { ...OPTIONS, digests: true };
    const three = await captured(() => chaos({ ...digests, seeds: 3 }));
    const last = await captured(() => chaos({ ...digests, seed: 3, seeds: 1 }));
    const lines = three.out.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const [i, line] of lines.entries()) expect(line).toMatch(new RegExp(`^${i + 1} [0-9a-f]{64}$`));
    expect(new Set(lines.map((line) => line.split(' ')[1])).size).toBe(3);
    expect(last.out).toBe(`${lines[2]}\n`);
  });

  it('takes no more threads than there are histories', async () => {
    const counts: number[] = [];
    const counting: typeof runChaosPool = async (threads, next, onResult) => {
      counts.push(threads);
      await everyThirdFails(threads, next, onResult);
    };
    const options = { ...OPTIONS, jobs: 1000, shrink: false };
    await captured(() => chaos({ ...options, seeds: 2 }, counting));
    await captured(() => chaos({ ...options, seeds: null, minutes: 1e-9 }, counting));
    expect(counts).toEqual([2, 1000]);
  });

  it('tells what had ended when it is interrupted, and ends with the signal', async () => {
    const interruption = new AbortController();
    const stuck: typeof runChaosPool = async (_, next, onResult) => {
      for (let count = 1; count <= 4; count++) onResult({ ...PASSED, seed: (next() as ChaosJob).seed });
      interruption.abort(2);
      expect(next()).toBeNull();
      onResult({ ...PASSED, seed: 5 });
      await new Promise(() => {});
    };
    const { code, out, err } = await captured(() =>
      chaos(OPTIONS_100, stuck, undefined, interruption.signal),
    );
    expect(JSON.parse(out)).toMatchObject({ histories: 4, failures: 0 });
    expect([code, err]).toEqual([130, 'walbox: interrupted; told is what had ended by then\n']);
  });

  it('says before the first history that failures cannot be written, and behind one goes on', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const below = { ...OPTIONS_100, failures: join(file, 'failures') };
    await expect(chaos(below, () => Promise.reject(new Error('it runs')))).rejects.toThrow(
      /^Failures cannot be written to .*a-file.failures: /,
    );
    const late = { ...OPTIONS_100, seeds: 7, failures: join(folder, 'late') };
    const { code, out, err } = await captured(() =>
      chaos(late, async (threads, next, onResult) => {
        writeFileSync(late.failures, 'in the way');
        await everyThirdFails(threads, next, onResult);
      }),
    );
    expect(JSON.parse(out)).toMatchObject({ histories: 7, failures: 2 });
    expect(err).toContain('walbox: the failure of seed 6 cannot be written: ');
    expect(code).toBe(1);
  });

  it('refuses options that have no meaning together', async () => {
    for (const words of [
      ['--digests', '--crash-points'],
      ['--digests', '--reporter', 'json'],
      ['--minutes', '1', '--error-points'],
    ]) {
      const { code, err } = await captured(() => main(['chaos', '--seeds', '1', ...words]));
      expect([code, err]).toEqual([1, expect.stringContaining('cannot be used with option')]);
    }
  });

  it('refuses a profile, reporter or count that there is not', async () => {
    const refused = async (...words: string[]) => {
      const { code, err } = await captured(() => main(['chaos', ...words]));
      expect(code).toBe(1);
      return err;
    };
    expect(await refused('--profile', 'wild')).toContain('calm, quick, ci, nightly, cruel');
    expect(await refused('--reporter', 'tap')).toContain('text, json, junit, github');
    expect(await refused('--seeds', '0')).toContain('from 1 on');
    expect(await refused('--minutes', '-1')).toContain('above 0');
  });
});

describe('walbox chaos --crash-points', () => {
  const crashOptions = { ...OPTIONS, crashPoints: true, seeds: 40, shrink: false };
  // The tours are learned once: here it matters what is told of their crashes.
  const onePlan = pointPlanner(chaosMachine);

  /** Every crash strikes and is survived, but for one that does not strike and one that fails. */
  const pool =
    (unstruck: number, failing: number): typeof runChaosPool =>
    async (_, next, onResult) => {
      let count = 0;
      for (let job = next(); job !== null; job = next(), count++) {
        const crash = job.history?.faults.at(-1);
        const step = crash?.kind === 'crash' && crash.step !== null ? crash.step : '';
        const found = count === failing ? { failure: ROT, history: ROTTEN, shrinkRuns: 0 } : null;
        onResult({ ...PASSED, seed: job.seed, found, struckSteps: count === unstruck ? ['other'] : [step] });
      }
    };

  it('tells what was covered, and ends with 0 where all was survived', async () => {
    const { code, out } = await captured(() => chaos(crashOptions, pool(-1, -1), onePlan));
    const { coverage } = JSON.parse(out) as { coverage: Record<string, number> };
    expect(coverage).toMatchObject({ points: 40, survived: 40, steps: 40, stepsSurvived: 40, unstruck: [] });
    expect(code).toBe(0);
  });

  it('ends with 1 where a crash did not strike', async () => {
    const { code, out } = await captured(() => chaos(crashOptions, pool(3, -1), onePlan));
    expect(JSON.parse(out)).toMatchObject({ coverage: { survived: 39, unstruck: [expect.any(String)] } });
    expect(code).toBe(1);
  });

  it('ends with 1 where a crash was not survived', async () => {
    const failed = await captured(() => chaos({ ...crashOptions, reporter: 'text' }, pool(-1, 3), onePlan));
    expect(failed.out).toContain('crash points: 39 of 40 struck and survived');
    expect(failed.out).toContain("a call of the operator's program");
    expect(failed.code).toBe(1);
  });
});

describe('walbox chaos --crash-points --error-points', () => {
  const [{ history, name }] = TOURS as [(typeof TOURS)[number]];
  const makePlan: PointPlanner = async (kind) => ({
    runs: ['storage.state.save', 'archive.wdiff.sync'].map((step) => {
      const crash = { step, phase: 'before', how: 'kill', title: `${step} before kill` } as const;
      const error = { step, call: 'file.sync', code: 'EIO', effect: 'none' } as const;
      const point = kind === 'crash' ? crash : { ...error, title: `${step} file.sync EIO none` };
      return { history, tour: name, point } as CrashRun | ErrorRun;
    }),
    unreached: kind === 'crash' ? ['proxy.never'] : [],
  });
  const pool: typeof runChaosPool = async (_, next, onResult) => {
    for (let job = next(); job !== null; job = next()) {
      const [struckSteps, struckCalls] = [['storage.state.save'], ['storage.state.save file.sync']];
      onResult({ ...PASSED, seed: job.seed, struckSteps, struckCalls });
    }
  };
  const both = { ...OPTIONS, crashPoints: true, errorPoints: true, seeds: null };

  it('is one document in each format, which tells what is wrong', async () => {
    const json = await captured(() => chaos(both, pool, makePlan));
    expect(JSON.parse(json.out)).toMatchObject({
      crashPoints: { histories: 2, coverage: { unreached: ['proxy.never'], notRun: 0 } },
      errorPoints: { histories: 2, coverage: { unstruck: ['archive.wdiff.sync file.sync EIO none'] } },
    });
    const { out } = await captured(() => chaos({ ...both, reporter: 'junit' }, pool, makePlan));
    expect(out.split('<?xml').length - 1).toBe(1);
    expect(out).toContain('name="walbox chaos --crash-points" tests="3" failures="2"');
    expect(out).toContain('name="walbox chaos --error-points" tests="2" failures="1"');
    expect(out).toContain(
      'name="proxy.never" time="0">\n      <failure message="no tour reaches the step"/>',
    );
    const github = await captured(() => chaos({ ...both, reporter: 'github' }, pool, makePlan));
    expect(github.out).toContain('::error title=archive.wdiff.sync before kill::the point never struck\n');
    expect(github.out).toContain('crash points: 1 of 2 struck and survived');
    expect([json.code, github.code]).toEqual([1, 1]);
  });

  it('does not call points unstruck that were not run', async () => {
    const fails: typeof runChaosPool = async (_, next, onResult) => {
      const job = next() as ChaosJob;
      const found = { failure: ROT, history: ROTTEN, shrinkRuns: 0 };
      onResult({ ...PASSED, seed: job.seed, struckSteps: ['storage.state.save'], found });
      expect(next()).toBeNull();
    };
    const options = { ...both, errorPoints: false, bail: true, reporter: 'text' } as const;
    const { code, out } = await captured(() => chaos(options, fails, makePlan));
    expect(out).toContain('\n  not run: 1\n');
    expect(out).not.toContain('never struck');
    expect(code).toBe(1);
  });
});

describe('walbox chaos --error-points', () => {
  it('tells which failing calls were survived, by call and way', async () => {
    const point = (step: string, call: string) => ({ step, call, code: 'EIO', effect: 'none' }) as const;
    const points = [
      ...['file.sync', 'file.rename'].map((call) => point('storage.state.save', call)),
      ...['file.sync', 'file.open'].map((call) => point('archive.wdiff.sync', call)),
    ];
    const [{ history, name }] = TOURS as [(typeof TOURS)[number]];
    const makePlan: PointPlanner = async (kind) => {
      expect(kind).toBe('error');
      const runs = points.map((of) => ({
        point: { ...of, title: `${of.step} ${of.call} EIO none` },
        ...{ history, tour: name },
      }));
      return { runs, unreached: [] };
    };
    const pool =
      (unstruck: number): typeof runChaosPool =>
      async (_, next, onResult) => {
        for (let job = next(); job !== null; job = next()) {
          const { step, call } = points[job.seed] as (typeof points)[number];
          const struckCalls = job.seed === unstruck ? [] : [`${step} ${call}`];
          onResult({ ...PASSED, seed: job.seed, struckCalls });
        }
      };
    const options = { ...OPTIONS, seeds: null, errorPoints: true, reporter: 'text' } as const;
    const { code, out } = await captured(() => chaos(options, pool(2), makePlan));
    expect(out).toContain('error points: 3 of 4 struck and survived; steps 1 of 2');
    expect(out).toContain('\n  file.sync EIO none    1 of 2\n');
    expect(out).toContain('never struck: archive.wdiff.sync file.sync EIO none');
    expect(code).toBe(1);
    expect((await captured(() => chaos(options, pool(-1), makePlan))).code).toBe(0);
  });
});

describe('walbox replay', () => {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const walbox = packageVersion();

  it('says that a history that failed fails again, with 1', async () => {
    const path = file('rot.json', savedToText({ walbox, profile: 'ci', failure: ROT, history: ROTTEN }));
    const { code, out } = await captured(() => replay(path, { verbose: false, trace: null }));
    expect(out).toContain('admissible archive after');
    expect(out).not.toContain('The file says');
    expect(code).toBe(1);
  });

  it('says where the file says something else', async () => {
    const passes = drawHistory(1, chaosProfile('quick'));
    const path = file(
      'was.json',
      savedToText({ walbox: '0.0.1', profile: 'ci', failure: ROT, history: passes }),
    );
    const { code, out, err } = await captured(() => replay(path, { verbose: false, trace: null }));
    expect(out).toContain('passed after');
    expect(out).toContain('The file says: admissible archive');
    expect(err).toContain(`written by walbox 0.0.1; this is ${walbox}`);
    expect(code).toBe(0);
    const other = file('new.json', savedToText({ walbox, profile: 'ci', failure: null, history: ROTTEN }));
    const again = await captured(() => replay(other, { verbose: false, trace: null }));
    expect(again.out).toContain('The file says: passed');
    expect(again.code).toBe(1);
  });

  it('tells operations and logs, and writes a trace', async () => {
    const path = file(
      'day.json',
      savedToText({ walbox, profile: '', failure: null, history: smallHistory() }),
    );
    const trace = join(folder, 'day.trace');
    const { out } = await captured(() => replay(path, { verbose: true, trace }));
    expect(out).toContain('2.000 s  full-backup of v0');
    expect(readFileSync(trace, 'utf8').split('\n').length).toBeGreaterThan(500);
  });

  it('says of other files of walbox what to do with them', async () => {
    const scenario = `{"version":1,"seed":1,"layout":{"scenario":"n1"},"operations":[],"faults":[]}`;
    const ofScenario = file('n1-1.json', scenario);
    const ofChaos = file(
      'chaos.json',
      savedToText({ walbox, profile: 'ci', failure: null, history: ROTTEN }),
    );
    const story = join(folder, 'chaos-ci-1.ts');
    const told = async (...words: string[]) => (await captured(() => main(words))).err;
    expect(await told('replay', ofScenario)).toContain(`walbox run ${ofScenario}\n`);
    expect(await told('replay', story)).toBe(
      `walbox: ${story} is a scenario file, not a history: walbox run ${story}\n`,
    );
    expect(await told('run', ofChaos)).toContain(`walbox replay ${ofChaos}\n`);
    expect(await told('run', join(folder, 'none.json'))).toContain('none.json cannot be read: ');
    expect(await told('replay', file('text.json', 'one\ntwo'))).toMatch(
      /^walbox: .*text\.json is no history of chaos: .*JSON.*\n$/,
    );
  });

  it('refuses a file that is no history, with a sentence', async () => {
    const { code, err } = await captured(() => main(['replay', file('bad.json', '{"history": 3}')]));
    expect(code).toBe(1);
    expect(err).toMatch(/^walbox: .{10,}\n$/);
    expect((await captured(() => main(['replay', join(folder, 'none.json')]))).code).toBe(1);
  });
});

describe('a scenario file of a failure', () => {
  it('fails by itself with the same property at the same place, and tells its story', async () => {
    const path = join(folder, 'chaos-rot-1.ts');
    const saved = { walbox: '0.1.0', profile: 'ci', failure: ROT, history: ROTTEN };
    writeFileSync(path, storyFileText(saved, 'chaos-rot-1'));
    const [job] = await chooseJobs([path], [1], null);
    expect(job).toMatchObject({ scenario: 'chaos-rot-1', file: path });
    const story: string[] = [];
    const report = await runJob(
      job as NonNullable<typeof job>,
      (line) => story.push(line),
      join(folder, 'f'),
    );
    expect(report).toMatchObject({ status: 'failed' });
    expect(report.summary).toMatch(/^admissible archive: a0: the image of v0/);
    expect(report.failure?.lines.join('\n')).not.toContain('NOT the same');
    expect(story.join('\n')).toContain('> snapshot of v0');
    expect(readdirSync(join(folder, 'f'))).toEqual(['chaos-rot-1-1.json']);
  });

  it('of a history that passes passes', async () => {
    const path = join(folder, 'passes.ts');
    writeFileSync(
      path,
      storyFileText({ walbox: '', profile: '', failure: null, history: smallHistory() }, 'passes'),
    );
    const [job] = await chooseJobs([path], [1], null);
    const report = await runJob(job as NonNullable<typeof job>, () => {}, folder);
    expect(report.status).toBe('passed');
    expect(report.summary).toContain('6 operations, 25 writes');
  });

  it('whose history is damaged is refused with its name', async () => {
    const path = join(folder, 'damaged.ts');
    writeFileSync(path, `export const x = { name: 'damaged', purpose: 'No', history: { version: 1 } };`);
    await expect(chooseJobs([path], [1], null)).rejects.toThrow('damaged: ');
  });
});
