import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** Comparisons for places that compare much: vitest's own of long typed arrays takes seconds, each `expect` some microseconds. */

/** Expects bytes; says where the first other one is. */
export function expectSame(found: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(found, wanted) === 0) return;
  const at = wanted.findIndex((byte, i) => found[i] !== byte);
  expect({ length: found.length, at, byte: found[at] }).toEqual({
    length: wanted.length,
    at,
    byte: wanted[at],
  });
}

/** As `expect(found).toBe(wanted)`. */
export function expectIs<T>(found: T, wanted: T): void {
  if (!Object.is(found, wanted)) expect(found).toBe(wanted);
}

/** As `expect(found).toEqual(wanted)`, at once where even Node's strict comparison finds no difference. */
export function expectEqual(found: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found).toEqual(wanted);
}
