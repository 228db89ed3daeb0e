import { virtualTimeText } from '../../scenarios/lib/story.ts';
import type { RunJob, RunReport } from './job.ts';
import type { PoolEvents } from './pool.ts';

export const REPORTERS = ['text', 'json', 'junit'] as const;
export type ReporterName = (typeof REPORTERS)[number];

/** Where lines go: a terminal, a file, a pipe. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows a run while it goes on, and its end. */
export interface Reporter extends PoolEvents {
  finished(reports: readonly RunReport[], realTimeS: number, workerCount: number): void;
}

/** Result documents go to `out` (`none`: nothing does); whoever waits is told on `err` meanwhile. */
export function createReporter(name: ReporterName | 'none', out: Screen, err: Screen): Reporter {
  if (name === 'text') return textReporter(out);
  const live = liveLines(err);
  return {
    started: live.started,
    progress: live.progress,
    ended: (slot) => live.cleared(slot),
    finished: (reports, realTimeS) => {
      live.erase();
      if (name === 'none') return;
      out.write(name === 'json' ? reports.map(jsonLine).join('') : junitText(reports, realTimeS));
    },
  };
}

/** One line for a run; without real times the same seed gives the same bytes. */
function jsonLine({ realTimeS: _, ...report }: RunReport): string {
  return `${JSON.stringify(report)}\n`;
}

/** One line for each scenario that has ended, below them one for each that runs (on terminals). */
function textReporter(out: Screen): Reporter {
  const live = liveLines(out);
  let width = 0;
  return {
    started: (slot, job) => {
      width = Math.max(width, nameOf(job).length);
      live.started(slot, job);
    },
    progress: live.progress,
    ended: (slot, job, report) => {
      live.cleared(slot);
      live.print(endedLine(job, report, width));
      if (report.failure !== null) for (const line of failureLines(report)) live.print(line);
    },
    finished: (reports, realTimeS, workerCount) => {
      live.erase();
      const failed = reports.filter(({ status }) => status === 'failed');
      const skipped = reports.filter(({ status }) => status === 'not-applicable').length;
      const virtualS = reports.reduce((sum, { virtualTimeS }) => sum + (virtualTimeS ?? 0), 0);
      out.write(
        `\n${reports.length} runs: ${reports.length - failed.length - skipped} passed, ${failed.length} failed` +
          `${skipped === 0 ? '' : `, ${skipped} not applicable`} in ${realTimeS.toFixed(1)} s ` +
          `(${workerCount} at a time, ${virtualTimeText(virtualS * 1e6)} of virtual time)\n`,
      );
      for (const { scenario, seed, failure } of failed)
        out.write(`FAILED ${scenario} (seed ${seed})${failure === null ? '' : `: ${failure.command}`}\n`);
    },
  };
}

function nameOf({ scenario, seed }: { scenario: string; seed: number }): string {
  return seed === 1 ? scenario : `${scenario} (seed ${seed})`;
}

function endedLine(job: RunJob, report: RunReport, width: number): string {
  const verdict = report.status === 'passed' ? 'ok    ' : report.status === 'failed' ? 'FAILED' : 'n/a   ';
  const virtual = report.virtualTimeS === null ? '' : virtualTimeText(report.virtualTimeS * 1e6);
  const real = `${report.realTimeS.toFixed(2)} s`;
  return `${verdict} ${nameOf(job).padEnd(width)} ${virtual.padStart(12)} ${real.padStart(8)}  ${report.summary}`;
}

/** What a failure prints: the last events before it, the history file and how to see it again. */
export function failureLines({ failure }: RunReport): string[] {
  if (failure === null) return [];
  const lines = failure.lines.map((line) => `    ${line}`);
  if (failure.historyPath !== null) lines.push(`    history: ${failure.historyPath}`);
  return [...lines, `    again:   ${failure.command}`];
}

/** Lines at the bottom of a terminal that are written over; nothing elsewhere. */
function liveLines(screen: Screen) {
  const running = new Map<number, { name: string; line: string }>();
  let shown = 0;
  const erase = () => {
    if (shown > 0) screen.write(`\x1b[${shown}A\x1b[J`);
    shown = 0;
  };
  const draw = () => {
    if (screen.isTTY !== true) return;
    erase();
    const columns = screen.columns ?? 80;
    for (const { name, line } of running.values()) {
      screen.write(`${`  ...  ${name} ${line}`.slice(0, columns - 1)}\n`);
      shown += 1;
    }
  };
  return {
    erase,
    started: (slot: number, job: RunJob) => {
      running.set(slot, { name: nameOf(job), line: '' });
      draw();
    },
    progress: (slot: number, line: string) => {
      const one = running.get(slot);
      if (one === undefined) return;
      one.line = line.trim();
      draw();
    },
    cleared: (slot: number) => {
      running.delete(slot);
      draw();
    },
    print: (line: string) => {
      erase();
      screen.write(`${line}\n`);
      draw();
    },
  };
}

/** The reports as JUnit XML, as build servers read it. */
export function junitText(reports: readonly RunReport[], realTimeS: number): string {
  const count = (status: RunReport['status']) => reports.filter((report) => report.status === status).length;
  const cases = reports.map((report) => {
    const { scenario, seed, status, summary } = report;
    const head = `    <testcase classname="walbox.scenarios" name="${xml(`${scenario} (seed ${seed})`)}" time="${report.realTimeS.toFixed(3)}"`;
    if (status === 'passed') return `${head}/>`;
    const inner =
      status === 'not-applicable'
        ? `<skipped message="${xml(summary)}"/>`
        : `<failure message="${xml(summary)}">${xml(failureLines(report).join('\n'))}</failure>`;
    return `${head}>\n      ${inner}\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="walbox scenarios" tests="${reports.length}" failures="${count('failed')}" skipped="${count('not-applicable')}" time="${realTimeS.toFixed(3)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

/** Escapes, and leaves out what XML cannot hold. */
function xml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids.
  const legal = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '?');
  return legal.replace(/[&<>"]/g, (character) => ENTITIES.get(character) ?? character);
}
