import { FormatError, type IoErrorCode } from '../core/errors.ts';
import type { CutKind } from './pipe.ts';

/** Which calls of ports a fault means; null means any. The n-th matching call is counted from 1. */
interface AtCall {
  readonly host: string | null;
  readonly process: string | null;
  readonly step: string | null;
  /** Kind of the call, for instance `file.rename`. */
  readonly call: string | null;
  readonly nth: number;
}

/**
 * A crash at a call: before its effect, with a part of it, after it but before the program knows, or after the
 * program went on with the result (`delivered`). `downUs` later the process or host starts again; null: never.
 */
export interface CrashFault extends AtCall {
  readonly kind: 'crash';
  readonly phase: 'before' | 'torn' | 'after' | 'delivered';
  readonly how: 'kill' | 'power-loss';
  readonly downUs: number | null;
}

/** Calls that fail: the n-th and the following ones, `times` in all. */
export interface ErrorFault extends AtCall {
  readonly kind: 'error';
  readonly times: number;
  readonly code: IoErrorCode;
  readonly effect: 'none' | 'part' | 'whole';
}

/** Calls that take longer: the n-th and the following ones, `times` in all. */
export interface DelayFault extends AtCall {
  readonly kind: 'delay';
  readonly times: number;
  readonly addUs: number;
}

/** A process that dies at a virtual time. */
export interface KillFault {
  readonly kind: 'kill';
  readonly atUs: number;
  readonly host: string;
  readonly process: string;
  readonly downUs: number | null;
}

export interface PowerLossFault {
  readonly kind: 'power-loss';
  readonly atUs: number;
  readonly host: string;
  readonly downUs: number | null;
}

/** A process that stops for a while (null: all processes of the host), while its kernel goes on. */
export interface PauseFault {
  readonly kind: 'pause';
  readonly atUs: number;
  readonly host: string;
  readonly process: string | null;
  readonly forUs: number;
}

/** A machine that stops for a while, network included. */
export interface FreezeFault {
  readonly kind: 'freeze';
  readonly atUs: number;
  readonly host: string;
  readonly forUs: number;
}

/** A link that loses everything (`partition`) or holds it back (`hold`), in one direction or both. */
export interface LinkFault {
  readonly kind: 'partition' | 'hold';
  readonly atUs: number;
  readonly from: string;
  readonly to: string;
  readonly both: boolean;
  /** Null: until something heals it. */
  readonly forUs: number | null;
}

/** A link that is slow for a while, in both directions. */
export interface SlowLinkFault {
  readonly kind: 'slow-link';
  readonly atUs: number;
  readonly from: string;
  readonly to: string;
  readonly latencyMinUs: number;
  readonly latencyMeanUs: number;
  readonly bytesPerS: number | null;
  readonly quantumBytes: number;
  readonly forUs: number;
}

/** Which connections a fault means; null means any. */
interface AtConnection {
  readonly client: string | null;
  readonly server: string | null;
  readonly port: number | null;
  readonly nth: number;
}

/** The n-th connection is cut when `atByte` bytes of one direction have arrived. */
export interface CutFault extends AtConnection {
  readonly kind: 'cut';
  readonly direction: 'to-server' | 'to-client';
  readonly atByte: number;
  readonly how: CutKind;
}

/** All connections between two hosts are cut at a virtual time. */
export interface CutAllFault {
  readonly kind: 'cut-all';
  readonly atUs: number;
  readonly from: string;
  readonly to: string;
  readonly how: CutKind;
}

/** Connection attempts that fail: the n-th and the following ones, `times` in all. */
export interface RefuseFault extends AtConnection {
  readonly kind: 'refuse';
  readonly times: number;
  readonly how: 'refused' | 'unreachable' | 'timeout';
}

/** The wall clock of a host jumps. */
export interface ClockStepFault {
  readonly kind: 'clock-step';
  readonly atUs: number;
  readonly host: string;
  readonly byUs: number;
}

/** The clocks of a host run at another rate from a virtual time on. */
export interface ClockDriftFault {
  readonly kind: 'clock-drift';
  readonly atUs: number;
  readonly host: string;
  readonly driftPpm: number;
}

/** A file system that refuses to write (EROFS) or fails every call (EIO), until its host starts again. */
export interface FilesModeFault {
  readonly kind: 'files-mode';
  readonly atUs: number;
  readonly host: string;
  readonly mode: 'read-only' | 'failing';
  /** Null: until the host starts again. */
  readonly forUs: number | null;
}

