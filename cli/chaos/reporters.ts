import { failureSignature } from '../../sim/chaos/failure.ts';
import type { ChaosResult } from './job.ts';
import { type PointCoverage, type PointKind, pointCoverageText } from './points.ts';
import type { ChaosSummary } from './summary.ts';

export const CHAOS_REPORTERS = ['text', 'json', 'junit', 'github'] as const;
export type ChaosReporter = (typeof CHAOS_REPORTERS)[number];

/** A failure and the files that repeat it. */
export interface SavedFailure {
  readonly result: ChaosResult;
  /** A scenario file. */
  readonly path: string;
  /** The same as a history. */
  readonly historyPath: string;
}

/** How histories went: drawn ones, or those of points. */
export interface ChaosReport {
  /** What struck at the points; null: the histories were drawn. */
  readonly kind: PointKind | null;
  readonly summary: ChaosSummary;
  readonly failures: readonly SavedFailure[];
  /** Null where the histories were drawn. */
  readonly coverage: PointCoverage | null;
}

/** The end of a chaos run: one document, whatever was run. */
export function chaosReports(reporter: ChaosReporter, reports: readonly ChaosReport[]): string {
  switch (reporter) {
    case 'text':
      return reports.map(textOf).join('');
    case 'json':
      return `${JSON.stringify(jsonValue(reports), null, 2)}\n`;
    case 'junit':
      return junitText(reports);
    case 'github':
      return reports.map(githubText).join('');
  }
}

function textOf({ kind, summary, failures, coverage }: ChaosReport): string {
  const points = kind === null || coverage === null ? '' : pointCoverageText(kind, coverage);
  return textReport(summary, failures) + points;
}

/** One report is the value; of several, each stands under the name of its points. */
function jsonValue(reports: readonly ChaosReport[]): unknown {
  const values = reports.map(({ kind, summary, failures, coverage }) => {
    const found = failures.map(failureData);
    return [`${kind}Points`, { ...summary, found, ...(coverage === null ? {} : { coverage }) }] as const;
  });
  return values.length === 1 ? values[0]?.[1] : Object.fromEntries(values);
}

/** What is wrong though no history failed. */
function misses({ coverage }: ChaosReport): { readonly name: string; readonly message: string }[] {
  if (coverage === null) return [];
  const { unstruck, unreached, notRun } = coverage;
  return [
    ...unstruck.map((name) => ({ name, message: 'the point never struck' })),
    ...unreached.map((name) => ({ name, message: 'no tour reaches the step' })),
    ...(notRun > 0 ? [{ name: `${notRun} points`, message: 'not run' }] : []),
  ];
}

function failureData({ result, path, historyPath }: SavedFailure) {
  const { seed, found } = result;
  return {
    seed,
    path,
    historyPath,
    again: again(path),
    ...found?.failure,
    shrinkRuns: found?.shrinkRuns ?? 0,
  };
}

function again(path: string): string {
  return `npx walbox run ${/^[./]/.test(path) ? path : `./${path}`}`;
}

function historiesText(count: number): string {
  return count === 1 ? '1 history' : `${count} histories`;
}

function textReport(summary: ChaosSummary, failures: readonly SavedFailure[]): string {
  const { medians, transitions, steps } = summary;
  const lines = failures.flatMap(({ result, path, historyPath }) => {
    const { seed, found } = result;
    if (found === null) return [];
    const { failure, history, shrinkRuns } = found;
    const size = `${history.operations.length} operations, ${history.faults.length} faults`;
    return [
      `FAILED seed ${seed}: ${failureSignature(failure)} at ${(failure.atUs / 1e6).toFixed(3)} s`,
      ...failure.message
        .split('\n')
        .slice(0, 12)
        .map((line) => `    ${line}`),
      `    ${size}${shrinkRuns > 0 ? ` after ${shrinkRuns} runs of shrinking` : ''}`,
      `    again:   ${again(path)}`,
      `    history: npx walbox replay ${historyPath} --verbose`,
    ];
  });
  const kinds = Object.entries(summary.fired).map(([kind, count]) => `${kind} ${count}`);
  lines.push(
    `${historiesText(summary.histories)} (${summary.profile}) in ${summary.realTimeS.toFixed(1)} s: ${summary.failures} failed`,
    `  ${summary.historiesPerS.toFixed(1)} histories/s, ${Math.round(summary.eventsPerS)} events/s, ${Math.round(summary.virtualTimeS)} s of virtual time`,
    `  at the median ${medians.operations} operations, ${medians.writes} writes, ${medians.crashes} crashes, ${medians.otherFaults} other faults, ${medians.judged} images judged`,
    `  faults that fired: ${kinds.join(', ') || 'none'}`,
    `  transitions ${transitions.reached} of ${transitions.total}, steps ${steps.reached} of ${steps.total}`,
  );
  return `${lines.join('\n')}\n`;
}

function junitText(reports: readonly ChaosReport[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...reports.flatMap(junitSuite),
    '</testsuites>',
    '',
  ].join('\n');
}

function junitSuite(report: ChaosReport): string[] {
  const { kind, summary, failures } = report;
  const cases = failures.map(({ result, path }) => {
    const failure = result.found?.failure;
    const text = xml(`${failure?.message ?? ''}\nagain: ${again(path)}`);
    return `    <testcase classname="walbox.chaos" name="seed ${result.seed}" time="${result.realTimeS.toFixed(3)}">
      <failure message="${xml(failure === undefined ? '' : failureSignature(failure))}">${text}</failure>
    </testcase>`;
  });
  for (const { name, message } of misses(report)) {
    cases.push(`    <testcase classname="walbox.chaos" name="${xml(name)}" time="0">
      <failure message="${xml(message)}"/>
    </testcase>`);
  }
  const suite = kind === null ? 'walbox chaos' : `walbox chaos --${kind}-points`;
  const passed = summary.histories - summary.failures;
  const time = summary.realTimeS.toFixed(3);
  return [
    `  <testsuite name="${suite}" tests="${cases.length + 1}" failures="${cases.length}" time="${time}">`,
    `    <testcase classname="walbox.chaos" name="${historiesText(passed)} without failure" time="${time}"/>`,
    ...cases,
    '  </testsuite>',
  ];
}

function githubText(report: ChaosReport): string {
  const notes = report.failures.map(({ result, path }) => {
    const failure = result.found?.failure;
    const title = failure === undefined ? 'failure' : failureSignature(failure);
    const message = `${failure?.message ?? ''}\nagain: ${again(path)}`;
    return `::error file=${property(path)},title=${property(`seed ${result.seed}: ${title}`)}::${data(message)}`;
  });
  const missed = misses(report).map(
    ({ name, message }) => `::error title=${property(name)}::${data(message)}`,
  );
  const group = ['::group::walbox chaos', textOf(report).trimEnd(), '::endgroup::'];
  return `${[...notes, ...missed, ...group].join('\n')}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

function xml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 forbids.
  const legal = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '?');
  return legal.replace(/[&<>"]/g, (character) => ENTITIES.get(character) ?? character);
}
