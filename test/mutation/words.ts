/** What is said between the command (outside.ts) and the program that runs the tests (inside.ts). */

/** In a file whose path is the argument of the program. Tests are numbered in the order in which they come. */
export type Job =
  /** Runs every test without a change, and writes a Measured. */
  | { readonly kind: 'measure'; readonly output: string }
  /** Runs tests that were green before, in this order. */
  | { readonly kind: 'alone'; readonly tests: readonly number[] }
  /** Also has the usual time of each test. */
  | { readonly kind: 'mutants'; readonly mutants: readonly MutantJob[]; readonly usualMs: readonly number[] };

export interface MutantJob {
  readonly id: string;
  /** In the order in which they are run until one fails. */
  readonly tests: readonly number[];
  /** How often a test may go by: more is a loop without end. */
  readonly hitLimit: number;
}

/** Of a run without a change. */
export interface Measured {
  readonly tests: readonly MeasuredTest[];
  /** Changes that are gone by while modules are loaded. */
  readonly loaded: readonly string[];
}

export interface MeasuredTest {
  readonly name: string;
  /** Time of the processor. */
  readonly ms: number;
  /** Why it failed; null when it passed. */
  readonly failure: string | null;
  /** How often it went by each change. */
  readonly hits: Readonly<Record<string, number>>;
}

/** Lines of JSON on its stdout. */
export type Line =
  | { readonly kind: 'begins'; readonly id: string }
  /** With the test that noticed it, or null. */
  | { readonly kind: 'ends'; readonly id: string; readonly noticedBy: string | null }
  /** Something threw that nobody waited for; the program ends. */
  | { readonly kind: 'unhandled'; readonly id: string; readonly reason: string }
  /** A test is red by itself. */
  | { readonly kind: 'dependent'; readonly test: number; readonly failure: string }
  /** A test is red without a change, after others. */
  | { readonly kind: 'spoilt'; readonly test: string; readonly failure: string }
  | { readonly kind: 'done' };
