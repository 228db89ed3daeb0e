import type { ByteSink, ByteSource, RandomReader } from '../core/engine/byte-stream.ts';
import { readAhead } from '../core/engine/read-ahead.ts';
import { FormatError } from '../core/errors.ts';
import { KIB, MIB } from '../core/units.ts';
import {
  type GatheringHandle,
  type ReadableHandle,
  readAt,
  readNext,
  writeAll,
  writeAllMany,
} from './file-bytes.ts';
import { keptSource } from './kept-source.ts';

/** Bytes of one read at most, so that a large request does not become a large allocation. */
const READ_BYTES = MIB;

/** What comes from an open file or pipe, from where it stands to its end. */
export function handleSource(handle: ReadableHandle, path: string): ByteSource {
  let ended = false;
  return {
    async read(maxBytes) {
      if (ended) return null;
      const bytes = await readNext(handle, path, Math.min(maxBytes, READ_BYTES));
      ended = bytes === null;
      return bytes;
    },
  };
}

/** The same for a regular file, whose reads end soon: the next piece is read while the present one is worked on. */
export function fileSource(handle: ReadableHandle, path: string): ByteSource {
  return readAhead(handleSource(handle, path), READ_BYTES);
}

/** Memory for reading ahead in all files of one job together. */
const READ_AHEAD_BYTES = 64 * MIB;
const MIN_PIECE_BYTES = 64 * KIB;

/** How much each of so many files that are read side by side should read at once. */
export function pieceBytesOf(fileCount: number): number {
  const share = READ_AHEAD_BYTES / 2 / Math.max(1, fileCount);
  return Math.max(
    MIN_PIECE_BYTES,
    Math.min(READ_BYTES, Math.floor(share / MIN_PIECE_BYTES) * MIN_PIECE_BYTES),
  );
}

/** Any place of an open file of `sizeBytes`; one of `fileCount` that are read side by side. */
export function handleReader(
  handle: ReadableHandle,
  path: string,
  sizeBytes: number,
  fileCount = 1,
): RandomReader {
  const pieceBytes = pieceBytesOf(fileCount);
  return {
    sizeBytes,
    pieceBytes,
    stream: () => keptSource(handle, path, { readsAhead: 1, readBytes: pieceBytes, slabBytes: pieceBytes }),
    async read(offset, size) {
      const bytes = offset + size <= sizeBytes ? await readAt(handle, path, offset, size) : null;
      if (bytes === null || bytes.length < size) {
        throw new FormatError(`eof error: ${size} bytes expected at ${offset} of ${sizeBytes}`, offset);
      }
      return bytes;
    },
  };
}

/** Writes to an open file or pipe from where it stands. */
export function handleSink(handle: GatheringHandle, path: string): ByteSink {
  return {
    write: (bytes) => writeAll(handle, path, null, bytes),
    writeMany: (pieces) => writeAllMany(handle, path, null, pieces),
  };
}
