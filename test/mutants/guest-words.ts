import type { ChaosFailure } from '../../sim/chaos/failure.ts';
import type { ChaosHistory } from '../../sim/chaos/run.ts';

/** What the program with the planted mistake (guest.ts) is asked, as JSON in its argument. */
export type GuestJob =
  | { readonly kind: 'search'; readonly stages: readonly Stage[]; readonly maxShrinkRuns: number }
  | {
      readonly kind: 'verify';
      readonly scenarios: readonly string[];
      readonly histories: readonly NamedHistory[];
    };

/** Run one after the other; the first thing that turns red ends the search. */
export type Stage =
  | { readonly kind: 'scenarios'; readonly scenarios: readonly string[] }
  | {
      readonly kind: 'chaos';
      readonly profile: string;
      readonly firstSeed: number;
      readonly seedCount: number;
    };

export interface NamedHistory {
  readonly name: string;
  readonly history: ChaosHistory;
}

/** What it says, a line of JSON each. */
export type GuestLine =
  /** Also says that it lives. */
  | { readonly kind: 'begins'; readonly what: string }
  | { readonly kind: 'caught'; readonly caught: Caught }
  /** Of a verification: something is red. */
  | { readonly kind: 'red'; readonly name: string; readonly reason: string }
  | { readonly kind: 'done' };

/** What noticed the mistake. */
export type Caught =
  | { readonly by: 'scenario'; readonly scenario: string; readonly reason: string }
  | {
      readonly by: 'chaos';
      readonly profile: string;
      readonly seed: number;
      /** Seeds that were run, this one included. */
      readonly seedCount: number;
      readonly failure: ChaosFailure;
      /** As drawn. */
      readonly history: ChaosHistory;
      readonly shrunk: ChaosHistory;
      readonly shrinkRuns: number;
    }
  /** The program ended, or went on without end, in the middle of something. */
  | { readonly by: 'end'; readonly what: string; readonly reason: string };
