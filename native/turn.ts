import type { Turn } from '../sim/event-loop.ts';

/** Lets all microtasks run: what the simulation's event loop waits for between two events. */
export const hostTurn: Turn = () => new Promise((resolve) => setImmediate(resolve));
