/** Wdiffs as inputs of tools, from files or streams. */
import { BufferedReader, type ByteSource } from '../../core/engine/byte-stream.ts';
import { ImageCache } from '../../core/engine/image-cache.ts';
import { openWdiff } from '../../core/engine/open-wdiff.ts';
import { SortedPackReader, SortedWdiffInput } from '../../core/engine/sorted-wdiff-reader.ts';
import type { WdiffInput } from '../../core/engine/wdiff-input.ts';
import { FormatError } from '../../core/errors.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../core/format/wdiff-header.ts';
import { MIB } from '../../core/units.ts';
import type { CodecPool } from '../../core/world/codec.ts';
import { type Input, inputError } from './files.ts';

/** Decompressed images that are kept for all inputs together. */
const CACHE_BYTES = 32 * MIB;

/** Begins to read wdiffs, oldest first. What is wrong in one becomes an InputError that names it. */
export async function openWdiffInputs(inputs: readonly Input[], pool: CodecPool): Promise<WdiffInput[]> {
  const cache = new ImageCache(CACHE_BYTES);
  const opened: WdiffInput[] = [];
  for (const { name, reader, source } of inputs) {
    try {
      const wdiff =
        reader !== null ? await openWdiff(reader, pool, { cache }) : await openStream(source, pool);
      opened.push(namedInput(wdiff, name));
    } catch (error) {
      throw inputError(error, name);
    }
  }
  return opened;
}

/** A wdiff that comes through a pipe: only sorted ones can be read so. */
async function openStream(source: ByteSource, pool: CodecPool): Promise<WdiffInput> {
  const reader = new BufferedReader(source);
  const header = decodeWdiffHeader(await reader.read(WDIFF_HEADER_BYTES));
  if (header.type === 'indexed') {
    throw new FormatError('an indexed wdiff must be a regular file, which can be read at any place');
  }
  return new SortedWdiffInput(new SortedPackReader(header, reader), pool);
}

function namedInput(wdiff: WdiffInput, name: string): WdiffInput {
  return {
    type: wdiff.type,
    uuid: wdiff.uuid,
    get statistics() {
      return wdiff.statistics;
    },
    async next() {
      try {
        return await wdiff.next();
      } catch (error) {
        throw inputError(error, name);
      }
    },
  };
}
