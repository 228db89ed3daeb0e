import { FormatError, NotFoundError } from '../errors.ts';
import type { Gid } from '../units.ts';
import type { Channel } from './channel.ts';
import { COMMAND_STEPS, expectReply, type ReplyValue, receiveWords, sendWords } from './command.ts';
import { OK } from './negotiation.ts';
import { parseArchiveName, parseFlag, parseGid, parseU64, parseVolId, requireWords } from './params.ts';

/**
 * Questions (docs/protocols.md, "get"), after the negotiation:
 *
 *     C> list: target, its words
 *     S> "ok", value, Ack         or an error text
 *
 * The client alone knows how to decode the value: a number, a text or lines, by target. It checks target and
 * words after the negotiation and before it sends them.
 */

const CLIENT = 'c2xGetClient';
const SERVER = 'runGetCommandServer';

export type GetKind = 'number' | 'text' | 'lines';

interface GetTarget {
  readonly kind: GetKind;
  readonly verify: (words: readonly string[]) => void;
}

/** What can be asked. Which server answers what is told in docs/protocols.md. */
export const GET_TARGETS: ReadonlyMap<string, GetTarget> = new Map(
  Object.entries({
    'all-actions': { kind: 'lines', verify: anything },
    'applicable-diff': { kind: 'lines', verify: parseApplicableDiffWords },
    'archive-uuid': { kind: 'text', verify: parseVolWords },
    base: { kind: 'text', verify: parseVolWords },
    'base-all': { kind: 'lines', verify: anything },
    cold: { kind: 'lines', verify: parseVolWords },
    diff: { kind: 'lines', verify: parseGidRangeWords },
    'exists-base-image': { kind: 'number', verify: parseVolWords },
    'exists-diff': { kind: 'number', verify: parseExistsDiffWords },
    'handler-stat': { kind: 'lines', verify: anything },
    'host-type': { kind: 'text', verify: anything },
    'is-overflow': { kind: 'number', verify: parseVolWords },
    'is-wdiff-send-error': { kind: 'number', verify: parseVolAndArchiveWords },
    'latest-snap': { kind: 'lines', verify: parseOptionalVolWords },
    'log-usage': { kind: 'lines', verify: parseOptionalVolWords },
    'meta-snap': { kind: 'text', verify: parseMetaSnapWords },
    'meta-state': { kind: 'text', verify: parseMetaStateWords },
    'num-action': { kind: 'number', verify: parseNumActionWords },
    'num-diff': { kind: 'number', verify: parseGidRangeWords },
    pid: { kind: 'number', verify: anything },
    progress: { kind: 'number', verify: parseVolWords },
    'proxy-diff': { kind: 'lines', verify: parseProxyDiffWords },
    restorable: { kind: 'lines', verify: parseRestorableWords },
    restored: { kind: 'lines', verify: parseVolWords },
    state: { kind: 'text', verify: parseVolWords },
    thinpool: { kind: 'text', verify: anything },
    'total-diff-size': { kind: 'number', verify: parseGidRangeWords },
    'ts-delta': { kind: 'lines', verify: anything },
    uuid: { kind: 'text', verify: parseVolWords },
    vol: { kind: 'lines', verify: anything },
    'vol-size': { kind: 'number', verify: parseVolWords },
    'volume-group': { kind: 'text', verify: anything },
  } satisfies Record<string, GetTarget>),
);

/** Client: asks. Throws NotFoundError or FormatError before anything is sent, ProtocolError when refused. */
export async function askGet(channel: Channel, words: readonly string[]): Promise<ReplyValue> {
  if (words.length === 0) throw new FormatError(`${CLIENT}:target not specified`);
  const target = GET_TARGETS.get(words[0]);
  if (target === undefined) throw new NotFoundError(`${CLIENT}:name not found:${words[0]}`);
  target.verify(words.slice(1));
  await sendWords(channel, words, CLIENT);
  await expectReply(channel, OK, CLIENT);
  const value = await readValue(channel, target.kind);
  await channel.readAck(COMMAND_STEPS.ack);
  return value;
}

async function readValue(channel: Channel, kind: GetKind): Promise<ReplyValue> {
  switch (kind) {
    case 'number':
      return channel.readNumber(COMMAND_STEPS.value);
    case 'text':
      return channel.readString(COMMAND_STEPS.value);
    case 'lines':
      return channel.readStrings(COMMAND_STEPS.value);
  }
}

