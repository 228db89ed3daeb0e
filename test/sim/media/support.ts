import type { CallFaults } from '../../../sim/incarnation.ts';
import { Incarnation } from '../../../sim/incarnation.ts';
import { createKernel, type Kernel } from '../../../sim/kernel.ts';

/** A kernel with processes, and nothing of a host around them. */
export interface Bench {
  readonly kernel: Kernel;
  /** A new life of a process. */
  life(process?: string): Incarnation;
  /** Runs until `body` settles; its value. */
  run<T>(body: () => Promise<T>): Promise<T>;
  /** Lets virtual time pass. */
  pass(delayUs: number): Promise<void>;
}

export function createBench(seed = 1, faults: CallFaults | null = null): Bench {
  const kernel = createKernel({
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    seed,
    poison: true,
  });
  kernel.faults = faults;
  const lives = new Map<string, number>();
  return {
    kernel,
    life(process = 'p0') {
      const life = (lives.get(process) ?? 0) + 1;
      lives.set(process, life);
      return new Incarnation(kernel, 'h0', process, life, 100 + life);
    },
    async run(body) {
      let isDone = false;
      const outcome = body().finally(() => {
        isDone = true;
      });
      // What it rejects with is told below.
      outcome.catch(() => {});
      await kernel.loop.runUntil(
        () => isDone,
        () => 'media test',
      );
      return outcome;
    },
    pass(delayUs) {
      return new Promise((resolve) => {
        kernel.loop.schedule(kernel.loop.nowUs + delayUs, () => resolve());
      });
    },
  };
}

/** No faults; tests replace what they need. */
export const noFaults: CallFaults = {
  strike: () => {},
  tears: () => false,
  fail: () => null,
  latencyUs: (_incarnation, _info, plannedUs) => plannedUs,
};

/** Blocks filled with one value each. */
export function blocks(...values: readonly number[]): Uint8Array {
  const result = new Uint8Array(values.length * 512);
  values.forEach((value, i) => {
    result.fill(value, i * 512, (i + 1) * 512);
  });
  return result;
}

/** The value of each block; -1 where a block holds more than one value. */
export function valuesOf(bytes: Uint8Array): number[] {
  const result: number[] = [];
  for (let at = 0; at < bytes.length; at += 512) {
    const value = bytes[at] as number;
    const end = Math.min(at + 512, bytes.length);
    let same = at + 1;
    while (same < end && bytes[same] === value) same += 1;
    result.push(same === end ? value : -1);
  }
  return result;
}

/** POSIX code of what a promise rejects with, or `ok`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
