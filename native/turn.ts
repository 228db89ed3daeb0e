import type { Turn } from '../sim/event-loop.ts';

/** Lets all microtasks run: what the simulation's event loop waits for between two events. */
export const hostTurn: Turn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Immediates queued in one go run in one phase of Node's event loop, with all microtasks between each two of
 * them, and spare the poll for input and output that comes with each phase.
 */
const BATCH = 64;

/**
 * A faster turn, for one simulation: it must not be shared, and it lets other work of the process wait for up to
 * a batch of turns.
 */
export function createTurn(): Turn {
  let queued = 0;
  let waiting: (() => void) | null = null;
  const wake = () => {
    queued -= 1;
    const resolve = waiting;
    waiting = null;
    resolve?.();
  };
  return () =>
    new Promise<void>((resolve) => {
      waiting = resolve;
      if (queued > 0) return;
      for (; queued < BATCH; queued++) setImmediate(wake);
    });
}
