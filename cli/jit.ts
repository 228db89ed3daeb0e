import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs before V8 looks whether to optimize it; its own default is about a third. */
const INTERRUPT_BUDGET_BYTES = 400_000;

/**
 * Room for young objects. A history allocates hundreds of megabytes that die with its calls, and a few that live
 * until its end: the larger the room, the less often those are copied from one half to the other.
 */
const SEMI_SPACE_MIB = 64;

/**
 * Simulations run much code, and little of it often. V8's compiler threads would take a third of the processor's
 * time to optimize what is not worth it. For all threads that start from now on; call it before the first one.
 */
export function tuneForSimulation(): void {
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET_BYTES}`);
  setFlagsFromString(`--min-semi-space-size=${SEMI_SPACE_MIB}`);
  setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MIB}`);
  // There is a simulation for each core: helpers of the collector only take time from another one.
  setFlagsFromString('--no-parallel-scavenge');
  // What a history did not need for a while the next one needs: it would be compiled again.
  setFlagsFromString('--no-flush-bytecode');
  // Where many objects of a place in the code outlive collections, V8 makes the next ones among the old objects at once.
  // Those of a history that has ended are dead there, but long not looked at, and keep all young ones that they know.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