/** The lines that `walbc get` prints. */
export function valueToLines(value: ReplyValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(Number(value))];
  return [...value];
}

/** Server: reads a question. The answer is `replyValue` or `replyError`. */
export async function receiveGet(channel: Channel): Promise<{ target: string; words: string[] }> {
  const words = await receiveWords(channel, SERVER);
  if (words.length === 0) throw new FormatError(`${SERVER}:no target specified`);
  return { target: words[0], words: words.slice(1) };
}

/** What a server says of a target that it does not have. */
export function noSuchTarget(target: string): NotFoundError {
  return new NotFoundError(`${SERVER}:no such target:${target}`);
}

// The words of the targets. Each function is used by the client to check and by the server to read.

function anything(): void {}

/** `volId` */
export function parseVolWords(words: readonly string[]): { volId: string } {
  requireWords(words, 1);
  return { volId: parseVolId(words[0]) };
}

/** `[volId]` */
export function parseOptionalVolWords(words: readonly string[]): { volId: string | null } {
  return { volId: words.length === 0 ? null : parseVolId(words[0]) };
}

/** `volId archiveName` */
export function parseVolAndArchiveWords(words: readonly string[]): { volId: string; archiveName: string } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), archiveName: parseArchiveName(words[1]) };
}

/** `volId [archiveName]`; null: the diffs not yet linked to any archive. */
export function parseProxyDiffWords(words: readonly string[]): { volId: string; archiveName: string | null } {
  const { volId } = parseVolWords(words);
  return { volId, archiveName: words.length < 2 ? null : parseArchiveName(words[1]) };
}

/** `volId [gidB=0 [gidE]]`; a gidE of null is beyond every gid. */
export function parseGidRangeWords(words: readonly string[]): { volId: string; gidB: Gid; gidE: Gid | null } {
  const { volId } = parseVolWords(words);
  const gidB = words.length < 2 ? 0 : parseU64(words[1]);
  const gidE = words.length < 3 ? null : parseU64(words[2]);
  if (gidB === null || (gidE !== null && gidB >= gidE)) {
    throw new FormatError(`parseVolIdAndGidRangeParamForGet:bad gid range:${words[1]}:${words[2] ?? ''}`);
  }
  return { volId, gidB, gidE };
}

/** `volId [maxGid]` */
export function parseApplicableDiffWords(words: readonly string[]): { volId: string; maxGid: Gid | null } {
  const { volId } = parseVolWords(words);
  return { volId, maxGid: words.length < 2 ? null : parseU64(words[1]) };
}

/** `volId gid gid gid gid`: the ends of snapB and of snapE. */
export function parseExistsDiffWords(words: readonly string[]): { volId: string; gids: Gid[] } {
  requireWords(words, 5);
  return { volId: parseVolId(words[0]), gids: words.slice(1, 5).map(parseGid) };
}

/** `volId action`; the server knows the actions. */
export function parseNumActionWords(words: readonly string[]): { volId: string; action: string } {
  requireWords(words, 2);
  return { volId: parseVolId(words[0]), action: words[1] };
}

/** `volId [all]` */
export function parseRestorableWords(words: readonly string[]): { volId: string; all: boolean } {
  const { volId } = parseVolWords(words);
  if (words.length >= 2 && words[1] !== 'all') {
    throw new FormatError(`parseRestorableParamForGet:bad opt:${words[1]}`);
  }
  return { volId, all: words.length >= 2 };
}

/** `volId [gid]`; null: the latest. */
export function parseMetaSnapWords(words: readonly string[]): { volId: string; gid: Gid | null } {
  const { volId } = parseVolWords(words);
  return { volId, gid: words.length < 2 ? null : parseU64(words[1]) };
}

/** `volId isApplying [gid]` */
export function parseMetaStateWords(words: readonly string[]): {
  volId: string;
  isApplying: boolean;
  gid: Gid | null;
} {
  requireWords(words, 2);
  return {
    volId: parseVolId(words[0]),
    isApplying: parseFlag(words[1]),
    gid: words.length < 3 ? null : parseU64(words[2]),
  };
}
