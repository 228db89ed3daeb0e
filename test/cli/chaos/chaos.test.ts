import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChaosJob } from '../../../cli/chaos/job.ts';
import type { runChaosPool } from '../../../cli/chaos/pool.ts';
import { type ChaosOptions, chaos } from '../../../cli/chaos.ts';
import { scenariosOf } from '../../../cli/run/choose.ts';
import { main } from '../../../cli/walbox.ts';
import { parseSaved } from '../../../sim/chaos/saved.ts';
import { captured, chaosFolder, chaosOptions, PASSED, ROT, ROTTEN } from './chaos-kit.ts';

const folder = chaosFolder();
const OPTIONS = chaosOptions(folder);
const OPTIONS_100: ChaosOptions = { ...OPTIONS, seeds: 100 };

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
