import { FormatError } from '../errors.ts';

/**
 * What `decode` gives for bytes that begin at `offset` of their file or stream: its FormatErrors count their offsets
 * from there.
 */
export function decodeAt<T>(offset: number, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw placedError(error, offset);
  }
}

/** A FormatError with its offset moved by `offset`; any other error as it is. */
export function placedError(error: unknown, offset: number): unknown {
  return error instanceof FormatError ? new FormatError(error.message, offset + error.offset) : error;
}
