import { AbortedError, errorText } from '../errors.ts';

/** Throws AbortedError once the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof AbortedError) throw signal.reason;
  throw new AbortedError(signal.reason === undefined ? 'aborted' : errorText(signal.reason));
}
