import { inlineCodecPool, loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import { createTurn } from '../../native/turn.ts';
import type { ChaosMachine } from '../../sim/chaos/run.ts';
import { rememberingCodecs } from '../../sim/remembering-codecs.ts';

/** What Node gives to simulations. The portable codecs, so that a run is the same on every machine. */
export async function nodeMachine(): Promise<ChaosMachine> {
  return { newTurn: createTurn, codecs: inlineCodecPool(rememberingCodecs(await loadPortableCodecs())) };
}
