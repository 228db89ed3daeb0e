import { createInterface } from 'node:readline';
import { LineReader } from './repl/reader.ts';
import { Session, type SessionOptions } from './repl/session.ts';
import { errorSentence } from './repl/show.ts';
import { runTerminal } from './repl/terminal.ts';

/** Options of `walbox repl`. */
export type ReplOptions = Omit<SessionOptions, 'print'> & {
  /** File of the lines of earlier sessions; empty for none. */
  readonly history: string;
};

/** Streams that a session talks to. */
export interface ReplStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * `walbox repl`: a shell in a simulated group (docs/repl.md). On a terminal with line editing; otherwise each line of
 * the input is shown with its virtual time and what came of it, and the exit code is 1 when one failed.
 */
export async function runRepl(options: ReplOptions, { input, output }: ReplStreams): Promise<number> {
  const print = (line: string) => {
    output.write(`${line}\n`);
  };
  const session = await Session.open({ ...options, print });
  const onUnhandled = (error: unknown) => print(`error, in the background: ${errorSentence(error)}`);
  process.on('unhandledRejection', onUnhandled);
  try {
    if (input.isTTY !== true) return await readLines(session, input, print);
    const { layout, seed } = options;
    print(`A simulated backup group ${layout} (seed ${seed}): .help tells what can be typed.`);
    await runTerminal(session, options.history, input, output);
    return 0;
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}

async function readLines(
  session: Session,
  input: NodeJS.ReadableStream,
  print: (line: string) => void,
): Promise<number> {
  const reader = new LineReader(session);
  let exitCode = 0;
  for await (const line of createInterface({ input, terminal: false })) {
    print(`${reader.isWaiting ? '... ' : `${session.timeText} > `}${line}`);
    const outcome = await reader.take(line);
    if (outcome === 'end') return exitCode;
    if (outcome === 'failed') exitCode = 1;
  }
  if (reader.isWaiting && (await reader.take('', true)) === 'failed') exitCode = 1;
  return exitCode;
}
