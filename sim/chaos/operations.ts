import { FormatError } from '../../core/errors.ts';
import { checkFields, type FieldTable } from '../fault-kinds.ts';

/** When an operation begins at the earliest, and the number that its random choices depend on. */
interface Timed {
  readonly atUs: number;
  readonly key: number;
}

interface OnVolume extends Timed {
  /** Index of the volume. */
  readonly volume: number;
}

interface AtArchive extends OnVolume {
  readonly archive: string;
}

/**
 * One thing that applications or operators do in a chaos history (docs/chaos.md, "Operations"). What it needs
 * and does not find makes it do nothing, so that any operation can be left out of a history.
 */
export type ChaosOperation =
  /** An application writes: `count` writes, some of them discards and flushes, beside everything else. */
  | (OnVolume & {
      readonly kind: 'write';
      readonly count: number;
      readonly maxIoLb: number;
      /** Mean time between two of them. */
      readonly intervalUs: number;
    })
  | (OnVolume & { readonly kind: 'snapshot' })
  | (AtArchive & { readonly kind: 'restore' })
  /** Reads a snapshot over the network without restoring it. */
  | (AtArchive & { readonly kind: 'scan' })
  | (AtArchive & { readonly kind: 'apply' })
  | (AtArchive & { readonly kind: 'merge' })
  | (AtArchive & { readonly kind: 'disable-snapshot' })
  | (AtArchive & { readonly kind: 'enable-snapshot' })
  | (AtArchive & { readonly kind: 'delete-restored' })
  | (AtArchive & { readonly kind: 'delete-cold' })
  | (AtArchive & { readonly kind: 'block-hash' })
  /** To `archive`, from another one. */
  | (AtArchive & { readonly kind: 'replicate'; readonly from: string; readonly doResync: boolean })
  /** Replicates, and lets the proxies send there from then on. */
  | (AtArchive & { readonly kind: 'synchronize'; readonly from: string })
  | (AtArchive & { readonly kind: 'unsynchronize' })
  | (OnVolume & { readonly kind: 'resize'; readonly growLb: number })
  | (OnVolume & { readonly kind: 'full-backup' })
  | (OnVolume & { readonly kind: 'hash-backup' })
  /** Stops a volume at a server, and starts it again some time later. */
  | (OnVolume & {
      readonly kind: 'stop';
      readonly server: string;
      readonly mode: 'graceful' | 'empty' | 'force';
      readonly forUs: number;
    })
  /** Ends a server by command; it is started again. */
  | (Timed & { readonly kind: 'shutdown'; readonly server: string; readonly mode: 'graceful' | 'force' })
  | (Timed & { readonly kind: 'kick' })
  | (Timed & { readonly kind: 'status'; readonly server: string })
  /** Any command of an operator at one server, for instance `reset-vol VOL`; VOL stands for the volume's name. */
  | (OnVolume & { readonly kind: 'command'; readonly server: string; readonly words: string })
  /** The operator looks at a volume and does what the documents say for what he finds. */
  | (OnVolume & { readonly kind: 'mend' });

/** The name of what an operation does. */
export type ChaosOperationKind = ChaosOperation['kind'];

const TIMED = { atUs: 'natural', key: 'natural' } as const;
const ON_VOLUME = { ...TIMED, volume: 'natural' } as const;
const AT_ARCHIVE = { ...ON_VOLUME, archive: 'text' } as const;

/** The fields of each kind of operation, all required. */
export const OPERATION_FIELDS: Readonly<Record<ChaosOperationKind, FieldTable>> = {
  write: { ...ON_VOLUME, count: 'positive', maxIoLb: 'positive', intervalUs: 'natural' },
  snapshot: ON_VOLUME,
  restore: AT_ARCHIVE,
  scan: AT_ARCHIVE,
  apply: AT_ARCHIVE,
  merge: AT_ARCHIVE,
  'disable-snapshot': AT_ARCHIVE,
  'enable-snapshot': AT_ARCHIVE,
  'delete-restored': AT_ARCHIVE,
  'delete-cold': AT_ARCHIVE,
  'block-hash': AT_ARCHIVE,
  replicate: { ...AT_ARCHIVE, from: 'text', doResync: 'boolean' },
  synchronize: { ...AT_ARCHIVE, from: 'text' },
  unsynchronize: AT_ARCHIVE,
  resize: { ...ON_VOLUME, growLb: 'positive' },
  'full-backup': ON_VOLUME,
  'hash-backup': ON_VOLUME,
  stop: { ...ON_VOLUME, server: 'text', mode: ['graceful', 'empty', 'force'], forUs: 'natural' },
  shutdown: { ...TIMED, server: 'text', mode: ['graceful', 'force'] },
  kick: TIMED,
  status: { ...TIMED, server: 'text' },
  command: { ...ON_VOLUME, server: 'text', words: 'text' },
  mend: ON_VOLUME,
};

/** Throws FormatError unless `value` is an operation of a known kind with exactly its fields. */
export function checkChaosOperation(value: unknown, index: number): ChaosOperation {
  const where = `operation ${index}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError(`${where}: expected an object.`);
  }
  const { kind } = value as { kind?: unknown };
  const fields = typeof kind === 'string' ? new Map(Object.entries(OPERATION_FIELDS)).get(kind) : undefined;
  if (fields === undefined) {
    throw new FormatError(
      `${where}: kind ${JSON.stringify(kind)} is not one of ${Object.keys(OPERATION_FIELDS).join(', ')}.`,
    );
  }
  checkFields(value as Record<string, unknown>, fields, where);
  return value as ChaosOperation;
}
