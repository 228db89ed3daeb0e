import { createTurn } from '../../native/turn.ts';
import type { ChaosMachine } from '../../sim/chaos/run.ts';
import { portablePool } from '../lib/portable-pool.ts';

/** What Node gives to simulations. The portable codecs, so that a run is the same on every machine. */
export async function nodeMachine(): Promise<ChaosMachine> {
  return { newTurn: createTurn, codecs: await portablePool() };
}
