import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MIB } from '../core/units.ts';

/** V8's own function, as `--expose-gc` gives it to programs. */
type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | undefined;

/**
 * Frees the memory of arrays that died young. V8 collects by the size of its own heap, in which an array of a MiB is a
 * few bytes; by itself it would let 64 MiB of dead arrays gather in each thread, and then look through everything.
 */
export function collectYoung(): void {
  if (collect === undefined) {
    // The flag is the process's, and contexts made from now on have the function. It stays: a thread that took it back
    // could do so between these two lines of another.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'minor' });
}

/** A counter of bytes that were allocated, which collects after each `intervalBytes` of them. */
export function allocationCounter(intervalBytes: number): (sizeBytes: number) => void {
  let bytes = 0;
  return (sizeBytes) => {
    bytes += sizeBytes;
    if (bytes < intervalBytes) return;
    bytes = 0;
    collectYoung();
  };
}

/** After so many bytes; with twice as many V8 begins to look through everything before, some forty times in a merge of a GiB. */
const COLLECT_BYTES = 16 * MIB;

/** Counts large arrays that this thread allocates, or gets from others, and frees dead ones in time. */
export const countAllocated = allocationCounter(COLLECT_BYTES);
