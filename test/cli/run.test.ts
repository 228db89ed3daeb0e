import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { markdownTable, withTable } from '../../cli/list.ts';
import { chooseJobs } from '../../cli/run/choose.ts';
import { jobOfHistory } from '../../cli/run/history.ts';
import { commandOf, exitCodeOf, type RunJob, type RunReport } from '../../cli/run/job.ts';
import { runJob } from '../../cli/run/one.ts';
import { runJobs } from '../../cli/run/pool.ts';
import { createReporter, junitText, type Screen } from '../../cli/run/reporters.ts';
import { SCENARIOS } from '../../scenarios/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'walbox-run-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SITE = fileURLToPath(new URL('../../scenarios/lib/site.ts', import.meta.url));

/** A file as a user writes it: one scenario that passes, one that judges a write that never happened. */
const OWN = join(folder, 'own.ts');
writeFileSync(
  OWN,
  `import { siteScenario } from ${JSON.stringify(SITE)};
const about = { purpose: 'Mine', layout: 's0/p0/a0', deviceMib: 0.25 };
export const good = siteScenario({ name: 'good', ...about, tell: async (site) => { await site.begin(); } });
export const bad = siteScenario({
  name: 'bad', ...about,
  tell: async (site) => {
    const { s0, a0 } = site.servers;
    const { ledger } = site.device(s0);
    await site.begin();
    ledger.answered(ledger.write(3, new Uint8Array(512).fill(7)));
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
export const idle = siteScenario({ name: 'idle', ...about, tell: async () => {} });
export const elsewhere = { ...good, name: 'elsewhere', needs: ['time-travel'] };
`,
);
const ownJob = (scenario: string): RunJob => ({ scenario, file: OWN, seed: 5, image: null });

function collector(isTTY = false): Screen & { text: string } {
  const screen = {
    text: '',
    isTTY,
    columns: 60,
    write: (text: string) => {
      screen.text += text;
    },
  };
  return screen;
}

describe('which scenarios are run', () => {
  const names = async (...args: string[]) =>
    (await chooseJobs(args, [1], null)).map(({ scenario }) => scenario);

  it('all, or those of names, ids and patterns', async () => {
    expect(await names()).toEqual(SCENARIOS.map(({ name }) => name));
    expect(await names('n5', 'basic-backup')).toEqual(['n5-apply', 'basic-backup']);
    const matching = (pattern: RegExp) =>
      SCENARIOS.map(({ name }) => name).filter((name) => pattern.test(name));
    expect(await names('n1*')).toEqual(matching(/^n1/));
    expect(await names('e1?-*')).toEqual(matching(/^e1.-/));
    expect(await names('e1?-*')).toContain('e10-storage-proxy-link-overflow');
  });

  it('those of files, each with each seed', async () => {
    expect(await names(OWN)).toEqual(['good', 'bad', 'idle', 'elsewhere']);
    const jobs = await chooseJobs([join(folder, '*.ts')], [4, 5], null);
    expect(jobs.map(({ scenario, seed }) => `${scenario} ${seed}`)).toContain('bad 5');
    expect(jobs).toHaveLength(8);
    expect(await names(`${OWN}#bad`)).toEqual(['bad']);
    await expect(names(`${OWN}#worse`)).rejects.toThrow('exports no scenario worse');
  });

  it('refuses what it does not find', async () => {
    await expect(names('n99')).rejects.toThrow('There is no scenario n99');
    const none = join(folder, 'none.mjs');
    writeFileSync(none, 'export const a = 1;');
    await expect(names(none)).rejects.toThrow('exports no scenario');
  });
});

