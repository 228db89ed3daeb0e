import type { ByteSink, ByteSource, RandomReader } from '../core/engine/byte-stream.ts';
import { FormatError } from '../core/errors.ts';
import { MIB } from '../core/units.ts';
import { type ReadableHandle, readAt, readNext, type WritableHandle, writeAll } from './file-bytes.ts';

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

/** Any place of an open file of `sizeBytes`. */
export function handleReader(handle: ReadableHandle, path: string, sizeBytes: number): RandomReader {
  return {
    sizeBytes,
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
export function handleSink(handle: WritableHandle, path: string): ByteSink {
  return { write: (bytes) => writeAll(handle, path, null, bytes) };
}
