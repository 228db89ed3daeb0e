/**
 * Randomness, keyed by purpose: values of one purpose do not depend on how often another was asked.
 * The native world answers from the system's generator.
 */
export interface Random {
  /** `sizeBytes` random bytes. */
  bytes(purpose: string, sizeBytes: number): Uint8Array;
  /** An integer in [0, bound); bound is at most 2^53-1. */
  below(purpose: string, bound: number): number;
}
