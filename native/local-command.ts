import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { IoError } from '../core/errors.ts';

/**
 * Runs a program of this machine with words (no shell between) and gives what it prints, without the white space around
 * it: `run_local_command` of the original's Python library. `putMsg` shows the words and the result on standard output;
 * the program's own error lines appear on standard error, unless `quietErr`. Throws IoError when the program cannot be
 * started, ends with another status than 0, or is killed.
 */
export async function runLocalCommand(
  args: readonly string[],
  putMsg = false,
  quietErr = false,
): Promise<string> {
  const [program = '', ...words] = args;
  if (putMsg) process.stdout.write(`run_command: ${args.join(' ')}\n`);
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', quietErr ? 'ignore' : 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  let status: unknown;
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    status = code ?? signal;
  } catch (error) {
    status = (error as NodeJS.ErrnoException).code;
  }
  if (status !== 0) throw new IoError('EIO', `command error: ${args.join(' ')}: ${status}`);
  const result = Buffer.concat(pieces).toString('utf8').trim();
  if (putMsg) process.stdout.write(`run_command_result: ${result}\n`);
  return result;
}
