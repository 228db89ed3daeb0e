import { KIB } from '../core/units.ts';
import { countAllocated } from './collect.ts';
import { asIo } from './errors.ts';

/** What of an open file is needed to read it; a FileHandle of Node is one. */
export interface ReadableHandle {
  read(
    bytes: Uint8Array,
    at: number,
    sizeBytes: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
}

/** What of an open file is needed to write it. */
export interface WritableHandle {
  write(
    bytes: Uint8Array,
    at: number,
    sizeBytes: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
}

/** What of an open file is needed to write several arrays at once. */
export interface GatheringHandle extends WritableHandle {
  writev(pieces: readonly Uint8Array[], position?: number): Promise<{ readonly bytesWritten: number }>;
}

/** Arrays from this size on are counted. */
const COUNTED_BYTES = 64 * KIB;

/** An array for bytes to be read into: not cleared, not shared with anything else, and no Buffer. */
export function newBytes(sizeBytes: number): Uint8Array {
  if (sizeBytes >= COUNTED_BYTES) countAllocated(sizeBytes);
  const { buffer } = Buffer.allocUnsafeSlow(sizeBytes);
  return new Uint8Array(buffer, 0, sizeBytes);
}

/** The bytes at `offset` of an open file; fewer than `sizeBytes` only at its end. Throws IoError. */
export async function readAt(
  handle: ReadableHandle,
  path: string,
  offset: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  const bytes = newBytes(sizeBytes);
  return bytes.subarray(0, await readInto(handle, path, offset, bytes));
}

/**
 * Fills `bytes` from `offset` of an open file on, or (null) from where it stands; fewer only at its end. Returns how
 * many. Throws IoError.
 */
export async function readInto(
  handle: ReadableHandle,
  path: string,
  offset: number | null,
  bytes: Uint8Array,
): Promise<number> {
  let have = 0;
  while (have < bytes.length) {
    const at = offset === null ? null : offset + have;
    const { bytesRead } = await asIo(path, () => handle.read(bytes, have, bytes.length - have, at));
    if (bytesRead === 0) break;
    have += bytesRead;
  }
  return have;
}

/** What comes next from an open file or pipe, at most `maxBytes`; null at the end. Throws IoError. */
export async function readNext(
  handle: ReadableHandle,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const bytes = newBytes(maxBytes);
  const { bytesRead } = await asIo(path, () => handle.read(bytes, 0, maxBytes, null));
  return bytesRead === 0 ? null : bytes.subarray(0, bytesRead);
}

/** Writes all bytes, at `offset` or (null) where the file or pipe stands. Throws IoError. */
export async function writeAll(
  handle: WritableHandle,
  path: string,
  offset: number | null,
  bytes: Uint8Array,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const at = offset === null ? null : offset + done;
    const { bytesWritten } = await asIo(path, () => handle.write(bytes, done, bytes.length - done, at));
    done += bytesWritten;
  }
}

/** Arrays of one call at most: what POSIX systems take. */
const MAX_PIECES = 1024;

/** Writes all arrays, one behind the other, at `offset` or (null) where the file or pipe stands. Throws IoError. */
export async function writeAllMany(
  handle: GatheringHandle,
  path: string,
  offset: number | null,
  pieces: readonly Uint8Array[],
): Promise<void> {
  let at = offset;
  for (let first = 0; first < pieces.length; first += MAX_PIECES) {
    const group = pieces.slice(first, first + MAX_PIECES);
    const position = at ?? undefined;
    let { bytesWritten: left } = await asIo(path, () => handle.writev(group, position));
    for (const piece of group) {
      const done = Math.min(left, piece.length);
      left -= done;
      // What a short write has left over.
      if (done < piece.length) {
        await writeAll(handle, path, at === null ? null : at + done, piece.subarray(done));
      }
      if (at !== null) at += piece.length;
    }
  }
}
