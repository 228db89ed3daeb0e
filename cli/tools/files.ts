/** Inputs and outputs that command lines name: files, pipes, `-` for standard input and output. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { ByteSink, ByteSource, RandomReader } from '../../core/engine/byte-stream.ts';
import { FormatError } from '../../core/errors.ts';
import { asIo } from '../../native/errors.ts';
import { fileSource, handleReader, handleSource } from '../../native/file-stream.ts';
import { keptSource } from '../../native/kept-source.ts';
import { createOutputFile, type OutputFile } from '../../native/output-file.ts';
import type { Progress } from '../progress.ts';
import { meteredReader, meteredSource } from './metered.ts';
import type { ToolIo } from './tool.ts';

/** An opened input. */
export interface Input {
  /** How it is called in messages. */
  readonly name: string;
  /** From the beginning to the end; may be used once, and not beside `reader`. */
  readonly source: ByteSource;
  /** At any place, or null for what is no regular file. */
  readonly reader: RandomReader | null;
}

/** Damage in an input: says in which and where. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** How an input is called in messages. */
export const inputName = (path: string) => (path === '-' ? 'standard input' : path);

/** A FormatError whose offset counts from the start of the input, as a sentence that says so; else the error itself. */
export function inputError(error: unknown, name: string): unknown {
  if (!(error instanceof FormatError)) return error;
  return new InputError(`${error.message} (at byte ${error.offset} of ${inputName(name)})`);
}

/** Where inputs come from that are not named, and who is told what is read. */
export type InputIo = Pick<ToolIo, 'stdin' | 'stdinReader' | 'progress'>;

/** How an input is read. */
export interface InputOptions {
  /** Whether most of what is read from `source` is kept until the end. */
  readonly isKept?: boolean;
}

/** Opens `path` (`-`: standard input), calls `use`, closes. FormatErrors get the input's name and their offset. */
export async function withInput<T>(
  path: string,
  io: ToolIo,
  use: (input: Input) => Promise<T>,
  options: InputOptions = {},
): Promise<T> {
  try {
    if (path === '-') return await use(await standardInput(io));
    return await withFile(path, io.progress, use, options);
  } catch (error) {
    throw inputError(error, path);
  }
}

async function standardInput({ stdin, stdinReader, progress }: InputIo): Promise<Input> {
  const reader = await stdinReader();
  progress.expect(reader?.sizeBytes ?? null);
  return {
    name: '-',
    source: meteredSource(stdin, progress),
    reader: reader === null ? null : meteredReader(reader, progress),
  };
}

/** Opens a file for reading, calls `use`, closes. What is read of it is progress. Throws IoError. */
export async function withFile<T>(
  path: string,
  progress: Progress,
  use: (input: Input) => Promise<T>,
  options: InputOptions = {},
): Promise<T> {
  const handle = await asIo(path, () => open(path, 'r'));
  try {
    return await use(await inputOf(handle, path, progress, options));
  } finally {
    await handle.close();
  }
}

async function inputOf(
  handle: FileHandle,
  path: string,
  progress: Progress,
  { isKept = false, fileCount = 1 }: InputOptions & { readonly fileCount?: number },
): Promise<Input> {
  const status = await asIo(path, () => handle.stat());
  progress.expect(status.isFile() ? status.size : null);
  if (!status.isFile()) {
    return { name: path, source: meteredSource(handleSource(handle, path), progress), reader: null };
  }
  const reader = meteredReader(handleReader(handle, path, status.size, fileCount), progress);
  const source = isKept ? keptSource(handle, path) : fileSource(handle, path);
  return { name: path, source: meteredSource(source, progress), reader };
}

/** Opens several inputs (`-`: standard input, which may be one of them), calls `use`, closes them. Throws IoError. */
export async function withFiles<T>(
  paths: readonly string[],
  io: InputIo,
  use: (inputs: readonly Input[]) => Promise<T>,
): Promise<T> {
  const handles: FileHandle[] = [];
  const { progress } = io;
  if (paths.filter((path) => path === '-').length > 1)
    throw new Error('standard input can be read only once.');
  try {
    const inputs: Input[] = [];
    for (const path of paths) {
      if (path === '-') {
        inputs.push(await standardInput(io));
        continue;
      }
      const handle = await asIo(path, () => open(path, 'r'));
      handles.push(handle);
      inputs.push(await inputOf(handle, path, progress, { fileCount: paths.length }));
    }
    return await use(inputs);
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** The reader of an input that must be a regular file. Throws InputError. */
export function readerOf({ name, reader }: Input, what: string): RandomReader {
  if (reader === null) {
    throw new InputError(
      `${what} must be a regular file, which can be read at any place: ${inputName(name)}`,
    );
  }
  return reader;
}

/** What is behind a path: the same text for the same file or block device, null for anything else and for nothing. */
async function identityOf(path: string): Promise<string | null> {
  try {
    const status = await stat(path === '-' ? '/dev/stdin' : path);
    if (status.isBlockDevice()) return `device ${status.rdev}`;
    return status.isFile() ? `file ${status.dev} ${status.ino}` : null;
  } catch {
    // Whoever opens it says why it cannot be had.
    return null;
  }
}

/** Throws when a file or device that is going to be written is one that is going to be read, and would be lost. */
export async function checkApart(inputs: readonly string[], output: string): Promise<void> {
  const written = output === '-' ? null : await identityOf(output);
  if (written === null) return;
  for (const input of inputs) {
    if ((await identityOf(input)) === written) {
      throw new Error(`${inputName(input)} and ${output} are the same file.`);
    }
  }
}

/**
 * Gives `use` a sink for `path` (`-`: standard output). A file shows under its name whole and durable, or not at all
 * when `use` throws.
 */
export async function withOutput(
  path: string,
  io: ToolIo,
  use: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  if (path === '-') {
    await use(io.stdout);
    return;
  }
  const output: OutputFile = await createOutputFile(path);
  try {
    await use(output);
  } catch (error) {
    await output.abandon();
    throw error;
  }
  await output.commit();
}
