import type { MonotonicUs, UnixTimeS } from '../units.ts';

/**
 * Time, of two kinds that are never mixed.
 *
 * Guarantees: `monotonicUs` never decreases and starts anywhere; it is not comparable between hosts or
 * between two lives of a process. `wallTimeS` may step in both directions and may repeat; order is never
 * derived from it. A timer never fires before its due time on the monotonic clock, and may fire later.
 */
export interface Clock {
  monotonicUs(): MonotonicUs;
  /** Whole seconds since the Unix epoch, UTC. */
  wallTimeS(): UnixTimeS;
  /** Calls `onDue` once, at or after `dueUs`. Returns the function that cancels it (harmless when it fired). */
  startTimer(dueUs: MonotonicUs, onDue: () => void): () => void;
}
