import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import {
  loadConfig,
  runWorker,
  SELECTION_STEPS,
  type SelectionStep,
  type WorkerConfig,
} from '../core/control/worker/index.ts';
import { errorText, FormatError } from '../core/errors.ts';
import { ProcessStatus } from '../core/server/shared/process-status.ts';
import { type LogLevel, textLog } from '../native/log.ts';
import { nativeWorld } from '../native/world.ts';

/** What `walbox worker` was told, in the original's dialect (docs/worker.md, "Options"). */
export interface WorkerArguments {
  /** Configuration files in their order; `-` is standard input. */
  readonly paths: readonly string[];
  readonly verbosity: 0 | 1 | 2;
  readonly onlyStep: SelectionStep | null;
  readonly lifetimeS: number | null;
  readonly isDryRun: boolean;
}

const HELP = `Usage: walbox worker -f CONFIG [-f CONFIG2 ...] [-v | -vv] [-step N] [-lifetime SEC] [-no]

Look after the volumes of one archive: apply, merge and replicate (docs/worker.md).

  -f CONFIG      configuration file (YAML); - is standard input; later files go over earlier ones
  -v, -vv        tell what was chosen; tell the candidates too
  -step N        only step N of the selection (1-5; 0 = all)
  -lifetime SEC  end after so many seconds
  -no            choose, but do nothing
  -h             this text
`;

/** Reads the arguments. Null when help is asked for. Throws FormatError. */
export function parseWorkerArguments(words: readonly string[]): WorkerArguments | null {
  const paths: string[] = [];
  let verbosity: 0 | 1 | 2 = 0;
  let onlyStep: SelectionStep | null = null;
  let lifetimeS: number | null = null;
  let isDryRun = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const value = (): string => {
      at += 1;
      const text = words[at];
      if (text === undefined) throw new FormatError(`no value for option: ${word}`);
      return text;
    };
    if (word === '-h' || word === '--help') return null;
    if (word === '-f') paths.push(value());
    else if (word === '-v') verbosity = 1;
    else if (word === '-vv') verbosity = 2;
    else if (word === '-no') isDryRun = true;
    else if (word === '-step') onlyStep = parseStep(value());
    else if (word === '-lifetime') lifetimeS = parseSeconds(value());
    else throw new FormatError(`bad option: ${word}`);
  }
  if (paths.length === 0) throw new FormatError('a configuration is expected: -f CONFIG');
  return { paths, verbosity, onlyStep, lifetimeS, isDryRun };
}

function parseStep(text: string): SelectionStep | null {
  if (text === '0') return null;
  const step = SELECTION_STEPS.find((known) => String(known) === text);
  if (step === undefined)
    throw new FormatError(`a step of 0 to ${SELECTION_STEPS.length} is expected: ${text}`);
  return step;
}

function parseSeconds(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new FormatError(`seconds are expected: ${text}`);
  return Number(text);
}

/**
 * The value of a YAML text, read by the rules of YAML 1.1 as the original reads it (`1:00:00` is 3600). Throws
 * FormatError with the place.
 */
export function parseYaml(text: string, name: string): unknown {
  const refusal = (error: Error) => new FormatError(`${name}: ${error.message}`);
  try {
    const document = parseDocument(text, {
      version: '1.1',
      intAsBigInt: false,
      prettyErrors: true,
      logLevel: 'error',
    });
    const problem = document.errors[0];
    if (problem !== undefined) throw refusal(problem);
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The library throws errors of several kinds at well-formed documents without a value: an alias before its anchor,
    // too many aliases, a merge of what is no map.
    throw error instanceof Error && !(error instanceof FormatError) ? refusal(error) : error;
  }
}

/** Reads configuration files and puts them together. Throws FormatError and errors of files. */
export function readWorkerConfig(paths: readonly string[]): WorkerConfig {
  return loadConfig(paths.map((path) => parseYaml(readFileSync(path === '-' ? 0 : path, 'utf8'), path)));
}

/** The program `walbox worker`. Returns the exit status. */
export async function runWorkerProgram(words: readonly string[]): Promise<number> {
  const level = (verbosity: number): LogLevel => (verbosity === 0 ? 'INFO' : 'DEBUG');
  try {
    const given = parseWorkerArguments(words);
    if (given === null) {
      process.stdout.write(HELP);
      return 0;
    }
    const config = readWorkerConfig(given.paths);
    const log = textLog(level(given.verbosity), (line) => void process.stderr.write(`${line}\n`));
    const status = new ProcessStatus();
    const forget = endBySignals(status);
    try {
      await runWorker(await nativeWorld(log), config, status, {
        onlyStep: given.onlyStep,
        lifetimeS: given.lifetimeS,
        isDryRun: given.isDryRun,
        isVerbose: given.verbosity === 2,
      });
    } finally {
      forget();
    }
    return 0;
  } catch (error) {
    process.stderr.write(`walbox worker: ${errorText(error)}\n`);
    return 1;
  }
}

/** The first signal lets running tasks end, the second one does not wait. Returns the function that forgets them. */
function endBySignals(status: ProcessStatus): () => void {
  const signals = [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const;
  const handlers = signals.map(([signal, number]) => {
    const onSignal = () => {
      if (!status.isRunning) process.exit(128 + number);
      status.shutdown('graceful');
    };
    process.on(signal, onSignal);
    return () => process.off(signal, onSignal);
  });
  return () => {
    for (const forget of handlers) forget();
  };
}
