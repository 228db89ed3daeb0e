import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.ts';
import { MIB } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import type { ByteSource, RandomReader } from './byte-stream.ts';
import { ImageCache } from './image-cache.ts';
import { type IndexedReaderOptions, IndexedWdiffInput } from './indexed-wdiff-reader.ts';
import { readAhead } from './read-ahead.ts';
import { openSortedWdiff, type SortedReaderOptions } from './sorted-wdiff-reader.ts';
import type { WdiffInput } from './wdiff-input.ts';

/** The bytes of a file from `offset` to its end, as a stream; read ahead where the file says how much at once. */
export function sourceOf(file: RandomReader, offset = 0): ByteSource {
  let at = offset;
  const source: ByteSource = {
    async read(maxBytes) {
      const sizeBytes = Math.min(maxBytes, file.sizeBytes - at);
      if (sizeBytes <= 0) return null;
      at += sizeBytes;
      return await file.read(at - sizeBytes, sizeBytes);
    },
  };
  return file.pieceBytes === undefined ? source : readAhead(source, file.pieceBytes);
}

/** How a wdiff of either type is read. */
export interface OpenWdiffOptions extends SortedReaderOptions, IndexedReaderOptions {}

/** Begins to read a wdiff of the type that its header says. Throws FormatError. */
export async function openWdiff(
  file: RandomReader,
  pool: CodecPool,
  options: OpenWdiffOptions = {},
): Promise<WdiffInput> {
  const header = decodeWdiffHeader(await file.read(0, WDIFF_HEADER_BYTES));
  const stream = options.forgets === true ? file.stream?.() : undefined;
  return header.type === 'sorted'
    ? await openSortedWdiff(stream ?? sourceOf(file), pool, options)
    : await IndexedWdiffInput.open(file, pool, options);
}

/** Decompressed images that are kept for all inputs of a merge together. */
const MERGE_CACHE_BYTES = 32 * MIB;

/** Begins to read the files of a merge, oldest first; indexed ones share one cache. Throws FormatError. */
export async function openWdiffs(
  files: readonly RandomReader[],
  pool: CodecPool,
  options: Omit<OpenWdiffOptions, 'cache'> = {},
): Promise<WdiffInput[]> {
  const cache = new ImageCache(MERGE_CACHE_BYTES);
  const inputs: WdiffInput[] = [];
  for (const file of files) inputs.push(await openWdiff(file, pool, { ...options, cache }));
  return inputs;
}
