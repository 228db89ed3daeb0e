import type { Turn } from '../sim/event-loop.ts';

/**
 * Immediates queued in one go run in one phase of Node's event loop, with all microtasks between each two of
 * them, and spare the poll for input and output that comes with each phase.
 */
const BATCH = 64;

/** A turn for the simulation's event loop in Node: resolves when no microtask is left to run. */
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
