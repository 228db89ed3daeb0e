import { FormatError } from '../errors.ts';
import { type Uuid, uuidFromText } from '../format/uuid.ts';
import type { MetaState } from '../snapshot/meta.ts';
import { stateFromText } from '../snapshot/meta-text.ts';
import type { Gid, Lb, Lsid, UnixTimeS } from '../units.ts';
import {
  DEFAULT_BULK_LB,
  parseArchiveName,
  parseBulkLb,
  parseGid,
  parseNumber,
  parseSizeLb,
  parseU32,
  parseUint,
  parseVolId,
  requireWords,
  wordOr,
} from './params.ts';
import { type HostInfoForRepl, parseHostInfoForRepl } from './settings.ts';

/**
 * The words of each command (docs/protocols.md, "Commands"). Each function is used by the client to check and
 * by the server to read; all throw FormatError. Words beyond those named are ignored unless said otherwise.
 */

const MAX_SLEEP_PERCENT = 99;

/** `volId` */
export function parseVolOnly(words: readonly string[]): { volId: string } {
  requireWords(words, 1);
  return { volId: parseVolId(words[0]) };
}

/** `[volId]` of `status`; null: the whole server. */
export function parseStatus(words: readonly string[]): { volId: string | null } {
  return { volId: words.length === 0 ? null : parseVolId(words[0]) };
}

/** `volId gid` of `restore`, `del-restored`, `del-cold`, `apply`. */
export function parseVolAndGid(words: readonly string[]): { volId: string; gid: Gid } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), gid: parseGid(words[1]) };
}

/** `volId [wdevPath]` of `init-vol`; a storage needs the path, an archive takes none. */
export function parseInitVol(words: readonly string[]): { volId: string; wdevPath: string | null } {
  const { volId } = parseVolOnly(words);
  return { volId, wdevPath: words[1] ?? null };
}

/** `volId [target|standby]` of `start`; the role is for storage servers, and needed there. */
export function parseStart(words: readonly string[]): { volId: string; role: string | null } {
  const { volId } = parseVolOnly(words);
  return { volId, role: words[1] ?? null };
}

/** The role of a storage's `start`. */
export function parseStorageRole(role: string): 'target' | 'standby' {
  if (role === 'target' || role === 'standby') return role;
  throw new FormatError(`parseStartParam:specify role: target or standby:${role}`);
}

export type StopMode = 'graceful' | 'force' | 'empty';

/** `volId [mode]` of `stop`: the first letter decides. `empty` is for proxies only. */
export function parseStop(words: readonly string[], allowEmpty: boolean): { volId: string; mode: StopMode } {
  const { volId } = parseVolOnly(words);
  const letter = wordOr(words, 1, 'g')[0];
  const mode = letter === 'f' ? 'force' : letter === 'e' ? 'empty' : 'graceful';
  if (mode === 'empty' && !allowEmpty) throw new FormatError('parseStopParam:stop empty is not allowed.');
  return { volId, mode };
}

/** `volId [gid=0]` of a storage's `reset-vol`. */
export function parseResetVol(words: readonly string[]): { volId: string; gid: Gid } {
  const { volId } = parseVolOnly(words);
  return { volId, gid: parseGid(wordOr(words, 1, '0')) };
}

/** `volId [bulkSize=256k]` of `full-bkp`, `hash-bkp`. */
export function parseBackup(words: readonly string[]): { volId: string; bulkLb: Lb } {
  const { volId } = parseVolOnly(words);
  return { volId, bulkLb: bulkWord(words, 1, 'parseBackupParam') };
}

/** `volId size [zeroclear]` of `resize`. The client lets a size of 0 through, no server does. */
export function parseResize(
  words: readonly string[],
  allow: { readonly zero: boolean; readonly zeroClear: boolean },
): { volId: string; sizeLb: Lb; zeroClear: boolean } {
  requireWords(words, 2);
  const volId = parseVolId(words[0]);
  const sizeLb = parseSizeLb(words[1]);
  if (sizeLb === 0 && !allow.zero) throw new FormatError('parseResizeParam:size param must not be 0');
  const option = wordOr(words, 2, '');
  if (option !== '' && option !== 'zeroclear') throw new FormatError(`parseResizeParam:bad option:${option}`);
  const zeroClear = option !== '';
  if (zeroClear && !allow.zeroClear) throw new FormatError('parseResizeParam:zeroclear option not allowed.');
  return { volId, sizeLb, zeroClear };
}

/** `bytesPerSecond` of `set-full-scan-bps`; 0 = no limit. */
export function parseSetFullScanBps(words: readonly string[]): { lbPerS: Lb } {
  requireWords(words, 1);
  return { lbPerS: parseSizeLb(words[0]) };
}

/** `[volId [archiveName]]` of a proxy's `kick`; a storage ignores them. */
export function parseKick(words: readonly string[]): { volId: string | null; archiveName: string | null } {
  return {
    volId: words.length === 0 ? null : parseVolId(words[0]),
    archiveName: words.length < 2 ? null : parseArchiveName(words[1]),
  };
}

