/**
 * Stands for 'vitest' in the bundle that inside.ts runs: collects the tests in place of running them, so that one process
 * can run each of them again and again. The expectations are vitest's own.
 */
export { expect } from 'vitest';

export interface CollectedTest {
  readonly name: string;
  readonly run: () => unknown;
}

/** In the order in which they are declared. */
export const collected: CollectedTest[] = [];
const names: string[] = [];

export function describe(name: string, declare: () => void): void {
  names.push(name);
  try {
    declare();
  } finally {
    names.pop();
  }
}

/** Options and time-outs are left out: whoever runs the tests has limits of his own. */
export function it(name: string, first: unknown, second?: unknown): void {
  const run = bodyOf(name, first, second);
  collected.push({ name: [...names, name].join(' '), run: () => run() });
}

/** Each item is the argument of the test; the elements of one that is an array are its arguments. */
it.each = (items: readonly unknown[]) => {
  return (name: string, first: unknown, second?: unknown): void => {
    const run = bodyOf(name, first, second);
    items.forEach((item, i) => {
      it(`${name} [${i}]`, () => run(...(Array.isArray(item) ? item : [item])));
    });
  };
};

describe.each = (items: readonly unknown[]) => {
  return (name: string, declare: (...values: unknown[]) => void): void => {
    items.forEach((item, i) => {
      describe(`${name} [${i}]`, () => declare(...(Array.isArray(item) ? item : [item])));
    });
  };
};

/** What is printed behind the tests of a file says nothing here. */
export function afterAll(): void {}

function bodyOf(name: string, first: unknown, second: unknown): (...values: unknown[]) => unknown {
  const run = typeof first === 'function' ? first : second;
  if (typeof run !== 'function') throw new TypeError(`${name}: a function is expected.`);
  return (...values) => run(...values);
}
