import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, FormatError } from '../../core/errors.ts';
import type { Scenario } from '../../scenarios/lib/scenario.ts';
import { type HistoryChecks, historyToText, parseHistory } from '../../sim/history.ts';
import type { RunJob } from './job.ts';

/** A command that the operator sent, at a virtual time. */
export interface CommandRecord {
  readonly atUs: number;
  readonly server: string;
  readonly words: readonly string[];
}

/** What stands as layout in the history of a scenario: enough to run it again. */
export interface ScenarioSite {
  readonly scenario: string;
  readonly file: string | null;
  readonly image: string | null;
  readonly servers: string;
  readonly spares: string;
}

/**
 * Writes `NAME-SEED.json` below `folder`: the seed, what runs it again, and the commands that were sent until the
 * failure. Returns the path, or null when it cannot be written.
 */
export function writeFailureHistory(
  folder: string,
  { scenario: name, file, seed, image }: RunJob,
  { layout, spares = '' }: Scenario,
  operations: readonly CommandRecord[],
): string | null {
  const site: ScenarioSite = { scenario: name, file, image, servers: layout, spares };
  const path = join(folder, `${name}-${seed}.json`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, historyToText({ version: 1, seed, layout: site, operations, faults: [] }));
    return path;
  } catch {
    return null;
  }
}

const CHECKS: HistoryChecks<ScenarioSite, CommandRecord> = {
  layout: (value) => {
    const { scenario, file, image, servers, spares } = (value ?? {}) as Record<string, unknown>;
    const isText = (one: unknown): one is string => typeof one === 'string';
    const isTextOrNull = (one: unknown): one is string | null => one === null || isText(one);
    if (
      !isText(scenario) ||
      !isText(servers) ||
      !isText(spares) ||
      !isTextOrNull(file) ||
      !isTextOrNull(image)
    )
      throw new FormatError('The history of a scenario names scenario, file, image, servers and spares.');
    return { scenario, file, image, servers, spares };
  },
  operation: (value, index) => {
    const { atUs, server, words } = (value ?? {}) as Record<string, unknown>;
    if (typeof atUs !== 'number' || typeof server !== 'string' || !Array.isArray(words))
      throw new FormatError(`Operation ${index} is no command with atUs, server and words.`);
    return { atUs, server, words: words.map(String) };
  },
};

/** The job that a history file tells of. Throws FormatError. */
export function jobOfHistory(path: string): RunJob {
  const { seed, layout } = parsed(path, readText(path));
  return { scenario: layout.scenario, file: layout.file, seed, image: layout.image };
}

/** The text of a file that an operator named. Throws FormatError with its name. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FormatError(`${path} cannot be read: ${errorText(error)}`);
  }
}

function parsed(path: string, text: string) {
  try {
    return parseHistory(text, CHECKS);
  } catch (error) {
    const again = isChaosHistory(text) ? `it is a history of chaos: walbox replay ${path}` : null;
    throw new FormatError(`${path} is no history of a scenario: ${again ?? errorText(error)}`);
  }
}

/** Whether the text is the history of a scenario, as `writeFailureHistory` writes them, rather than one of chaos. */
export function isScenarioHistory(text: string): boolean {
  return typeof fieldOf(fieldOf(jsonOf(text), 'layout'), 'scenario') === 'string';
}

/** Whether the text is a history of chaos, as it is saved or bare. */
function isChaosHistory(text: string): boolean {
  const value = jsonOf(text);
  const layout = fieldOf(fieldOf(value, 'history') ?? value, 'layout');
  return typeof fieldOf(layout, 'group') === 'string';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
