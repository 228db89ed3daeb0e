import { isDeepStrictEqual } from 'node:util';
import { FormatError } from '../../core/errors.ts';

/** One decoder under test. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs: what mutations begin from. Made anew from seeds, so nothing of it is stored. */
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  /** Conversations in which the other side speaks too early, when all it says comes at once. */
  readonly maySeedsBeRefused?: boolean;
  /** Makes check sums right again after a mutation, so that it is not all that is looked at. */
  readonly repair?: (bytes: Uint8Array) => void;
  /**
   * Decodes; throws one of `refusals` for what is not valid. What it finds wrong with the decoder itself (an offset
   * outside of the input, a value that is not stable under encoding) it throws as a FuzzFault.
   */
  readonly run: (bytes: Uint8Array) => Promise<void>;
  /** Errors that a bad input may cause. */
  readonly refusals: readonly (new (
    ...args: never[]
  ) => Error)[];
  /** Bytes that one array may have, beside a small multiple of the input. */
  readonly maxArrayBytes: number;
}

/** A fault of the decoder. */
export class FuzzFault extends Error {
  override readonly name = 'FuzzFault';
}

/** A FormatError must say a place in (or just behind) what was decoded. */
export function checkOffset(error: unknown, sizeBytes: number): void {
  if (!(error instanceof FormatError)) return;
  const { offset, message } = error;
  if (message === '' || !Number.isInteger(offset) || offset < 0 || offset > sizeBytes) {
    throw new FuzzFault(`offset ${offset} of ${sizeBytes} bytes: ${message}`);
  }
}

/** Decodes; what could be decoded must be the same after encoding and decoding once more. */
export function roundTrip<T>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): void {
  const value = decode(bytes);
  const again = decode(encode(value));
  if (!isDeepStrictEqual(again, value)) throw new FuzzFault('decode(encode(x)) is not x');
}

/** Runs and turns FormatErrors with offsets outside of the input into faults. */
export function placed(
  run: (bytes: Uint8Array) => Promise<void> | void,
): (bytes: Uint8Array) => Promise<void> {
  return async (bytes) => {
    try {
      await run(bytes);
    } catch (error) {
      checkOffset(error, bytes.length);
      throw error;
    }
  };
}
