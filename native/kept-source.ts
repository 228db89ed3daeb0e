import type { ByteSource } from '../core/engine/byte-stream.ts';
import { MIB } from '../core/units.ts';
import { type ReadableHandle, readInto } from './file-bytes.ts';

/** Reads that are under way while the present bytes are worked on: the system clears the memory for each meanwhile. */
const READS_AHEAD = 2;

/** Sizes of a kept source, which tests make small. */
export interface KeptSourceOptions {
  /** Bytes of one read; fewer and larger ones cost less. */
  readonly readBytes?: number;
  /** Memory that is taken at once, of which the system gives what is written to; at least four times `readBytes`, and a multiple. */
  readonly slabBytes?: number;
}

/**
 * What is in an open regular file, for a reader that keeps most of it, as a sorted conversion does. It lies in shared
 * memory: V8 does not count that, and so does not look again and again for garbage that is not there; and codec
 * threads read it where it is. What the reader forgets is used again.
 */
export function keptSource(
  handle: ReadableHandle,
  path: string,
  { readBytes = 4 * MIB, slabBytes = 64 * MIB }: KeptSourceOptions = {},
): ByteSource {
  /** Of which views were handed out, oldest first; the last one is being filled. */
  let used: Uint8Array[] = [];
  let free: Uint8Array[] = [];
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
        while (ahead.length <= READS_AHEAD) begin();
        rest = (await ahead.shift()) ?? rest;
        ended = rest.length < readBytes;
      }
      if (rest.length === 0) return null;
      const bytes = rest.subarray(0, maxBytes);
      rest = rest.subarray(bytes.length);
      return bytes;
    },
    forget() {
      // The latest views, and what is being read, may be in two slabs.
      free = [...free, ...used.slice(0, -2)];
      used = used.slice(-2);
    },
  };
}
