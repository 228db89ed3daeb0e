import { FormatError } from '../../errors.ts';
import {
  type CompressOpt,
  compressOptFromText,
  compressOptToText,
  DEFAULT_COMPRESS_OPT,
} from '../../snapshot/host-info.ts';
import type { HostPort } from '../../world/index.ts';
import { verifySizeUnit } from '../values.ts';
import { parsePeriod, parseSizeUnit } from './units.ts';

/** What a worker is told (docs/worker.md, "Configuration"). Limits that are not set are Infinity. */
export interface WorkerConfig {
  readonly general: {
    /** The archive that the worker serves. */
    readonly address: HostPort;
    /** The original's controller program; kept, not used: the controller is built in. */
    readonly walbcPath: string;
    /** Volumes worked on at once. */
    readonly maxTasks: number;
    /** Of those, replications. */
    readonly maxReplicationTasks: number;
    /** Pause when nothing was started. */
    readonly kickIntervalS: number;
    /** Socket limit of commands; 0 = the controller's own. */
    readonly timeoutS: number;
  };
  readonly apply: {
    /** Snapshots younger than this are kept. */
    readonly keepPeriodS: number;
    /** Least time between the beginnings of two applies of a volume. */
    readonly intervalS: number;
  };
  readonly merge: {
    /** Least time between the beginnings of two merges of a volume, unless it is urgent. */
    readonly intervalS: number;
    /** One merge takes at most one diff more than this, see docs/worker.md. */
    readonly maxCount: number;
    readonly maxSizeBytes: number;
    /** From so many diffs on a merge is urgent. */
    readonly thresholdCount: number;
  };
  readonly replication: {
    readonly servers: readonly ReplicationServer[];
    /** Volumes that are never replicated. */
    readonly disabledVolumes: readonly string[];
  };
}

/** Another archive that volumes are replicated to. */
export interface ReplicationServer {
  readonly name: string;
  /** May be empty (host '' and port 0) while disabled. */
  readonly address: HostPort;
  /** Least time between the beginnings of two replications of a volume to it. */
  readonly intervalS: number;
  readonly compression: CompressOpt;
  readonly maxMergeSizeU: string;
  readonly bulkSizeU: string;
  /** About so much is sent at a time; 0 = no limit. */
  readonly maxSendBytes: number;
  /** Shown in logs. */
  readonly logName: string;
  readonly isEnabled: boolean;
}

type Reader = (value: unknown) => unknown;
type Fields = Readonly<Record<string, Reader>>;

const GENERAL: Fields = {
  addr: text,
  port,
  walbc_path: text,
  max_task: count,
  max_replication_task: count,
  kick_interval: count,
  timeout: count,
};
const APPLY: Fields = { keep_period: parsePeriod, interval: parsePeriod };
const MERGE: Fields = {
  interval: parsePeriod,
  max_nr: limitCount,
  max_size: limitSize,
  threshold_nr: limitCount,
};
const SERVER: Fields = {
  addr: text,
  port,
  interval: parsePeriod,
  compress: (value) => compressOptFromText(text(value)),
  max_merge_size: sizeText,
  bulk_size: sizeText,
  max_send_size: parseSizeUnit,
  log_name: text,
  enabled: flag,
};

type Values = Map<string, unknown>;

/**
 * Puts configuration documents together, later ones over earlier ones key by key (replication servers by name),
 * and verifies the result. A document is what a YAML reader gave. Throws FormatError that names the key.
 */
export function loadConfig(documents: readonly unknown[]): WorkerConfig {
  const general: Values = new Map();
  const apply: Values = new Map();
  const merge: Values = new Map();
  const servers = new Map<string, Values>();
  let disabledVolumes: readonly string[] = [];
  for (const document of documents) {
    for (const [key, value] of entries(document, 'the configuration')) {
      if (key === 'general') take(general, key, value, GENERAL);
      else if (key === 'apply') take(apply, key, value, APPLY);
      else if (key === 'merge') take(merge, key, value, MERGE);
      else if (key === 'repl') {
        for (const [part, content] of entries(value, 'repl')) {
          if (part === 'disabled_volumes')
            disabledVolumes = at('repl.disabled_volumes', () => texts(content));
          else if (part === 'servers') {
            for (const [name, fields] of entries(content, 'repl.servers')) {
              const known = servers.get(name) ?? new Map<string, unknown>();
              take(known, `repl.servers.${name}`, fields, SERVER);
              servers.set(name, known);
            }
          } else throw unknownKey(`repl.${part}`, ['servers', 'disabled_volumes']);
        }
      } else throw unknownKey(key, ['general', 'apply', 'merge', 'repl']);
    }
  }
  return {
    general: {
      address: { host: needed(general, 'general', 'addr'), port: needed(general, 'general', 'port') },
      walbcPath: pick(general, 'walbc_path', ''),
      maxTasks: pick(general, 'max_task', 1),
      maxReplicationTasks: pick(general, 'max_replication_task', 1),
      kickIntervalS: pick(general, 'kick_interval', 1),
      timeoutS: pick(general, 'timeout', 0),
    },
    apply: {
      keepPeriodS: notZero('apply.keep_period', needed(apply, 'apply', 'keep_period')),
      intervalS: pick(apply, 'interval', 86_400),
    },
    merge: {
      intervalS: needed(merge, 'merge', 'interval'),
      maxCount: pick(merge, 'max_nr', Number.POSITIVE_INFINITY),
      maxSizeBytes: pick(merge, 'max_size', Number.POSITIVE_INFINITY),
      thresholdCount: pick(merge, 'threshold_nr', Number.POSITIVE_INFINITY),
    },
    replication: {
      servers: [...servers].map(([name, values]) => replicationServer(name, values)),
      disabledVolumes,
    },
  };
}

