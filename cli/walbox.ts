import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { errorText, NotFoundError } from '../core/errors.ts';
import { toIoError } from '../native/errors.ts';
import { SHELL_DEVICE_MIB, SHELL_LOG_MIB } from '../scenarios/lib/shell/sizes.ts';
import { PROFILES } from '../sim/chaos/profiles.ts';
import { CHAOS_REPORTERS } from './chaos/reporters.ts';
import type { ChaosOptions } from './chaos.ts';
import { defaultHistoryPath, FAILURES_FOLDER } from './defaults.ts';
import type { ReplOptions } from './repl.ts';
import { REPORTERS } from './run/reporters.ts';
import type { RunOptions } from './run.ts';
import type { StatCommandOptions } from './stat.ts';
import { TOOL_LOADERS } from './tools/loaders.ts';
import type { VerifyOptions } from './verify.ts';
import { packageVersion } from './version.ts';

// What a command is made of is loaded when it is called: all of it would take half a second.

const SIGINT = 2;
const SIGPIPE = 13;
const SIGTERM = 15;

/** Options of `walbox run` as they are typed. */
type RunArguments = Omit<RunOptions, 'image' | 'jobs' | 'trace'> & {
  json: boolean;
  image?: string;
  jobs?: number;
  trace?: string;
};

/** Options of `walbox chaos` as they are typed. */
type ChaosArguments = Omit<ChaosOptions, 'seeds' | 'minutes' | 'jobs'> & {
  seeds?: number;
  minutes?: number;
  jobs?: number;
};

/**
 * The program `walbox`, also under the name of a tool (`walbox install-links`), which it then is. Returns the exit code: 0 done, 1 something failed or was not
 * understood.
 */
