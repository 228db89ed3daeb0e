/**
 * `walbox/vitest`: importing it, for instance in a set-up file, puts the matchers of walbox/testing into vitest's
 * `expect`, and declares them.
 */
import { expect } from 'vitest';
import { type WalboxMatchers, walboxMatchers } from './matchers.ts';

declare module 'vitest' {
  interface Matchers<T> extends WalboxMatchers<T> {}
}

expect.extend(walboxMatchers);

export { walboxMatchers };