function replicationServer(name: string, values: Values): ReplicationServer {
  const isEnabled = pick(values, 'enabled', true);
  const where = `repl.servers.${name}`;
  const value = <T>(key: string, absent: T): T =>
    isEnabled ? needed<T>(values, where, key) : pick(values, key, absent);
  return {
    name,
    address: { host: value('addr', ''), port: value('port', 0) },
    intervalS: value('interval', 0),
    compression: pick(values, 'compress', DEFAULT_COMPRESS_OPT),
    maxMergeSizeU: pick(values, 'max_merge_size', '1G'),
    bulkSizeU: pick(values, 'bulk_size', '64K'),
    maxSendBytes: pick(values, 'max_send_size', 0),
    logName: pick(values, 'log_name', ''),
    isEnabled,
  };
}

/** The document that loads as this configuration; keys that are not set are left out. */
export function configDocument(config: WorkerConfig): Record<string, unknown> {
  const { general, apply, merge, replication } = config;
  const limit = (key: string, value: number) => (Number.isFinite(value) ? { [key]: value } : {});
  const servers = replication.servers.map((server) => [
    server.name,
    {
      ...(server.address.host === '' ? {} : { addr: server.address.host }),
      ...(server.address.port === 0 ? {} : { port: server.address.port }),
      interval: server.intervalS,
      compress: compressOptToText(server.compression),
      max_merge_size: server.maxMergeSizeU,
      bulk_size: server.bulkSizeU,
      max_send_size: server.maxSendBytes,
      log_name: server.logName,
      enabled: server.isEnabled,
    },
  ]);
  return {
    general: {
      addr: general.address.host,
      port: general.address.port,
      walbc_path: general.walbcPath,
      max_task: general.maxTasks,
      max_replication_task: general.maxReplicationTasks,
      kick_interval: general.kickIntervalS,
      timeout: general.timeoutS,
    },
    apply: { keep_period: apply.keepPeriodS, interval: apply.intervalS },
    merge: {
      interval: merge.intervalS,
      ...limit('max_nr', merge.maxCount),
      ...limit('max_size', merge.maxSizeBytes),
      ...limit('threshold_nr', merge.thresholdCount),
    },
    repl: { servers: Object.fromEntries(servers), disabled_volumes: [...replication.disabledVolumes] },
  };
}

/** Reads the fields of one section over what is known already. */
function take(known: Values, where: string, section: unknown, fields: Fields): void {
  for (const [key, value] of entries(section, where)) {
    const read = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (read === undefined) throw unknownKey(`${where}.${key}`, Object.keys(fields));
    known.set(
      key,
      at(`${where}.${key}`, () => read(value)),
    );
  }
}

/** The entries of a section; one that is written without content has none. */
function entries(section: unknown, where: string): [string, unknown][] {
  if (section === null || section === undefined) return [];
  if (typeof section !== 'object' || Array.isArray(section)) {
    throw new FormatError(`${where}: keys and values are expected, got ${String(section)}`);
  }
  return Object.entries(section);
}

function at<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${where}: ${error.message}`) : error;
  }
}

function unknownKey(key: string, known: readonly string[]): FormatError {
  return new FormatError(`${key} is not known; expected is one of ${known.join(', ')}`);
}

function pick<T>(values: Values, key: string, absent: T): T {
  return values.has(key) ? (values.get(key) as T) : absent;
}

function needed<T>(values: Values, where: string, key: string): T {
  if (!values.has(key)) throw new FormatError(`${where}.${key} is not set`);
  return values.get(key) as T;
}

function notZero(where: string, value: number): number {
  if (value === 0) throw new FormatError(`${where} must not be 0`);
  return value;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new FormatError(`a text is expected, got ${String(value)}`);
}

function texts(value: unknown): string[] {
  if (value === null) return [];
  // Volumes may be named by digits alone.
  if (Array.isArray(value))
    return value.map((each) => (typeof each === 'number' ? String(each) : text(each)));
  throw new FormatError(`a list of texts is expected, got ${String(value)}`);
}

function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new FormatError(`true or false is expected, got ${String(value)}`);
}

function count(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FormatError(`a whole number from 0 on is expected, got ${String(value)}`);
}

/** A YAML reader rounds numbers above 2^53: they stand for the original's 2^64-1, no limit. */
function isHuge(value: unknown): boolean {
  return (
    (typeof value === 'number' && value > Number.MAX_SAFE_INTEGER && Number.isInteger(value)) ||
    (typeof value === 'bigint' && value > BigInt(Number.MAX_SAFE_INTEGER))
  );
}

function limitCount(value: unknown): number {
  return isHuge(value) ? Number.POSITIVE_INFINITY : count(value);
}

function limitSize(value: unknown): number {
  return isHuge(value) ? Number.POSITIVE_INFINITY : parseSizeUnit(value);
}

function port(value: unknown): number {
  const number = count(value);
  if (number >= 1 && number <= 65_535) return number;
  throw new FormatError(`a port of 1 to 65535 is expected, got ${number}`);
}

function sizeText(value: unknown): string {
  const written = typeof value === 'number' ? String(value) : text(value);
  verifySizeUnit(written);
  return written;
}