/** Where `merge` and `replicate` stop: at a number of MiB or at a gid. */
export type Until =
  | { readonly kind: 'size'; readonly mib: number }
  | { readonly kind: 'gid'; readonly gid: Gid };

/** `volId gidB size|gid number` of `merge`. */
export function parseMerge(words: readonly string[]): { volId: string; gidB: Gid; until: Until } {
  requireWords(words, 4);
  const volId = parseVolId(words[0]);
  const gidB = parseGid(words[1]);
  const until = parseUntil(words[2], words[3], 'parseMergeParam');
  if (until.kind === 'gid' && until.gid <= gidB) {
    throw new FormatError(`parseMergeParam:bad gid range:${gidB}:${until.gid}`);
  }
  return { volId, gidB, until };
}

/** `volId size|gid number addr:port ...` of `replicate`. */
export function parseReplicate(words: readonly string[]): {
  volId: string;
  until: Until;
  replica: HostInfoForRepl;
} {
  requireWords(words, 4);
  return {
    volId: parseVolId(words[0]),
    until: parseUntil(words[1], words[2], 'parseReplicateParam'),
    replica: parseHostInfoForRepl(words.slice(3)),
  };
}

function parseUntil(kind: string, number: string, who: string): Until {
  if (kind === 'size') return { kind, mib: parseNumber(number) };
  if (kind === 'gid') return { kind, gid: parseGid(number) };
  throw new FormatError(`${who}:specify size or gid:${kind}`);
}

/** `volId gid ...` of `disable-snapshot`, `enable-snapshot`. */
export function parseChangeSnapshot(words: readonly string[]): { volId: string; gids: Gid[] } {
  const { volId } = parseVolOnly(words);
  if (words.length < 2) throw new FormatError('parseChangeSnapshotParam:specify gid list.');
  return { volId, gids: words.slice(1).map(parseGid) };
}

/** What `bhash` and `virt-full-scan` look at; a sizeLb of 0 is the whole volume. */
export interface ScanWords {
  readonly volId: string;
  readonly gid: Gid;
  readonly bulkLb: Lb;
  readonly sizeLb: Lb;
  /** Share of the time that the server pauses. */
  readonly sleepPercent: number;
}

/** `volId gid [bulkSize=256k [size=0 [sleepPct=0]]]` of `bhash`, `virt-full-scan`. */
export function parseScan(words: readonly string[], who: string): ScanWords {
  const { volId, gid } = parseVolAndGid(words);
  return {
    volId,
    gid,
    bulkLb: bulkWord(words, 2, who),
    sizeLb: parseSizeLb(wordOr(words, 3, '0')),
    sleepPercent: parseUint(wordOr(words, 4, '0'), MAX_SLEEP_PERCENT),
  };
}

/** `volId lsid` of `dbg-dump-logpack-header`. */
export function parseDumpLogpackHeader(words: readonly string[]): { volId: string; lsid: Lsid } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), lsid: parseNumber(words[1]) };
}

/** `volId uuid` of `dbg-set-uuid`. */
export function parseSetUuid(words: readonly string[]): { volId: string; uuid: Uuid } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), uuid: uuidFromText(words[1]) };
}

/** `volId state` of `dbg-set-state`. */
export function parseSetState(words: readonly string[]): { volId: string; state: string } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), state: words[1] };
}

/** `volId metaState` of `dbg-set-base`; `nowS` is the time of a state without one. */
export function parseSetBase(words: readonly string[], nowS: UnixTimeS): { volId: string; base: MetaState } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), base: stateFromText(words[1], nowS) };
}

const ARCHIVE_INFO_ACTIONS = ['add', 'update', 'get', 'list', 'delete'] as const;
export type ArchiveInfoAction = (typeof ARCHIVE_INFO_ACTIONS)[number];

/** `action volId` of `archive-info`; the rest is not part of this list, see archive-info.ts. */
export function parseArchiveInfoCommand(words: readonly string[]): {
  action: ArchiveInfoAction;
  volId: string;
} {
  requireWords(words, 2);
  const action = ARCHIVE_INFO_ACTIONS.find((name) => name === words[0]);
  if (action === undefined) throw new FormatError(`parseArchiveInfoParam:bad command name:${words[0]}`);
  return { action, volId: parseVolId(words[1]) };
}

/** `[seconds=1]` of `sleep`. */
export function parseSleep(words: readonly string[]): { seconds: number } {
  return { seconds: parseU32(wordOr(words, 0, '1')) };
}

/** `[graceful|force]` of `shutdown`. */
export function parseShutdown(words: readonly string[]): { isForce: boolean } {
  const mode = wordOr(words, 0, 'graceful');
  if (mode !== 'graceful' && mode !== 'force') throw new FormatError(`parseShutdownParam:bad option:${mode}`);
  return { isForce: mode === 'force' };
}

function bulkWord(words: readonly string[], position: number, who: string): Lb {
  const word = wordOr(words, position, '');
  return word === '' ? DEFAULT_BULK_LB : parseBulkLb(word, who);
}
