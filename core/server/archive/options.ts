import { FormatError } from '../../errors.ts';
import { parseOptionInteger } from '../../format/size-text.ts';
import {
  type CompressOpt,
  compressOptFromText,
  compressOptToText,
  DEFAULT_COMPRESS_OPT,
} from '../../snapshot/host-info.ts';
import type { ServerOptions } from '../shared/server.ts';

/** What a discarded range becomes when diffs are written to a volume. */
export type DiscardPolicy = 'ignore' | 'passdown' | 'zero';
const DISCARD_POLICIES: readonly DiscardPolicy[] = ['ignore', 'passdown', 'zero'];

/** What an archive server is told at its start (docs/operations.md, "Options of walb-archive"). */
export interface ArchiveOptions extends ServerOptions {
  readonly baseDirectory: string;
  /** For whoever makes the world: the server shows what its volume store says. */
  readonly volumeGroup: string;
  /** Empty: thick volumes. */
  readonly thinPool: string;
  /** `-` = standard error. */
  readonly logPath: string;
  readonly isDebug: boolean;
  readonly maxForegroundTasks: number;
  /** Diffs merged into one transfer to another archive. */
  readonly maxWdiffSendCount: number;
  readonly discardPolicy: DiscardPolicy;
  readonly fsyncIntervalBytes: number;
  /** Grow the image when a peer's volume has grown. */
  readonly doAutoResize: boolean;
  readonly keepOneColdSnapshot: boolean;
  /** Diffs opened together by apply and restore; 0 = no limit. */
  readonly maxOpenDiffs: number;
  /** Diffs of a scan; more make it fail. 0 = no limit. */
  readonly maxOpenDiffsForVirtualScan: number;
  readonly applySleepPercent: number;
  /** Of images and hash differences sent to other archives. */
  readonly syncCompression: CompressOpt;
  /** Waiting for a volume longer than this is logged. */
  readonly lockTimeThresholdS: number;
  readonly allowExec: boolean;
  readonly keepAliveIdleS: number;
  readonly keepAliveIntervalS: number;
  readonly keepAliveCount: number;
}

export type RequiredArchiveOptions = Pick<ArchiveOptions, 'nodeId' | 'baseDirectory'>;

const DEFAULTS: Omit<ArchiveOptions, 'nodeId'> = {
  baseDirectory: '/var/forest/walb/archive',
  port: 5000,
  volumeGroup: 'vg',
  thinPool: '',
  logPath: '-',
  isDebug: false,
  maxConnections: 10,
  maxForegroundTasks: 2,
  socketTimeoutS: 10,
  maxWdiffSendCount: 1000,
  discardPolicy: 'ignore',
  fsyncIntervalBytes: 1024 * 1024 * 1024,
  doAutoResize: false,
  keepOneColdSnapshot: false,
  maxOpenDiffs: 0,
  maxOpenDiffsForVirtualScan: 0,
  applySleepPercent: 0,
  syncCompression: DEFAULT_COMPRESS_OPT,
  lockTimeThresholdS: 10,
  allowExec: false,
  keepAlive: false,
  keepAliveIdleS: 1800,
  keepAliveIntervalS: 60,
  keepAliveCount: 10,
};

const MAX_SLEEP_PERCENT = 99;
const MAX_PORT = 65535;
const MAX_KEEP_ALIVE = { idleS: 86_400, intervalS: 3600, count: 100 } as const;

/** Fills in defaults. Throws FormatError with the original's reason not to start. */
export function archiveOptions(given: RequiredArchiveOptions & Partial<ArchiveOptions>): ArchiveOptions {
  const options: ArchiveOptions = { ...DEFAULTS, ...given };
  const notZero = {
    maxConnections: options.maxConnections,
    maxForegroundTasks: options.maxForegroundTasks,
    maxWdiffSendNr: options.maxWdiffSendCount,
    fsyncIntervalSize: options.fsyncIntervalBytes,
  };
  for (const [name, value] of Object.entries(notZero)) {
    if (value === 0) throw new FormatError(`${name}:must not be 0.`);
  }
  if (options.applySleepPercent > MAX_SLEEP_PERCENT) {
    throw new FormatError(`applySleepPct must be within 0 to ${MAX_SLEEP_PERCENT}.`);
  }
  if (options.keepAlive) {
    verifyAtMost('keepAliveIdle', options.keepAliveIdleS, MAX_KEEP_ALIVE.idleS);
    verifyAtMost('keepAliveIntvl', options.keepAliveIntervalS, MAX_KEEP_ALIVE.intervalS);
    verifyAtMost('keepAliveCnt', options.keepAliveCount, MAX_KEEP_ALIVE.count);
  }
  return options;
}

