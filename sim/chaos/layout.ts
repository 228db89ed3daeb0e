import { FormatError } from '../../core/errors.ts';
import { checkFields, type FieldTable } from '../fault-kinds.ts';
import { parseGroupLayout } from '../group-layout.ts';

/**
 * What the site of a chaos history looks like: servers, sizes, media, latencies and options of the servers.
 * Plain JSON; every field is required (docs/chaos.md, "Layouts").
 */
export interface ChaosLayout {
  /** Servers, for instance `s0/p0,p1/a0,a1`. */
  readonly group: string;
  /** Volumes `v0`, `v1` ...; volume i lives on the storage i modulo their number. */
  readonly volumeCount: number;
  readonly deviceLb: number;
  readonly logLb: number;
  readonly thin: boolean;
  /** Room of an archive's volume store; null: unlimited. */
  readonly poolLb: number | null;
  readonly fileSystem: 'ext4' | 'xfs' | 'posix';
  readonly disk: 'none' | 'ideal' | 'sector512' | 'nvme-awupf8';
  /** Unread input vanishes when a connection is reset. */
  readonly resetDropsQueued: boolean;
  readonly shortReadChance: number;
  readonly linkMinUs: number;
  readonly linkMeanUs: number;
  readonly fileMeanUs: number;
  readonly syncMeanUs: number;
  readonly diskMeanUs: number;
  readonly volumeCommandMeanUs: number;
  /** Wall clocks of hosts differ by up to so much. */
  readonly skewMaxS: number;
  readonly timerLateMaxUs: number;
  readonly socketTimeoutS: number;
  readonly minRetryDelayS: number;
  readonly maxRetryDelayS: number;
  /** When a proxy gives up a refused send. */
  readonly retryTimeoutS: number;
  readonly implicitSnapshotIntervalS: number;
  readonly maxConnections: number;
  readonly maxForegroundTasks: number;
  readonly maxBackgroundTasks: number;
  /** Diffs merged into one send. */
  readonly maxWdiffSendCount: number;
  /** Diffs opened together by apply and restore; 0: no limit. */
  readonly maxOpenDiffs: number;
  readonly fsyncIntervalBytes: number;
  readonly keepOneColdSnapshot: boolean;
  /** How long operators pause between two questions while they wait for something. */
  readonly operatorPollMs: number;
}

const FIELDS: FieldTable = {
  group: 'text',
  volumeCount: 'positive',
  deviceLb: 'positive',
  logLb: 'positive',
  thin: 'boolean',
  poolLb: 'natural?',
  fileSystem: ['ext4', 'xfs', 'posix'],
  disk: ['none', 'ideal', 'sector512', 'nvme-awupf8'],
  resetDropsQueued: 'boolean',
  shortReadChance: 'number',
  linkMinUs: 'natural',
  linkMeanUs: 'natural',
  fileMeanUs: 'natural',
  syncMeanUs: 'natural',
  diskMeanUs: 'natural',
  volumeCommandMeanUs: 'natural',
  skewMaxS: 'natural',
  timerLateMaxUs: 'natural',
  socketTimeoutS: 'positive',
  minRetryDelayS: 'positive',
  maxRetryDelayS: 'positive',
  retryTimeoutS: 'positive',
  implicitSnapshotIntervalS: 'positive',
  maxConnections: 'positive',
  maxForegroundTasks: 'positive',
  maxBackgroundTasks: 'positive',
  maxWdiffSendCount: 'positive',
  maxOpenDiffs: 'natural',
  fsyncIntervalBytes: 'positive',
  keepOneColdSnapshot: 'boolean',
  operatorPollMs: 'positive',
};

/** `operatorPollMs` of drawn histories and tours, longer than the product's: questions cost time and find nothing. */
export const PATIENT_POLL_MS = 1000;

/** Every latency and option as it is on a quiet day; `group` and sizes are small. */
export const PLAIN_LAYOUT: ChaosLayout = {
  group: 's0/p0/a0',
  volumeCount: 1,
  deviceLb: 256,
  logLb: 1024,
  thin: true,
  poolLb: null,
  fileSystem: 'ext4',
  disk: 'ideal',
  resetDropsQueued: false,
  shortReadChance: 0,
  linkMinUs: 100,
  linkMeanUs: 1000,
  fileMeanUs: 50,
  syncMeanUs: 1000,
  diskMeanUs: 100,
  volumeCommandMeanUs: 200_000,
  skewMaxS: 0,
  timerLateMaxUs: 0,
  socketTimeoutS: 2,
  minRetryDelayS: 1,
  maxRetryDelayS: 4,
  retryTimeoutS: 6,
  implicitSnapshotIntervalS: 5,
  maxConnections: 10,
  maxForegroundTasks: 2,
  maxBackgroundTasks: 2,
  maxWdiffSendCount: 1000,
  maxOpenDiffs: 0,
  fsyncIntervalBytes: 1024 * 1024,
  keepOneColdSnapshot: false,
  operatorPollMs: 300,
};

/** Throws FormatError unless `value` is a layout with exactly its fields. */
export function checkChaosLayout(value: unknown): ChaosLayout {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError('A chaos layout is an object.');
  }
  checkFields(value as Record<string, unknown>, FIELDS, 'layout');
  const layout = value as ChaosLayout;
  parseGroupLayout(layout.group);
  return layout;
}

export function volumeName(index: number): string {
  return `v${index}`;
}
