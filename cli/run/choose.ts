import { existsSync, readdirSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorText, FormatError, NotFoundError } from '../../core/errors.ts';
import { chaosScenario, isChaosStory } from '../../scenarios/lib/chaos-scenario.ts';
import type { Scenario } from '../../scenarios/lib/scenario.ts';
import { jobOfHistory } from './history.ts';
import type { RunJob } from './job.ts';

/** The catalogue is loaded for those who want something of it: it takes longer to load than a short scenario to run. */
const catalogue = async () => (await import('../../scenarios/index.ts')).SCENARIOS;

/** The part of a name before its first dash, where the catalogue has one: `n1` of `n1-full-backup`. */
export function idOf({ name }: Pick<Scenario, 'name'>): string {
  return /^([a-z]+\d+[a-z]?)-/.exec(name)?.[1] ?? name;
}

/**
 * The jobs that arguments mean: names and ids of the catalogue, patterns of them with `*` and `?`, files that
 * export scenarios (`FILE#NAME`: one of them), history files. No argument means the whole catalogue. Throws NotFoundError.
 */
export async function chooseJobs(
  args: readonly string[],
  seeds: readonly number[],
  image: string | null,
): Promise<RunJob[]> {
  const jobs: RunJob[] = [];
  const add = (scenario: string, file: string | null) => {
    for (const seed of seeds) jobs.push({ scenario, file, seed, image });
  };
  if (args.length === 0) for (const { name } of await catalogue()) add(name, null);
  for (const arg of args) {
    if (arg.endsWith('.json')) {
      jobs.push(jobOfHistory(arg));
      continue;
    }
    // No name of the catalogue has what every path of a file has.
    const named = /[./]/.test(arg) ? [] : (await catalogue()).filter((scenario) => matches(arg, scenario));
    for (const { name } of named) add(name, null);
    if (named.length > 0) continue;
    const [, path = arg, only = null] = /^(.+\.[cm]?[jt]s)#(.+)$/.exec(arg) ?? [];
    const files = filesOf(path);
    if (files.length === 0) throw new NotFoundError(`There is no scenario ${arg}; see walbox list.`);
    const before = jobs.length;
    for (const file of files)
      for (const { name } of await scenariosOf(file)) if (only === null || name === only) add(name, file);
    if (jobs.length === before) throw new NotFoundError(`${path} exports no scenario ${only ?? ''}.`);
  }
  return jobs;
}

function matches(pattern: string, scenario: Scenario): boolean {
  const expression = patternOf(pattern);
  return expression.test(scenario.name) || expression.test(idOf(scenario));
}

function patternOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

/** Files of a path whose last part may be a pattern. */
function filesOf(path: string): string[] {
  if (existsSync(path)) return /\.[cm]?[jt]s$/.test(path) ? [path] : [];
  const folder = dirname(path);
  if (!/[*?]/.test(path) || !existsSync(folder)) return [];
  const expression = patternOf(path.slice(path.lastIndexOf('/') + 1));
  const names = readdirSync(folder).filter((name) => expression.test(name) && /\.[cm]?[jt]s$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/** The scenario of a job. Throws NotFoundError. */
export async function loadScenario({ scenario, file }: RunJob): Promise<Scenario> {
  const among = file === null ? await catalogue() : await scenariosOf(file);
  const found = among.find(({ name }) => name === scenario);
  if (found === undefined)
    throw new NotFoundError(`There is no scenario ${scenario} in ${file ?? 'the catalogue'}.`);
  return found;
}

/** Every scenario that a file exports, histories of chaos among them. Throws FormatError when there is none or it cannot be loaded. */
export async function scenariosOf(file: string): Promise<Scenario[]> {
  const url = pathToFileURL(resolve(file)).href;
  let exported: Record<string, unknown>;
  try {
    exported = (await importFile(url)) as Record<string, unknown>;
  } catch (error) {
    throw new FormatError(`${file} cannot be loaded: ${errorText(error)}`);
  }
  const found = Object.values(exported).flatMap((value) => {
    if (isScenario(value)) return [value];
    return isChaosStory(value) ? [chaosScenario(value)] : [];
  });
  if (found.length === 0)
    throw new FormatError(`${file} exports no scenario; see docs/writing-scenarios.md.`);
  return found;
}

/** Files that were imported: a run asks for its scenario more than once. */
const imported = new Map<string, Promise<unknown>>();

function importFile(url: string): Promise<unknown> {
  let found = imported.get(url);
  if (found === undefined) {
    found = importAfresh(url);
    imported.set(url, found);
  }
  return found;
}

/** TypeScript goes through tsx, unless this process runs on TypeScript itself. */
async function importAfresh(url: string): Promise<unknown> {
  if (import.meta.url.endsWith('.ts')) return import(url);
  const isTypeScript = /\.[cm]?ts$/.test(url);
  const importer = importers.get(isTypeScript) ?? makeImporter(isTypeScript);
  importers.set(isTypeScript, importer);
  return (await importer)(url);
}

/** Imports of JavaScript and, at true, of TypeScript, with their hooks registered: once in each thread. */
const importers = new Map<boolean, Promise<(url: string) => Promise<unknown>>>();

async function makeImporter(isTypeScript: boolean): Promise<(url: string) => Promise<unknown>> {
  const registerOwn = () => register('./user-modules.js', import.meta.url);
  registerOwn();
  if (!isTypeScript) return (url) => import(url);
  const tsx = (await import('tsx/esm/api')).register({ namespace: 'walbox-run' });
  // Hooks are asked from the last one on: tsx must hear of modules from ours, and must not hear of walbox.
  registerOwn();
  return (url) => tsx.import(url, import.meta.url);
}

function isScenario(value: unknown): value is Scenario {
  const { name, purpose, layout, run } = (value ?? {}) as Record<string, unknown>;
  return [name, purpose, layout].every((text) => typeof text === 'string') && typeof run === 'function';
}