function verifyAtMost(name: string, value: number, max: number): void {
  if (value > max) throw new FormatError(`${name}:must be at most ${max}:${value}`);
}

type Given = { -readonly [K in keyof ArchiveOptions]?: ArchiveOptions[K] };

/** How each option that takes a value is read. */
const VALUE_OPTIONS: ReadonlyMap<string, (given: Given, text: string) => void> = new Map([
  ['-p', setNumber('port', parsePort)],
  ['-l', setText('logPath')],
  ['-b', setText('baseDirectory')],
  ['-vg', setText('volumeGroup')],
  ['-tp', setText('thinPool')],
  ['-maxconn', setNumber('maxConnections')],
  ['-fg', setNumber('maxForegroundTasks')],
  ['-id', setText('nodeId')],
  ['-to', setNumber('socketTimeoutS')],
  ['-wn', setNumber('maxWdiffSendCount')],
  [
    '-discard',
    (given: Given, text: string) => {
      given.discardPolicy = parseDiscardPolicy(text);
    },
  ],
  ['-fi', setNumber('fsyncIntervalBytes')],
  ['-maxopen', setNumber('maxOpenDiffs')],
  ['-maxopen-virt', setNumber('maxOpenDiffsForVirtualScan')],
  ['-apply-sleep-pct', setNumber('applySleepPercent')],
  [
    '-sync-cmpr',
    (given: Given, text: string) => {
      given.syncCompression = compressOptFromText(text);
    },
  ],
  ['-lock-time-th', setNumber('lockTimeThresholdS', parseSeconds)],
  ['-kaidle', setNumber('keepAliveIdleS')],
  ['-kaintvl', setNumber('keepAliveIntervalS')],
  ['-kacnt', setNumber('keepAliveCount')],
]);

const FLAG_OPTIONS: ReadonlyMap<string, keyof PickByType<ArchiveOptions, boolean>> = new Map([
  ['-debug', 'isDebug'],
  ['-autoresize', 'doAutoResize'],
  ['-keep-one-cold-snap', 'keepOneColdSnapshot'],
  ['-allow-exec', 'allowExec'],
  ['-ka', 'keepAlive'],
] as const);

type PickByType<T, V> = { [K in keyof T as T[K] extends V ? K : never]: T[K] };

/**
 * Reads the arguments of `walb-archive`. Null when help is asked for. Throws FormatError for an unknown option, a
 * missing or bad value. `hostName` is the node id where none is given.
 */
export function parseArchiveArguments(words: readonly string[], hostName: string): ArchiveOptions | null {
  const given: Given = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === '-h') return null;
    const flag = FLAG_OPTIONS.get(word);
    if (flag !== undefined) {
      given[flag] = true;
      continue;
    }
    const set = VALUE_OPTIONS.get(word);
    if (set === undefined) throw new FormatError(`bad option: ${word}`);
    at += 1;
    if (at === words.length) throw new FormatError(`no value for option: ${word}`);
    set(given, words[at]);
  }
  return archiveOptions({ nodeId: hostName, baseDirectory: DEFAULTS.baseDirectory, ...given });
}

/** `name=value (default|set)` for each option, as logged at the start. */
export function archiveOptionLines(options: ArchiveOptions): string[] {
  const defaults: Partial<ArchiveOptions> = DEFAULTS;
  return Object.entries(options).map(([name, value]) => {
    const isDefault = defaults[name as keyof ArchiveOptions] === value;
    const text = name === 'syncCompression' ? compressOptToText(options.syncCompression) : String(value);
    return `${name}=${text} (${isDefault ? 'default' : 'set'})`;
  });
}

function setNumber(
  name: keyof PickByType<ArchiveOptions, number>,
  parse: (text: string) => number = parseOptionInteger,
) {
  return (given: Given, text: string): void => {
    given[name] = parse(text);
  };
}

function setText(name: 'logPath' | 'baseDirectory' | 'volumeGroup' | 'thinPool' | 'nodeId') {
  return (given: Given, text: string): void => {
    given[name] = text;
  };
}

function parsePort(text: string): number {
  const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new FormatError(`a port of 0 to ${MAX_PORT} is expected: ${text}`);
  return port;
}

function parseSeconds(text: string): number {
  if (!/^[0-9]+(\.[0-9]*)?$/.test(text)) throw new FormatError(`seconds are expected: ${text}`);
  return Number(text);
}

function parseDiscardPolicy(text: string): DiscardPolicy {
  const policy = DISCARD_POLICIES.find((name) => name === text);
  if (policy === undefined) throw new FormatError(`bad discard type:${text}`);
  return policy;
}
