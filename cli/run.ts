import { readFileSync } from 'node:fs';
import { errorText, FormatError, NotFoundError } from '../core/errors.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../core/units.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { Scenario, ScenarioInput } from '../scenarios/lib/scenario.ts';
import { simulate } from '../scenarios/lib/simulate.ts';
import { virtualTimeText } from '../scenarios/lib/story.ts';
import type { SimGroupOptions } from '../sim/group.ts';

export interface RunOptions {
  readonly seed: number;
  /** Path of a disk image to use in place of the fixture. */
  readonly image: string | null;
  readonly json: boolean;
  /** No story, only the outcome. */
  readonly quiet: boolean;
}

/** What a run of one scenario gave, for programs. */
export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  readonly passed: boolean;
  readonly summary: string;
  readonly virtualTimeS: number | null;
  readonly eventCount: number | null;
}

/** Runs scenarios one after the other; the exit code is 0 when all passed. */
export async function runScenarios(names: readonly string[], options: RunOptions): Promise<number> {
  const chosen = names.map(findScenario);
  const image = options.image === null ? null : readImage(options.image);
  const reports: RunReport[] = [];
  for (const scenario of chosen) {
    const isTold = !options.quiet && !options.json;
    const say = isTold ? (line: string) => process.stdout.write(`${line}\n`) : () => {};
    if (isTold) say(`# ${scenario.name}: ${scenario.purpose} (seed ${options.seed})`);
    const report = await runOne(scenario, { seed: options.seed, image }, say);
    reports.push(report);
    if (!options.json) process.stdout.write(`${outcomeLine(report)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
  return exitCodeOf(reports);
}

export function exitCodeOf(reports: readonly RunReport[]): number {
  return reports.every((report) => report.passed) ? 0 : 1;
}

/** Runs one scenario in a simulation; what it throws is a failure with that reason. */
export async function runOne(
  scenario: Scenario,
  input: ScenarioInput,
  say: (line: string) => void,
  group: Partial<SimGroupOptions> = {},
): Promise<RunReport> {
  const about = { scenario: scenario.name, seed: input.seed };
  try {
    const { result, figures } = await simulate(scenario, input, say, group);
    return { ...about, ...result, virtualTimeS: figures.virtualTimeUs / 1e6, eventCount: figures.eventCount };
  } catch (error) {
    return { ...about, passed: false, summary: errorText(error), virtualTimeS: null, eventCount: null };
  }
}

function outcomeLine(report: RunReport): string {
  const verdict = report.passed ? 'passed' : 'FAILED';
  const time =
    report.virtualTimeS === null ? '' : `, ${virtualTimeText(report.virtualTimeS * 1e6)} of virtual time`;
  return `\n${verdict}: ${report.scenario}: ${report.summary} (seed ${report.seed}${time})`;
}

function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new NotFoundError(
    `There is no scenario ${name}; there is: ${SCENARIOS.map((s) => s.name).join(', ')}.`,
  );
}

const MAX_IMAGE_BYTES = 12 * MIB;

/** A user's disk image. Throws FormatError for one that does not fit the scenarios' devices. */
function readImage(path: string): Uint8Array {
  const image = new Uint8Array(readFileSync(path));
  if (image.length === 0 || image.length % LOGICAL_BLOCK_BYTES !== 0 || image.length > MAX_IMAGE_BYTES) {
    throw new FormatError(
      `An image of whole blocks of 512 bytes, at most ${MAX_IMAGE_BYTES} bytes, is expected; ${path} has ${image.length}.`,
    );
  }
  return image;
}
