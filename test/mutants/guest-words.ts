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
      readonly seedCount: number;
    }
  /** What is left of a history that turned red in an earlier search, as `savedToText` writes it. */
  | { readonly kind: 'record'; readonly saved: string };

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
      /** Seeds from 1 on that were run in the search until one turned red: this one. */
      readonly seed: number;
      readonly failure: ChaosFailure;
      /** As drawn; null where a record of an earlier search turned red. */
      readonly history: ChaosHistory | null;
      readonly shrunk: ChaosHistory;
      readonly shrinkRuns: number;
    }
  /** The program ended, or went on without end, in the middle of something. */
  | { readonly by: 'end'; readonly what: string; readonly reason: string };