export async function main(argv: readonly string[], calledAs = 'walbox'): Promise<number> {
  // The file tools speak the originals' dialect of options, so they parse their own words.
  if (TOOL_LOADERS.has(calledAs)) return runTool(calledAs, argv);
  if (TOOL_LOADERS.has(argv[0] ?? '')) return runTool(argv[0] as string, argv.slice(1));
  if (argv[0] === 'worker') {
    const { runWorkerProgram } = await import('./worker.ts');
    return runWorkerProgram(argv.slice(1));
  }

  endWithoutReader();

  let exitCode = 0;
  const program = new Command('walbox')
    .description('WalB in a box: simulate, test and rehearse continuous block-device backup')
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(walbox --help lists the commands and the file tools)');

  program
    .command('run')
    .description('run scenarios in a simulated backup group: one is told, several are run side by side')
    .argument('[name...]', 'names, ids or patterns (see walbox list), files, history files; default: all')
    .option('--seed <number>', 'seed of everything random', parseSeed, 1)
    .option('--repeat <count>', 'run each with so many seeds, from --seed on', parseCount, 1)
    .addOption(new Option('--reporter <name>', 'how results are shown').choices(REPORTERS).default('text'))
    .option('--jobs <count>', 'scenarios at a time (default: the number of cores)', parseCount)
    .option('--image <file>', 'begin with your own disk image instead of the fixture (basic-backup)')
    .option('--trace <file>', 'write the trace of the run: every call, message and fault, a line each')
    .option('--json', 'short for --reporter json', false)
    .option('--quiet', 'print the outcome only, not the story', false)
    .action(async (names: string[], { json, reporter, image, jobs, trace, ...rest }: RunArguments) => {
      const { runScenarios } = await import('./run.ts');
      exitCode = await runScenarios(names, {
        ...rest,
        reporter: json ? 'json' : reporter,
        image: image ?? null,
        jobs: jobs ?? null,
        trace: trace ?? null,
      });
    });

  program
    .command('list')
    .description('list the scenarios')
    .option('--markdown', 'run them all and print the table of docs/scenarios.md', false)
    .option('--write <file>', 'with --markdown: put the table between the marks in this file')
    .action(async ({ markdown, write }: { markdown: boolean; write?: string }) => {
      const { listScenarios } = await import('./list.ts');
      exitCode = await listScenarios({ asTable: markdown || write !== undefined, path: write ?? null });
    });

  program
    .command('chaos')
    .description('run random histories: operations, layouts and faults, drawn by seed')
    .option('--seed <number>', 'the first seed', parseSeed, 1)
    .option('--seeds <count>', 'so many seeds (default 200, or as many as --minutes allows)', parseCount)
    .addOption(
      new Option('--minutes <number>', 'begin no history after so long')
        .argParser(parsePositive)
        .conflicts(['crashPoints', 'errorPoints']),
    )
    .option('--jobs <count>', 'threads (default: the number of cores)', parseCount)
    .addOption(
      new Option('--profile <name>', 'how much goes wrong')
        .choices(PROFILES.map((profile) => profile.name))
        .default('ci'),
    )
    .addOption(
      new Option('--reporter <name>', 'format of the result').choices(CHAOS_REPORTERS).default('text'),
    )
    .option('--bail', 'end with the first failure', false)
    .option('--no-shrink', 'save failures as they were drawn')
    .option('--crash-points', 'crash at every step once; with the profile nightly in every way', false)
    .option(
      '--error-points',
      'one failing call at every step; with the profile nightly each in every way',
      false,
    )
    .addOption(
      new Option('--digests', 'print the SHA-256 of the trace of each seed in place of the report')
        .default(false)
        .conflicts(['crashPoints', 'errorPoints', 'reporter']),
    )
    .option('--failures <folder>', 'where histories of failures are written', FAILURES_FOLDER)
    .action(async (options: ChaosArguments) => {
      const { seeds, minutes, jobs } = options;
      const { chaos } = await import('./chaos.ts');
      const interruption = new AbortController();
      // A second signal ends the process at once.
      process.once('SIGINT', () => interruption.abort(SIGINT));
      process.once('SIGTERM', () => interruption.abort(SIGTERM));
      const whole = { ...options, seeds: seeds ?? null, minutes: minutes ?? null, jobs: jobs ?? null };
      exitCode = await chaos(whole, undefined, undefined, interruption.signal);
      // Histories are under way still, which nobody wants any more.
      if (interruption.signal.aborted) process.exit(exitCode);
    });

  program
    .command('replay')
    .description('repeat a saved history')
    .argument('<file>', 'a history, for instance failures/chaos-ci-17.json')
    .option('--verbose', 'print what operators do and servers log', false)
    .option('--trace <file>', 'write the trace: every call, message and fault, a line each')
    .action(async (file: string, { verbose, trace }: { verbose: boolean; trace?: string }) => {
      const { replay } = await import('./chaos.ts');
      exitCode = await replay(file, { verbose, trace: trace ?? null });
    });

  program
    .command('repl')
    .description('a shell in a simulated backup group: type what an operator types, and let things go wrong')
    .option('--layout <servers>', 'storages/proxies/archives', 's0/p0/a0')
    .option('--spares <servers>', 'servers that wait to replace others, for instance s2/p2/a2', '//')
    .option('--seed <number>', 'seed of everything random', parseSeed, 1)
    .option('--devices <count>', 'walb devices of each storage', parseCount, 1)
    .option('--device-mib <mib>', 'size of each walb device', parseCount, SHELL_DEVICE_MIB)
    .option('--log-mib <mib>', 'size of each log device', parseCount, SHELL_LOG_MIB)
    .option('--history <file>', 'lines of earlier sessions', defaultHistoryPath())
    .action(async ({ devices, ...options }: Omit<ReplOptions, 'deviceCount'> & { devices: number }) => {
      const streams = { input: process.stdin, output: process.stdout };
      const { runRepl } = await import('./repl.ts');
      exitCode = await runRepl({ ...options, deviceCount: devices }, streams);
    });

  program
    .command('worker')
    .description('look after the volumes of one archive: apply, merge, replicate (walbox worker -h)')
    .allowUnknownOption();

  program
    .command('verify')
    .description(
      'check wlogs, wdiffs, log devices, queue and metadata files, and base directories of servers',
    )
    .argument('<path...>', 'files, devices, directories, pipes; - for standard input')
    .option('--json', 'one JSON value instead of text', false)
    .option('--quiet', 'print only what is not sound', false)
    .action(async (paths: string[], options: VerifyOptions) => {
      const { verify } = await import('./verify.ts');
      exitCode = await verify(paths, options);
    });

  program
    .command('stat')
    .description('count wlogs and wdiffs: sizes, overlap, compressibility, hottest regions')
    .argument('<file...>', 'wlogs or wdiffs, oldest first, - for standard input')
    .option('--json', 'one JSON value instead of text', false)
    .option('--svg <file>', 'draw where and when blocks were written, as a heat map')
    .option('--top <count>', 'so many of the hottest regions', parseCount, 10)
    .addOption(
      new Option('--compressibility <how>', 'try the codecs on a sample, on all data, or not')
        .choices(['sample', 'full', 'none'])
        .default('sample'),
    )
    .action(async (paths: string[], options: Omit<StatCommandOptions, 'svg'> & { svg?: string }) => {
      const { stat } = await import('./stat.ts');
      exitCode = await stat(paths, { ...options, svg: options.svg ?? null });
    });

  program
    .command('install-links')
    .description("link the file tools into a folder, to be called by the originals' names (wlog-show ...)")
    .argument('<folder>', 'for instance ~/bin')
    .action(async (folder: string) => {
      const { installLinks } = await import('./links.ts');
      installLinks(folder, [...TOOL_LOADERS.keys()]);
      process.stdout.write(`${TOOL_LOADERS.size} links in ${folder}\n`);
    });

  // The help of the program is never printed for one of its commands.
  if (!program.commands.some((command) => command.name() === argv[0])) {
    program.addHelpText('after', `\n${await toolsText()}`);
  }

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`walbox: ${errorText(error)}\n`);
    return 1;
  }
  return exitCode;
}

/**
 * `walbox run | head`: who reads no further wants no more; ends as a program that a SIGPIPE kills. Output that cannot be
 * written otherwise, to a full disk for instance, is an error.
 */
function endWithoutReader(): void {
  if (process.stdout.listenerCount('error') > 0) return;
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(128 + SIGPIPE);
    process.stderr.write(`walbox: ${toIoError(error, 'standard output').message}\n`);
    process.exit(1);
  });
}

async function runTool(name: string, argv: readonly string[]): Promise<number> {
  const { runToolInProcess } = await import('./tools/process-io.ts');
  const tool = await TOOL_LOADERS.get(name)?.();
  if (tool === undefined) throw new NotFoundError(`There is no tool ${name}.`);
  return runToolInProcess(tool, argv);
}

/** The file tools, a line each. */
async function toolsText(): Promise<string> {
  const { TOOLS } = await import('./tools/index.ts');
  const width = Math.max(...[...TOOLS.keys()].map((name) => name.length));
  const lines = [...TOOLS].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ['File tools (walbox TOOL -h):', ...lines].join('\n');
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new InvalidArgumentError('a seed is a whole number from 0 on');
  return seed;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('a count is a whole number from 1 on');
  return count;
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('a number above 0');
  return value;
}
