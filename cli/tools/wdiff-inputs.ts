/** Wdiffs as inputs of tools, from files or streams. */
import { BufferedReader, type ByteSource } from '../../core/engine/byte-stream.ts';
import { ImageCache } from '../../core/engine/image-cache.ts';
import { type OpenWdiffOptions, openWdiff } from '../../core/engine/open-wdiff.ts';
import {
  SortedPackReader,
  type SortedReaderOptions,
  SortedWdiffInput,
} from '../../core/engine/sorted-wdiff-reader.ts';
import type { MergeIo } from '../../core/engine/stored-io.ts';
import type { WdiffInput } from '../../core/engine/wdiff-input.ts';
import { FormatError } from '../../core/errors.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../core/format/wdiff-header.ts';
import { MIB } from '../../core/units.ts';
import type { CodecPool } from '../../core/world/codec.ts';
import { type Input, inputError } from './files.ts';

/** Decompressed images that are kept for all inputs together. */
const CACHE_BYTES = 32 * MIB;

/** Begins to read wdiffs, oldest first. What is wrong in one becomes an InputError that names it. */
export async function openWdiffInputs(
  inputs: readonly Input[],
  pool: CodecPool,
  { forgets = false }: Pick<OpenWdiffOptions, 'forgets'> = {},
): Promise<WdiffInput[]> {
  const cache = new ImageCache(CACHE_BYTES);
  const opened: WdiffInput[] = [];
  for (const { name, reader, source } of inputs) {
    try {
      const options = { cache, forgets, describeError: (error: unknown) => inputError(error, name) };
      const wdiff =
        reader !== null ? await openWdiff(reader, pool, options) : await openStream(source, pool, options);
      opened.push(namedInput(wdiff, name));
    } catch (error) {
      throw inputError(error, name);
    }
  }
  return opened;
}

/** A wdiff that comes through a pipe: only sorted ones can be read so. */
async function openStream(
  source: ByteSource,
  pool: CodecPool,
  options: SortedReaderOptions,
): Promise<WdiffInput> {
  const reader = new BufferedReader(source);
  const header = decodeWdiffHeader(await reader.read(WDIFF_HEADER_BYTES));
  if (header.type === 'indexed') {
    throw new FormatError('an indexed wdiff must be a regular file, which can be read at any place');
  }
  return new SortedWdiffInput(new SortedPackReader(header, reader, options), pool, options);
}

function namedInput(wdiff: WdiffInput, name: string): WdiffInput {
  async function named<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw inputError(error, name);
    }
  }
  return {
    type: wdiff.type,
    uuid: wdiff.uuid,
    get statistics() {
      return wdiff.statistics;
    },
    next: () => named(() => wdiff.next()),
    nextStored: () =>
      named<MergeIo | null>(() => (wdiff.nextStored === undefined ? wdiff.next() : wdiff.nextStored())),
    forget: (beforeLb) => wdiff.forget?.(beforeLb),
  };
}
