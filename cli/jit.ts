import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs before V8 looks whether to optimize it; its own default is about a third. */
const INTERRUPT_BUDGET_BYTES = 400_000;

/**
 * Simulations run much code, and little of it often. V8's compiler threads would take a third of the processor's
 * time to optimize what is not worth it. For all threads that start from now on; call it before the first one.
 */
export function tuneForSimulation(): void {
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET_BYTES}`);
}
