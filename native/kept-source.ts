import type { ByteSource } from '../core/engine/byte-stream.ts';
import { MIB } from '../core/units.ts';
import { type ReadableHandle, readInto } from './file-bytes.ts';

/** Sizes of a kept source. */
export interface KeptSourceOptions {
  /** Reads that are under way while the present bytes are worked on: the system clears the memory for each meanwhile. */
  readonly readsAhead?: number;
  /** Bytes of one read; fewer and larger ones cost less. */
  readonly readBytes?: number;
  /** Memory that is taken at once, of which the system gives what is written to; a multiple of `readBytes`. */
  readonly slabBytes?: number;
}

/**
 * What is in an open regular file, for a reader that keeps most of it, as a sorted conversion does, or says what it does
 * not keep, as a merge does. It lies in shared memory: V8 does not count that, and so does not look again and again for
 * garbage that is not there; and codec threads read it where it is. What the reader forgets is used again, which
 * spares the system clearing more.
 */
export function keptSource(
  handle: ReadableHandle,
  path: string,
  { readsAhead = 2, readBytes = 4 * MIB, slabBytes = 64 * MIB }: KeptSourceOptions = {},
): ByteSource {
  /** Slabs one behind the other from `usedFrom` of the file on; the last one is being filled. */
  const used: Uint8Array[] = [];
  let usedFrom = 0;
  const free: Uint8Array[] = [];
  /** Where the next read begins: in the last slab, and in the file. */
  let slabAt = slabBytes;
  let fileAt = 0;
  /** What is being read while the present bytes are worked on. */
  const ahead: Promise<Uint8Array>[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  let ended = false;

  function begin(): void {
    if (slabAt === slabBytes) {
      used.push(free.pop() ?? new Uint8Array(new SharedArrayBuffer(slabBytes)));
      slabAt = 0;
    }
    const place = used[used.length - 1].subarray(slabAt, slabAt + readBytes);
    const reading = readInto(handle, path, fileAt, place).then((bytesRead) => place.subarray(0, bytesRead));
    // Nobody may ever ask for it.
    reading.catch(() => undefined);
    ahead.push(reading);
    slabAt += readBytes;
    fileAt += readBytes;
  }

  return {
    pieceBytes: readBytes,
    async read(maxBytes) {
      if (rest.length === 0 && !ended) {
        while (ahead.length <= readsAhead) begin();
        rest = (await ahead.shift()) ?? rest;
        ended = rest.length < readBytes;
      }
      if (rest.length === 0) return null;
      const bytes = rest.subarray(0, maxBytes);
      rest = rest.subarray(bytes.length);
      return bytes;
    },
    forget(beforeBytes) {
      for (; usedFrom + slabBytes <= beforeBytes && used.length > 0; usedFrom += slabBytes) {
        free.push(used.shift() as Uint8Array);
      }
    },
  };
}
