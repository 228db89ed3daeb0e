import { FormatError } from '../errors.ts';
import { digitsToUnixTime, unixTimeToDigits, unixTimeToPretty } from '../format/time-text.ts';
import { type CompressOpt, compressOptToText } from '../snapshot/host-info.ts';
import type { MetaDiff, MetaSnap, MetaState } from '../snapshot/meta.ts';
import {
  diffFromListing,
  formatMetaDiff,
  snapFromText,
  snapToText,
  stateFromText,
  stateToTextWithTime,
} from '../snapshot/meta-text.ts';
import { wdiffFileName } from '../snapshot/wdiff-name.ts';
import type { Gid, UnixTimeS } from '../units.ts';

/** Values that operators' scripts work with, and their texts (docs/operations.md, "Values of the controller"). */

/** Kinds of compression in the order of the numbers that scripts use; those in files are others (docs/formats.md). */
export const COMPRESS_KINDS = ['none', 'snappy', 'gzip', 'lzma', 'lz4', 'zstd'] as const;
/** A compression by its name, as operators type it. */
export type CompressKind = (typeof COMPRESS_KINDS)[number];

/** Throws FormatError unless `kind` is the number of a compression. */
export function verifyCompressKind(kind: number): void {
  if (COMPRESS_KINDS[kind] === undefined) throw new FormatError(`verify_compress_kind: bad value:${kind}`);
}

/** The name of a compression by its number. Throws FormatError. */
export function compressKindToString(kind: number): CompressKind {
  verifyCompressKind(kind);
  return COMPRESS_KINDS[kind] as CompressKind;
}

/** The number of a compression. Throws FormatError. */
export function parseCompressKind(text: string): number {
  const kind = COMPRESS_KINDS.indexOf(text as CompressKind);
  if (kind < 0) throw new FormatError(`compress_str_to_kind: bad kind:${text}`);
  return kind;
}

/** Forms of times: `pretty` is `YYYY-MM-DDThh:mm:ss`, `digits` is `YYYYMMDDhhmmss`; always UTC. */
export type DatetimeForm = 'pretty' | 'digits';

/** Throws FormatError for anything that is not a time of this form. */
export function strToDatetime(text: string, form: DatetimeForm): UnixTimeS {
  const pattern = form === 'pretty' ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/ : /^\d{14}$/;
  if (!pattern.test(text)) throw new FormatError(`a time of the form ${form} is expected, got ${text}`);
  return digitsToUnixTime(text.replace(/[-T:]/g, ''));
}

/** A time as a text of this form. */
export function datetimeToStr(timeS: UnixTimeS, form: DatetimeForm): string {
  return form === 'pretty' ? unixTimeToPretty(timeS) : unixTimeToDigits(timeS);
}

/** `|5|`, or `|2,3|` when dirty. */
export const Snapshot = {
  parse: (text: string): MetaSnap => snapFromText(text),
  toText: (snap: MetaSnap): string => snapToText(snap),
  isDirty: (snap: MetaSnap): boolean => snap.gidB !== snap.gidE,
} as const;

/** `|24|-->|25| M- 2015-11-16T07:32:09 123`: ends, mergeable, compared, time, size. */
export const Diff = {
  parse: (text: string): MetaDiff => diffFromListing(text),
  toText: (diff: MetaDiff): string => formatMetaDiff('', diff),
  fileName: (diff: MetaDiff): string => wdiffFileName(diff),
  isDirty: (diff: MetaDiff): boolean => Snapshot.isDirty(diff.snapB) || Snapshot.isDirty(diff.snapE),
} as const;

/** `<|3|>-20151116073208`, or `<|3|-->|5,8|>-20151116073208` while an apply is under way. */
export const State = {
  /** `nowS` stands in where the text has no time. */
  parse: (text: string, nowS: UnixTimeS): MetaState => stateFromText(text, nowS),
  toText: (state: MetaState): string => stateToTextWithTime(state),
  isApplying: (state: MetaState): boolean => state.isApplying,
} as const;

/** How far a copy lags behind. Null where the destination is not known. */
export interface TsDeltaInfo {
  readonly name: string;
  readonly dest: string;
  readonly kind: string;
  readonly destKind: string;
  readonly gid: Gid;
  readonly ts: UnixTimeS;
  readonly destGid: Gid | null;
  readonly destTs: UnixTimeS | null;
  /** `ts` - `destTs` in seconds. */
  readonly tsDelta: number | null;
}

/** Reads a line of `get ts-delta`. Throws FormatError for a missing or wrong field. */
export function parseTsDelta(line: string): TsDeltaInfo {
  const fields = parseLtsv(line);
  const text = (name: string) => {
    const value = fields.get(name);
    if (value === undefined) throw new FormatError(`a field ${name} is expected in ${line}`);
    return value;
  };
  const integer = (name: string) => {
    const value = Number(text(name));
    if (!/^-?\d+$/.test(text(name)) || !Number.isSafeInteger(value)) {
      throw new FormatError(`${name} is expected to be a number, got ${text(name)}`);
    }
    return value;
  };
  const isKnown = text('dest_gid') !== '';
  return {
    name: text('name'),
    dest: text('dest'),
    kind: text('kind'),
    destKind: text('dest_kind'),
    gid: integer('gid'),
    ts: strToDatetime(text('ts'), 'pretty'),
    destGid: isKnown ? integer('dest_gid') : null,
    destTs: isKnown ? strToDatetime(text('dest_ts'), 'pretty') : null,
    tsDelta: isKnown ? integer('ts_delta') : null,
  };
}

/** Tab-separated `key:value` fields; the first colon divides. */
export function parseLtsv(line: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of line.split('\t')) {
    const colon = field.indexOf(':');
    if (colon < 0) throw new FormatError(`a field key:value is expected, got ${field}`);
    fields.set(field.slice(0, colon), field.slice(colon + 1));
  }
  return fields;
}

/** How diffs are sent and images compared. Sizes are texts with a unit. */
export interface SyncOpt {
  readonly compression: CompressOpt;
  readonly delayS: number;
  readonly maxWdiffMergeSizeU: string;
  readonly bulkSizeU: string;
}

/** The words that `archive-info` takes of them. */
export function archiveInfoArgs(syncOpt: SyncOpt | null): string[] {
  return syncOpt === null ? [] : [compressOptToText(syncOpt.compression), String(syncOpt.delayS)];
}

/** The words that `replicate` takes of them. */
export function replicateArgs(syncOpt: SyncOpt | null): string[] {
  if (syncOpt === null) return [];
  return [compressOptToText(syncOpt.compression), syncOpt.maxWdiffMergeSizeU, syncOpt.bulkSizeU];
}

/** Throws FormatError unless the value is an integer that can be a gid. */
export function verifyU64(value: number, what = 'a number'): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new FormatError(`${what} of at least 0 and at most 2^53-1 is expected, got ${value}`);
}

/** Digits and at most one unit. Throws FormatError `bad size unit`. */
export function verifySizeUnit(size: string): void {
  if (!/^[0-9]+[kKmMgGtTpP]?$/.test(size)) throw new FormatError(`bad size unit:${size}`);
}

/** Throws FormatError when a range of gids goes backwards. */
export function verifyGidRange(gidB: Gid, gidE: Gid, what: string): void {
  verifyU64(gidB, what);
  verifyU64(gidE, what);
  if (gidB > gidE) throw new FormatError(`${what}:bad gid range:${gidB}:${gidE}`);
}
