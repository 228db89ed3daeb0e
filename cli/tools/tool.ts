import type { ByteSink, ByteSource, RandomReader } from '../../core/engine/byte-stream.ts';
import { errorText, IoError } from '../../core/errors.ts';
import { unixTimeToPretty } from '../../core/format/time-text.ts';
import type { Clock } from '../../core/world/clock.ts';
import type { CodecPool } from '../../core/world/codec.ts';
import type { Network } from '../../core/world/network.ts';
import type { Random } from '../../core/world/random.ts';
import type { WalbHost } from '../../native/walb-host.ts';
import type { Progress } from '../progress.ts';
import {
  type HelpTexts,
  helpText,
  OptionError,
  type OptionTable,
  type OptionValues,
  parseOptions,
} from './options.ts';
import { Printer } from './printer.ts';

/** What a tool reaches besides the files that its command line names. */
export interface ToolIo {
  readonly stdin: ByteSource;
  /** Standard input for reading at any place, or null when it is no regular file. */
  readonly stdinReader: () => Promise<RandomReader | null>;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  /** Of long work, for people at a terminal. */
  readonly progress: Progress;
  /** Where files without a name of their own go. */
  readonly workFolder: string;
  /** The walb driver of this host. */
  readonly walbHost: WalbHost;
  /** For tools that run until they are interrupted: whoever asks ends by itself when a signal comes. */
  readonly untilStopped: () => AbortSignal;
  /** Loaded at first use: some tools need no codec. */
  readonly codecs: () => Promise<CodecPool>;
}

/** A program: `run` gives its exit status and does not throw. */
export interface Tool {
  readonly summary: string;
  run(argv: readonly string[], io: ToolIo): Promise<number>;
}

/** What the body of a tool gets. */
export interface ToolContext {
  readonly io: ToolIo;
  readonly out: Printer;
  readonly err: Printer;
  /** A log line `<time> <level> <tool>:<message>` on standard error. */
  readonly log: (level: 'ERROR' | 'WARNING' | 'INFO', message: string) => void;
}

export interface ToolSpec<Table extends OptionTable> extends Omit<HelpTexts, 'table'> {
  readonly options: Table;
  /** Gives the exit status. What it throws becomes an error line, status 1. */
  readonly body: (values: OptionValues<Table>, context: ToolContext) => Promise<number>;
}

/** Exit status of a program whose reader went away, as the shell reports SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;
const MS_PER_S = 1000;

/** Makes a tool of its options and its body. See docs/tools.md, "Common to all". */
export function defineTool<Table extends OptionTable>(spec: ToolSpec<Table>): Tool {
  return {
    summary: spec.summary,
    async run(argv, io) {
      const out = new Printer(io.stdout);
      const err = new Printer(io.stderr);
      const log: ToolContext['log'] = (level, message) =>
        err.line(logLine(io.nowMs(), level, spec.name, message));
      let status: number;
      try {
        status = await parseAndRun(spec, argv, { io, out, err, log });
        await out.flush();
      } catch (error) {
        status = isBrokenPipe(error) ? BROKEN_PIPE_STATUS : 1;
        // What was printed before the error is printed all the same.
        await out.flush().catch(() => undefined);
        if (status === 1) log('ERROR', errorText(error));
      }
      await err.flush().catch(() => undefined);
      return status;
    },
  };
}

async function parseAndRun<Table extends OptionTable>(
  spec: ToolSpec<Table>,
  argv: readonly string[],
  context: ToolContext,
): Promise<number> {
  const help = helpText({ ...spec, table: spec.options });
  let values: OptionValues<Table> | null;
  try {
    values = parseOptions(spec.options, argv);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    context.out.line(`OptionError:${error.message}`);
    context.out.text(help);
    return 1;
  }
  if (values === null) {
    context.out.text(help);
    return 0;
  }
  return await spec.body(values, context);
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof IoError && error.code === 'EPIPE';
}

/** `YYYY-MM-DD hh:mm:ss.mmm LEVEL TOOL:MESSAGE`, UTC. */
export function logLine(nowMs: number, level: string, tool: string, message: string): string {
  const time = unixTimeToPretty(Math.floor(nowMs / MS_PER_S)).replace('T', ' ');
  const ms = String(nowMs % MS_PER_S).padStart(3, '0');
  return `${time}.${ms} ${level} ${tool}:${message}`;
}
