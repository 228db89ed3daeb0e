import { failureSignature } from '../../sim/chaos/failure.ts';
import type { ChaosResult } from './job.ts';
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

/** The end of a chaos run in the format that was asked for. */
export function chaosReport(
  reporter: ChaosReporter,
  summary: ChaosSummary,
  failures: readonly SavedFailure[],
): string {
  switch (reporter) {
    case 'text':
      return textReport(summary, failures);
    case 'json':
      return `${JSON.stringify({ ...summary, found: failures.map(failureData) }, null, 2)}\n`;
    case 'junit':
      return junitReport(summary, failures);
    case 'github':
      return githubReport(summary, failures);
  }
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
    `${summary.histories} histories (${summary.profile}) in ${summary.realTimeS.toFixed(1)} s: ${summary.failures} failed`,
    `  ${summary.historiesPerS.toFixed(1)} histories/s, ${Math.round(summary.eventsPerS)} events/s, ${Math.round(summary.virtualTimeS)} s of virtual time`,
    `  at the median ${medians.operations} operations, ${medians.writes} writes, ${medians.crashes} crashes, ${medians.otherFaults} other faults, ${medians.judged} images judged`,
    `  faults that fired: ${kinds.join(', ') || 'none'}`,
    `  transitions ${transitions.reached} of ${transitions.total}, steps ${steps.reached} of ${steps.total}`,
  );
  return `${lines.join('\n')}\n`;
}

function junitReport(summary: ChaosSummary, failures: readonly SavedFailure[]): string {
  const cases = failures.map(({ result, path }) => {
    const failure = result.found?.failure;
    const text = xml(`${failure?.message ?? ''}\nagain: ${again(path)}`);
    return `    <testcase classname="walbox.chaos" name="seed ${result.seed}" time="${result.realTimeS.toFixed(3)}">
      <failure message="${xml(failure === undefined ? '' : failureSignature(failure))}">${text}</failure>
    </testcase>`;
  });
  const passed = summary.histories - summary.failures;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="walbox chaos" tests="${failures.length + 1}" failures="${failures.length}" time="${summary.realTimeS.toFixed(3)}">`,
    `    <testcase classname="walbox.chaos" name="${passed} histories without failure" time="${summary.realTimeS.toFixed(3)}"/>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Workflow commands: an annotation for each failure, a group with the figures. */
function githubReport(summary: ChaosSummary, failures: readonly SavedFailure[]): string {
  const notes = failures.map(({ result, path }) => {
    const failure = result.found?.failure;
    const title = failure === undefined ? 'failure' : failureSignature(failure);
    const message = `${failure?.message ?? ''}\nagain: ${again(path)}`;
    return `::error file=${property(path)},title=${property(`seed ${result.seed}: ${title}`)}::${data(message)}`;
  });
  return `${[...notes, '::group::walbox chaos', textReport(summary, failures).trimEnd(), '::endgroup::'].join('\n')}\n`;
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