describe('a run', () => {
  it('passes, fails, or is not applicable', async () => {
    const status = async (name: string) => (await runJob(ownJob(name), () => {}, folder)).status;
    expect(await status('good')).toBe('passed');
    expect(await status('idle')).toBe('failed');
    expect(await status('elsewhere')).toBe('not-applicable');
  });

  it('that fails tells the last events, the history and the command that shows it again', async () => {
    const report = await runJob(ownJob('bad'), () => {}, folder);
    expect(report).toMatchObject({ status: 'failed', passed: false });
    expect(report.summary).toContain('NOT admissible');
    const { lines = [], historyPath, command } = report.failure ?? {};
    expect(lines.join('\n')).toMatch(/last steps:[\s\S]*walbc.restore[\s\S]*last events:[\s\S]*\ta0\t/);
    expect(lines.join('\n')).not.toContain('NOT the same again');
    expect(command).toBe(`npx walbox run ${OWN}#bad --seed 5`);
    expect(jobOfHistory(historyPath as string)).toEqual(ownJob('bad'));
    expect(readFileSync(historyPath as string, 'utf8')).toContain('["full-bkp","vol0"]');
    expect(exitCodeOf([report])).toBe(1);
  });

  it('goes on after a failure, and gives the reports in the order of the jobs', async () => {
    const screen = collector();
    const jobs = ['bad', 'good', 'elsewhere'].map(ownJob);
    const reporter = createReporter('text', screen, screen);
    const reports = await runJobs(jobs, { workerCount: 1, limitS: 60, failures: folder }, reporter);
    reporter.finished(reports, 1, 1);
    expect(reports.map(({ status }) => status)).toEqual(['failed', 'passed', 'not-applicable']);
    expect(screen.text).toMatch(
      /FAILED bad \(seed 5\)[\s\S]*again:[\s\S]*ok {5}good[\s\S]*n\/a {4}elsewhere/,
    );
    expect(screen.text).toContain('3 runs: 1 passed, 1 failed, 1 not applicable');
  });
});

describe('reporters', () => {
  const base = { seed: 1, details: [], virtualTimeS: 2.5, eventCount: 9, realTimeS: 0.25, failure: null };
  const passed: RunReport = { ...base, scenario: 'n1', status: 'passed', passed: true, summary: 'fine' };
  const failed: RunReport = {
    ...base,
    scenario: 'n2',
    status: 'failed',
    passed: false,
    summary: 'a < b & "c"\u0001',
    failure: {
      lines: ['last steps:'],
      historyPath: 'failures/n2-1.json',
      command: 'npx walbox run n2 --seed 1',
    },
  };

  it('junit escapes, counts and names what failed', () => {
    const text = junitText([passed, failed], 1.5);
    expect(text).toContain('tests="2" failures="1" skipped="0" time="1.500"');
    expect(text).toContain('<testcase classname="walbox.scenarios" name="n1 (seed 1)" time="0.250"/>');
    expect(text).toContain('<failure message="a &lt; b &amp; &quot;c&quot;?">');
    expect(text).toContain('again:   npx walbox run n2 --seed 1</failure>');
  });

  it('json has a line for each run, without real times', () => {
    const screen = collector();
    createReporter('json', screen, collector()).finished([passed, failed], 1, 1);
    const reports = screen.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ scenario, passed }) => [scenario, passed])).toEqual([
      ['n1', true],
      ['n2', false],
    ]);
    expect(screen.text).not.toContain('realTime');
  });

  it('text shows a living line for what runs, on terminals only', () => {
    const job = { scenario: 'n1', file: null, seed: 1, image: null };
    for (const isTTY of [true, false]) {
      const screen = collector(isTTY);
      const reporter = createReporter('text', screen, screen);
      reporter.started(0, job);
      reporter.progress(0, '00:00:01.000 > walbc.fullBackup(s0, vol0)');
      expect(screen.text.includes('...  n1 00:00:01.000 > walbc.fullBackup')).toBe(isTTY);
      reporter.ended(0, job, passed);
      expect(screen.text).toMatch(/ok {5}n1 00:00:02\.500 {3}0\.25 s {2}fine\n/);
    }
  });

  it('commands quote what a shell would read otherwise', () => {
    const job = { scenario: 'x', file: "it's mine.ts", seed: 3, image: 'a.img' };
    expect(commandOf(job)).toBe("npx walbox run 'it'\\''s mine.ts#x' --seed 3 --image a.img");
  });
});

describe('the table of the documents', () => {
  it('goes between its marks and has a line for each scenario', () => {
    const table = markdownTable([]);
    for (const { name } of SCENARIOS) expect(table).toContain(`| \`${name}\` |`);
    const text = 'a\n<!-- table: begin -->\nold\n<!-- table: end -->\nb\n';
    expect(withTable(text, 'new\n')).toBe('a\n<!-- table: begin -->\n\nnew\n<!-- table: end -->\nb\n');
    expect(() => withTable('nothing', 'new')).toThrow('The marks');
  });
});
