import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { errorText } from '../core/errors.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import { runScenarios } from './run.ts';
import { TOOLS } from './tools/index.ts';
import { runToolInProcess } from './tools/process-io.ts';

/** The program `walbox`. Returns the exit code: 0 done, 1 something failed or was not understood. */
export async function main(argv: readonly string[]): Promise<number> {
  // The file tools speak the originals' dialect of options, so they parse their own words.
  const tool = TOOLS.get(argv[0] ?? '');
  if (tool !== undefined) return runToolInProcess(tool, argv.slice(1));

  let exitCode = 0;
  const program = new Command('walbox')
    .description('WalB in a box: simulate, test and rehearse continuous block-device backup')
    .exitOverride()
    .configureHelp({ sortSubcommands: false });

  program
    .command('run')
    .description('run scenarios in a simulated backup group')
    .argument('[name...]', 'scenarios to run', ['basic-backup'])
    .option('--seed <number>', 'seed of everything random', parseSeed, 1)
    .option('--image <file>', 'begin with your own disk image instead of the fixture')
    .option('--json', 'print the outcome for programs', false)
    .option('--quiet', 'print the outcome only, not the story', false)
    .action(
      async (names: string[], options: { seed: number; image?: string; json: boolean; quiet: boolean }) => {
        exitCode = await runScenarios(names, { ...options, image: options.image ?? null });
      },
    );

  program
    .command('list')
    .description('list the scenarios')
    .action(() => {
      const width = Math.max(...SCENARIOS.map((scenario) => scenario.name.length));
      for (const { name, purpose } of SCENARIOS) process.stdout.write(`${name.padEnd(width)}  ${purpose}\n`);
    });

  program.addHelpText('after', () => `\n${toolsText()}`);

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`walbox: ${errorText(error)}\n`);
    return 1;
  }
  return exitCode;
}

/** The file tools, a line each. */
function toolsText(): string {
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
