import { NotFoundError } from '../../core/errors.ts';

/** Classes of faults that a run arms or not, as a whole (docs/chaos.md, "Faults"). */
export const FAULT_CLASSES = [
  'kill',
  'power-loss',
  'crash-at-call',
  'restart-storm',
  'pause',
  'freeze',
  'cut',
  'refuse',
  'partition',
  'hold',
  'slow-link',
  'clock',
  'slow-io',
  'io-error',
  'disk-full',
  'sync-failure',
  'flood',
  'pool-full',
  'device-error',
  'bit-rot',
  'file-rot',
] as const;
/** A class of faults that a run arms or not. */
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** Between which bounds a number is drawn. */
export type Range = readonly [low: number, high: number];

/** How histories of one profile are drawn. */
export interface ChaosProfile {
  readonly name: string;
  /** Probability that a class is armed, by class; the others have none. */
  readonly arming: Readonly<Partial<Record<FaultClass, number>>>;
  /** Number of faults of an armed class, drawn evenly on a logarithmic scale. */
  readonly faultCount: Range;
  readonly crashCount: Range;
  readonly operationCount: Range;
  readonly writeCount: Range;
  /** Virtual time over which operations are spread. */
  readonly durationS: Range;
  /** Down times of what crashes. */
  readonly downS: Range;
  /** Lengths of pauses and network faults. */
  readonly stallS: Range;
  /** Whether latencies and options are drawn, or all plain. */
  readonly isPlain: boolean;
}

const TOLERATED: Readonly<Partial<Record<FaultClass, number>>> = {
  kill: 0.65,
  'power-loss': 0.55,
  'crash-at-call': 0.75,
  'restart-storm': 0.15,
  pause: 0.3,
  freeze: 0.2,
  cut: 0.4,
  refuse: 0.25,
  partition: 0.35,
  hold: 0.25,
  'slow-link': 0.2,
  clock: 0.25,
  'slow-io': 0.3,
  'io-error': 0.3,
  'disk-full': 0.2,
  'sync-failure': 0.2,
  flood: 0.1,
  'pool-full': 0.1,
};

/** Profiles from a quiet day to what no group survives without an operator (docs/chaos.md, "Profiles"). */
export const PROFILES: readonly ChaosProfile[] = [
  {
    name: 'calm',
    arming: {},
    faultCount: [0, 0],
    crashCount: [0, 0],
    operationCount: [25, 40],
    writeCount: [150, 300],
    durationS: [30, 60],
    downS: [0.1, 1],
    stallS: [0.1, 1],
    isPlain: true,
  },
  {
    name: 'quick',
    arming: TOLERATED,
    faultCount: [1, 2],
    crashCount: [1, 2],
    operationCount: [12, 16],
    writeCount: [20, 40],
    durationS: [6, 10],
    downS: [0.05, 2],
    stallS: [0.05, 3],
    isPlain: false,
  },
  {
    name: 'ci',
    arming: TOLERATED,
    faultCount: [1, 4],
    crashCount: [1, 7],
    operationCount: [32, 40],
    writeCount: [202, 225],
    durationS: [16, 30],
    downS: [0.05, 8],
    stallS: [0.05, 12],
    isPlain: false,
  },
  {
    name: 'nightly',
    arming: { ...TOLERATED, 'device-error': 0.15, 'bit-rot': 0.15, 'file-rot': 0.1 },
    faultCount: [1, 10],
    crashCount: [1, 15],
    operationCount: [40, 120],
    writeCount: [200, 800],
    durationS: [40, 300],
    downS: [0.05, 60],
    stallS: [0.05, 90],
    isPlain: false,
  },
  {
    name: 'cruel',
    arming: Object.fromEntries(FAULT_CLASSES.map((name) => [name, name.endsWith('-rot') ? 0.2 : 0.8])),
    faultCount: [2, 20],
    crashCount: [3, 40],
    operationCount: [40, 100],
    writeCount: [200, 800],
    durationS: [40, 200],
    downS: [0.01, 20],
    stallS: [0.05, 60],
    isPlain: false,
  },
  {
    // Short, but programs and hosts die at calls all the time: most histories in the least time.
    name: 'crashes',
    arming: { 'crash-at-call': 1, 'power-loss': 0.3, kill: 0.2, cut: 0.2 },
    faultCount: [1, 3],
    crashCount: [6, 16],
    operationCount: [20, 30],
    writeCount: [40, 80],
    durationS: [15, 30],
    downS: [0.01, 1],
    stallS: [0.05, 2],
    isPlain: false,
  },
];

/** Throws NotFoundError. */
export function chaosProfile(name: string): ChaosProfile {
  const found = PROFILES.find((profile) => profile.name === name);
  if (found !== undefined) return found;
  throw new NotFoundError(
    `There is no profile ${name}; there is: ${PROFILES.map((profile) => profile.name).join(', ')}.`,
  );
}
