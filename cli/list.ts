import { readFileSync, writeFileSync } from 'node:fs';
import { FormatError } from '../core/errors.ts';
import { CATALOGUE, SCENARIOS } from '../scenarios/index.ts';
import { virtualTimeText } from '../scenarios/lib/story.ts';
import { idOf } from './run/choose.ts';
import { exitCodeOf, type RunReport } from './run/job.ts';
import { runSideBySide } from './run.ts';

export interface ListOptions {
  /** Run everything, and print a table with the times. */
  readonly asTable: boolean;
  /** File between whose marks the table goes, in place of stdout. */
  readonly path: string | null;
}

const BEGIN = '<!-- table: begin -->';
const END = '<!-- table: end -->';

/** `walbox list`. Returns the exit code: 1 when a scenario failed. */
export async function listScenarios({ asTable, path }: ListOptions): Promise<number> {
  if (!asTable) {
    const width = Math.max(...SCENARIOS.map((scenario) => scenario.name.length));
    for (const { title, scenarios } of CATALOGUE) {
      process.stdout.write(`\n${title}\n`);
      for (const { name, purpose } of scenarios)
        process.stdout.write(`  ${name.padEnd(width)}  ${purpose}\n`);
    }
    return 0;
  }
  const jobs = SCENARIOS.map(({ name }) => ({ scenario: name, file: null, seed: 1, image: null }));
  // The table is what stdout is for: progress is shown only when it goes to a file.
  const reports = await runSideBySide(jobs, { reporter: path === null ? 'none' : 'text', jobs: null });
  const table = markdownTable(reports);
  if (path === null) process.stdout.write(table);
  else writeFileSync(path, withTable(readFileSync(path, 'utf8'), table));
  return exitCodeOf(reports);
}

/** The catalogue with the figures of a run, chapter by chapter. */
export function markdownTable(reports: readonly RunReport[]): string {
  const byName = new Map(reports.map((report) => [report.scenario, report]));
  const lines: string[] = [];
  for (const { title, scenarios } of CATALOGUE) {
    lines.push(`### ${title}`, '', '| id | scenario | purpose | layout | virtual time | real time |');
    lines.push('|---|---|---|---|---|---|');
    for (const scenario of scenarios) {
      const { name, purpose, layout, spares } = scenario;
      const report = byName.get(name);
      const virtual = report?.virtualTimeS == null ? '' : virtualTimeText(report.virtualTimeS * 1e6);
      const real = report === undefined ? '' : `${report.realTimeS.toFixed(2)} s`;
      const servers = spares === undefined ? layout : `${layout} + ${spares}`;
      lines.push(`| ${idOf(scenario)} | \`${name}\` | ${purpose} | ${servers} | ${virtual} | ${real} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** The text with the table between its marks. Throws FormatError when they are missing. */
export function withTable(text: string, table: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin)
    throw new FormatError(`The marks ${BEGIN} and ${END} are expected in the file.`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}${text.slice(end)}`;
}
