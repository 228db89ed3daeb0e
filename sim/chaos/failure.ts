/** The properties that every run must have (docs/chaos.md, "Properties"). */
export type PropertyName =
  | 'admissible'
  | 'restorable-stays'
  | 'snapshot-comes'
  | 'transitions'
  | 'coverage'
  | 'wdiff-kept'
  | 'backup-needed'
  | 'log-order'
  | 'gid-order'
  | 'apply-completes'
  | 'no-exit'
  | 'no-program-error'
  | 'converges'
  | 'device'
  | 'bounded'
  | 'memory-is-disk'
  | 'run-ends';

/** A property does not hold. Ends the run. */
export class PropertyError extends Error {
  override readonly name = 'PropertyError';
  readonly property: PropertyName;
  /** Kind of the object at fault, numbers and names taken away: failures with equal places are one failure. */
  readonly place: string;

  constructor(property: PropertyName, place: string, message: string) {
    super(message);
    this.property = property;
    this.place = place;
  }
}

/** What went wrong in a run, as data. */
export interface ChaosFailure {
  readonly property: PropertyName;
  readonly place: string;
  readonly message: string;
  readonly atUs: number;
}

/** Two failures with one signature are taken for the same. */
export function failureSignature(failure: Pick<ChaosFailure, 'property' | 'place'>): string {
  return `${failure.property} ${failure.place}`;
}