/** A file system with room for so many more bytes, for a while. */
export interface FilesFullFault {
  readonly kind: 'files-full';
  readonly atUs: number;
  readonly host: string;
  readonly leaveBytes: number;
  readonly forUs: number;
}

/** The next syncs of files fail; what they should have made durable is undecided. */
export interface SyncFailuresFault {
  readonly kind: 'sync-failures';
  readonly atUs: number;
  readonly host: string;
  readonly count: number;
}

/** A disk or volume (`medium`: its name) that answers otherwise for a while; null: for ever. */
export interface MediumModeFault {
  readonly kind: 'medium-mode';
  readonly atUs: number;
  readonly host: string;
  readonly medium: string;
  readonly mode: 'error-all' | 'error-reads' | 'error-writes' | 'drop-writes';
  readonly forUs: number | null;
}

/** Blocks of a disk or volume that rot, or cannot be read any more, until they are written again. */
export interface MediumDamageFault {
  readonly kind: 'medium-damage';
  readonly atUs: number;
  readonly host: string;
  readonly medium: string;
  readonly damage: 'rot' | 'unreadable';
  readonly addressLb: number;
  readonly sizeLb: number;
}

/**
 * A byte of a file that rots on its disk, until it is written again. The file is number `nth` (from 0 on, around) of those
 * whose names end in `suffix`, by path; the byte is at `offset`, around the file's size; `mask` has the bits that flip.
 */
export interface FileRotFault {
  readonly kind: 'file-rot';
  readonly atUs: number;
  readonly host: string;
  readonly suffix: string;
  readonly nth: number;
  readonly offset: number;
  readonly mask: number;
}

/** A volume store with room for so many more blocks, for a while. */
export interface VolumesFullFault {
  readonly kind: 'volumes-full';
  readonly atUs: number;
  readonly host: string;
  readonly leaveLb: number;
  readonly forUs: number;
}

/** Faults of files, disks and volumes (docs/fault-model.md, "Storage media"). */
export type StorageFault =
  | FilesModeFault
  | FilesFullFault
  | SyncFailuresFault
  | MediumModeFault
  | MediumDamageFault
  | FileRotFault
  | VolumesFullFault;

/** Anything that may go wrong: plain JSON, told apart by `kind`; `checkFault` checks the fields. */
export type Fault =
  | StorageFault
  | CrashFault
  | ErrorFault
  | DelayFault
  | KillFault
  | PowerLossFault
  | PauseFault
  | FreezeFault
  | LinkFault
  | SlowLinkFault
  | CutFault
  | CutAllFault
  | RefuseFault
  | ClockStepFault
  | ClockDriftFault;

/** A value that a field may have. A trailing `?` allows null; an array names the allowed texts. */
export type FieldType =
  | 'text'
  | 'text?'
  | 'boolean'
  | 'integer'
  | 'natural'
  | 'natural?'
  | 'positive'
  | 'number'
  | 'number?'
  | readonly string[];

export type FieldTable = Readonly<Record<string, FieldType>>;

const AT_HOST = { atUs: 'natural', host: 'text' } as const;
const CUT_KINDS = ['rst', 'fin', 'silence'];
const AT_CALL = { host: 'text?', process: 'text?', step: 'text?', call: 'text?', nth: 'positive' } as const;
const AT_CONNECTION = { client: 'text?', server: 'text?', port: 'natural?', nth: 'positive' } as const;
const ERROR_CODES: readonly IoErrorCode[] = [
  'EIO',
  'ENOSPC',
  'EROFS',
  'ENOENT',
  'EEXIST',
  'EACCES',
  'EBUSY',
  'EMFILE',
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'EFAULT',
];
const LINK = { atUs: 'natural', from: 'text', to: 'text', both: 'boolean', forUs: 'natural?' } as const;

