import { readFileSync } from 'node:fs';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText, FormatError } from '../../core/errors.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { LastLines } from '../../scenarios/lib/last-lines.ts';
import type { Scenario, ScenarioInput } from '../../scenarios/lib/scenario.ts';
import { type SimulatedOptions, simulate } from '../../scenarios/lib/simulate.ts';
import { type Say, virtualTimeText } from '../../scenarios/lib/story.ts';
import { logLineToText } from '../../sim/log.ts';
import { traceLineToText } from '../../sim/trace.ts';
import { loadScenario } from './choose.ts';
import { type CommandRecord, writeFailureHistory } from './history.ts';
import { commandOf, type FailureReport, type RunJob, type RunReport } from './job.ts';
import { openTraceFile } from './trace-file.ts';

const LAST_STORY_LINES = 12;
const LAST_LOG_LINES = 8;
const LAST_TRACE_LINES = 16;

/** Runs a job; a failure is run once more with eyes open, and explained. `failures`: folder for histories. */
export async function runJob(job: RunJob, say: Say, failures: string): Promise<RunReport> {
  const scenario = await loadScenario(job);
  const input = { seed: job.seed, image: job.image === null ? null : readImage(job.image) };
  const report = await runTraced(job, scenario, input, say);
  if (report.status !== 'failed') return report;
  return { ...report, failure: await explain(job, scenario, input, report, failures) };
}

async function runTraced(
  { tracePath }: RunJob,
  scenario: Scenario,
  input: ScenarioInput,
  say: Say,
): Promise<RunReport> {
  if (tracePath === undefined) return runOne(scenario, input, say);
  const trace = openTraceFile(tracePath);
  try {
    return await runOne(scenario, input, say, { simulation: { trace: trace.sink } });
  } finally {
    trace.end();
  }
}

/** Runs one scenario in a simulation; what it throws is a failure with that reason. */
export async function runOne(
  scenario: Scenario,
  input: ScenarioInput,
  say: Say,
  options: SimulatedOptions = {},
): Promise<RunReport> {
  const beganMs = performance.now();
  const about = { scenario: scenario.name, seed: input.seed, details: [], failure: null };
  const realTimeS = () => (performance.now() - beganMs) / 1000;
  try {
    const { result, figures } = await simulate(scenario, input, say, options);
    const virtualTimeS = figures.virtualTimeUs / 1e6;
    const { eventCount } = figures;
    const status = result.isNotApplicable ? 'not-applicable' : result.passed ? 'passed' : 'failed';
    return { ...about, status, ...result, virtualTimeS, eventCount, realTimeS: realTimeS() };
  } catch (error) {
    const failed = { passed: false, summary: errorText(error), virtualTimeS: null, eventCount: null };
    return { ...about, status: 'failed', ...failed, realTimeS: realTimeS() };
  }
}

/** The same seed gives the same failure: this time with trace and logs. */
async function explain(
  job: RunJob,
  scenario: Scenario,
  input: ScenarioInput,
  report: RunReport,
  failures: string,
): Promise<FailureReport> {
  const story = new LastLines(LAST_STORY_LINES);
  const log = new LastLines(LAST_LOG_LINES);
  const trace = new LastLines(LAST_TRACE_LINES);
  const commands: CommandRecord[] = [];
  let nowUs = 0;
  const onCommand = ({ name }: ServerConnectionParam, words: readonly string[]) => {
    // Questions change nothing; without them the history is short enough to read.
    if (words[0] !== 'get' && words[0] !== 'status') commands.push({ atUs: nowUs, server: name, words });
  };
  let summary = '';
  try {
    const { result } = await simulate(scenario, input, (line) => story.add(line), {
      group: { onCommand },
      simulation: {
        log: (line) => {
          if (line.level === 'error' || line.level === 'warning') log.add(logLineToText(line));
        },
        trace: (line) => {
          nowUs = line.timeUs;
          trace.add(() => traceLineToText(line));
        },
      },
    });
    summary = result.summary;
  } catch (error) {
    summary = errorText(error);
  }
  const part = (title: string, texts: readonly string[]) => (texts.length === 0 ? [] : [title, ...texts]);
  const lines = [
    ...part('last steps:', story.texts()),
    ...part('last errors and warnings of the servers:', log.texts()),
    ...part('last events:', trace.texts()),
  ];
  if (summary !== report.summary) lines.push(`The run was NOT the same again: ${summary}`);
  return {
    lines,
    historyPath: writeFailureHistory(failures, job, scenario, commands),
    command: commandOf(job),
  };
}

/** `passed: NAME: SUMMARY (seed N, time)`. */
export function outcomeLine(report: RunReport): string {
  const verdict = report.status === 'failed' ? 'FAILED' : report.status;
  const time =
    report.virtualTimeS === null ? '' : `, ${virtualTimeText(report.virtualTimeS * 1e6)} of virtual time`;
  return `${verdict}: ${report.scenario}: ${report.summary} (seed ${report.seed}${time})`;
}

/** An image is held several times: by device, archive, ledger and judge. */
const MAX_IMAGE_BYTES = 256 * MIB;

/** A user's disk image. Throws FormatError for one that is not of whole blocks, or too large. */
function readImage(path: string): Uint8Array {
  const image = new Uint8Array(readFileSync(path));
  if (image.length === 0 || image.length % LOGICAL_BLOCK_BYTES !== 0 || image.length > MAX_IMAGE_BYTES) {
    throw new FormatError(
      `An image of whole blocks of 512 bytes, at most ${MAX_IMAGE_BYTES} bytes, is expected; ${path} has ${image.length}.`,
    );
  }
  return image;
}
