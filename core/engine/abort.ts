import { AbortedError, errorText } from '../errors.ts';
import { type ByteSource, sourceReadBy } from './byte-stream.ts';
import type { IoStream } from './plain-io.ts';

/** Throws AbortedError once the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof AbortedError) throw signal.reason;
  throw new AbortedError(signal.reason === undefined ? 'aborted' : errorText(signal.reason));
}

/** The stream, which ends with AbortedError once the signal says so. */
export function abortableIos(ios: IoStream, signal: AbortSignal): IoStream {
  return {
    async next() {
      throwIfAborted(signal);
      return await ios.next();
    },
  };
}

/** The source, which ends with AbortedError once the signal says so. */
export function abortableSource(source: ByteSource, signal: AbortSignal): ByteSource {
  return sourceReadBy(source, async (maxBytes) => {
    throwIfAborted(signal);
    return await source.read(maxBytes);
  });
}
