import type { ByteSource } from './byte-stream.ts';

/**
 * The source, of which the next piece is being read while the present one is worked on. It is asked for pieces of
 * `pieceBytes`; two of them are in memory at most. An error comes when its turn has come.
 */
export function readAhead(source: ByteSource, pieceBytes: number): ByteSource {
  let next: Promise<Uint8Array | null> | null = null;
  let rest: Uint8Array | null = null;
  let ended = false;
  const begin = (): Promise<Uint8Array | null> => {
    const reading = source.read(pieceBytes);
    // Nobody may ever ask for it.
    reading.catch(() => undefined);
    return reading;
  };
  return {
    pieceBytes,
    async read(maxBytes) {
      if (rest === null) {
        if (ended) return null;
        rest = await (next ?? begin());
        ended = rest === null;
        next = ended ? null : begin();
        if (rest === null) return null;
      }
      const bytes: Uint8Array = rest;
      rest = bytes.length > maxBytes ? bytes.subarray(maxBytes) : null;
      return rest === null ? bytes : bytes.subarray(0, maxBytes);
    },
    forget: (beforeBytes) => source.forget?.(beforeBytes),
  };
}