/** The fields of each kind of fault, all required. */
export const FAULT_FIELDS: Readonly<Record<Fault['kind'], FieldTable>> = {
  crash: {
    ...AT_CALL,
    phase: ['before', 'torn', 'after', 'delivered'],
    how: ['kill', 'power-loss'],
    downUs: 'natural?',
  },
  error: { ...AT_CALL, times: 'positive', code: ERROR_CODES, effect: ['none', 'part', 'whole'] },
  delay: { ...AT_CALL, times: 'positive', addUs: 'natural' },
  kill: { ...AT_HOST, process: 'text', downUs: 'natural?' },
  'power-loss': { ...AT_HOST, downUs: 'natural?' },
  pause: { ...AT_HOST, process: 'text?', forUs: 'natural' },
  freeze: { ...AT_HOST, forUs: 'natural' },
  partition: LINK,
  hold: LINK,
  'slow-link': {
    atUs: 'natural',
    from: 'text',
    to: 'text',
    latencyMinUs: 'natural',
    latencyMeanUs: 'natural',
    bytesPerS: 'number?',
    quantumBytes: 'positive',
    forUs: 'natural',
  },
  cut: { ...AT_CONNECTION, direction: ['to-server', 'to-client'], atByte: 'natural', how: CUT_KINDS },
  'cut-all': { atUs: 'natural', from: 'text', to: 'text', how: CUT_KINDS },
  refuse: { ...AT_CONNECTION, times: 'positive', how: ['refused', 'unreachable', 'timeout'] },
  'clock-step': { ...AT_HOST, byUs: 'integer' },
  'clock-drift': { ...AT_HOST, driftPpm: 'number' },
  'files-mode': { ...AT_HOST, mode: ['read-only', 'failing'], forUs: 'natural?' },
  'files-full': { ...AT_HOST, leaveBytes: 'natural', forUs: 'natural' },
  'sync-failures': { ...AT_HOST, count: 'positive' },
  'medium-mode': {
    ...AT_HOST,
    medium: 'text',
    mode: ['error-all', 'error-reads', 'error-writes', 'drop-writes'],
    forUs: 'natural?',
  },
  'medium-damage': {
    ...AT_HOST,
    medium: 'text',
    damage: ['rot', 'unreadable'],
    addressLb: 'natural',
    sizeLb: 'positive',
  },
  'file-rot': { ...AT_HOST, suffix: 'text', nth: 'natural', offset: 'natural', mask: 'positive' },
  'volumes-full': { ...AT_HOST, leaveLb: 'natural', forUs: 'natural' },
};

/** Throws FormatError unless `value` is a fault of a known kind with exactly its fields. */
export function checkFault(value: unknown, where: string): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(`${where}: expected an object.`);
  }
  const { kind } = value as { kind?: unknown };
  const fields = typeof kind === 'string' ? new Map(Object.entries(FAULT_FIELDS)).get(kind) : undefined;
  if (fields === undefined) {
    throw new FormatError(
      `${where}: kind ${JSON.stringify(kind)} is not one of ${Object.keys(FAULT_FIELDS).join(', ')}.`,
    );
  }
  checkFields(value as Record<string, unknown>, fields, where);
  return value as Fault;
}

/** Throws FormatError unless the object has `kind` and exactly the fields of the table. */
export function checkFields(
  value: Readonly<Record<string, unknown>>,
  fields: FieldTable,
  where: string,
): void {
  const known = new Map(Object.entries(fields));
  for (const name of Object.keys(value)) {
    if (name !== 'kind' && !known.has(name)) throw new FormatError(`${where}: there is no field ${name}.`);
  }
  for (const [name, type] of known) {
    if (fits(value[name], type)) continue;
    const expected = typeof type === 'string' ? TYPE_WORDS[type] : type.join(' or ');
    throw new FormatError(`${where}: field ${name} is ${JSON.stringify(value[name])}; expected ${expected}.`);
  }
}

/** What a field may be, for whoever wrote something else into a file. */
const TYPE_WORDS: Readonly<Record<Extract<FieldType, string>, string>> = {
  text: 'a text',
  'text?': 'a text or null',
  boolean: 'true or false',
  integer: 'a whole number',
  natural: 'a whole number from 0 on',
  'natural?': 'a whole number from 0 on, or null',
  positive: 'a whole number from 1 on',
  number: 'a number',
  'number?': 'a number above 0, or null',
};

function fits(value: unknown, type: FieldType): boolean {
  if (typeof type !== 'string') return typeof value === 'string' && type.includes(value);
  if (type.endsWith('?') && value === null) return true;
  switch (type.replace('?', '')) {
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'natural':
      return Number.isSafeInteger(value) && (value as number) >= 0;
    case 'positive':
      return Number.isSafeInteger(value) && (value as number) >= 1;
    default:
      return typeof value === 'number' && Number.isFinite(value) && (type !== 'number?' || value > 0);
  }
}
