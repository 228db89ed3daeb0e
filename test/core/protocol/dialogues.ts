import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { FormatError, ProtocolError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { encodeLogpackHeader, type LogRecord } from '../../../core/format/logpack.ts';
import * as archiveInfo from '../../../core/protocol/archive-info.ts';
import * as backup from '../../../core/protocol/backup-parts.ts';
import * as bhash from '../../../core/protocol/bhash.ts';
import * as builtin from '../../../core/protocol/builtin.ts';
import type { Channel } from '../../../core/protocol/channel.ts';
import * as command from '../../../core/protocol/command.ts';
import * as fullSync from '../../../core/protocol/dirty-full-sync.ts';
import * as hashSync from '../../../core/protocol/dirty-hash-sync.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import * as gather from '../../../core/protocol/gather-latest-snap.ts';
import { askGet, receiveGet } from '../../../core/protocol/get.ts';
import { receiveDifferences, sendDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import { negotiateAsClient, negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { type ReceivedPack, receivePacks, sendPacks } from '../../../core/protocol/pack-stream.ts';
import { packIos } from '../../../core/protocol/packs.ts';
import * as replDiff from '../../../core/protocol/repl-diff.ts';
import * as replFull from '../../../core/protocol/repl-full.ts';
import * as replHash from '../../../core/protocol/repl-hash.ts';
import * as replResync from '../../../core/protocol/repl-resync.ts';
import * as repl from '../../../core/protocol/repl-sync.ts';
import * as snapshot from '../../../core/protocol/snapshot.ts';
import * as scan from '../../../core/protocol/virt-full-scan.ts';
import * as wdiff from '../../../core/protocol/wdiff-transfer.ts';
import * as wlog from '../../../core/protocol/wlog-transfer.ts';
import type { CompressOpt } from '../../../core/snapshot/host-info.ts';
import { makeDiff, makeSnap, makeState } from '../../../core/snapshot/meta.ts';
import type { CodecPool } from '../../../core/world/index.ts';

/** Both sides of every conversation, small, to be run against each other and against nonsense. */

export interface Dialogue {
  readonly name: string;
  readonly client: (channel: Channel) => Promise<unknown>;
  readonly server: (channel: Channel) => Promise<unknown>;
  /** What the two must return when nothing goes wrong. */
  readonly clientValue: unknown;
  readonly serverValue: unknown;
}

export const codecs: CodecPool = inlineCodecPool(await loadPortableCodecs());

export const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const OTHER_UUID = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);
const HASH = Uint8Array.from({ length: 16 }, (_, i) => 7 * i);
const SNAPPY: CompressOpt = { type: 'snappy', level: 0, cpuCount: 1 };
const GZIP: CompressOpt = { type: 'gzip', level: 1, cpuCount: 2 };

/** An image of 512-byte blocks, where block i holds `values[i]`. */
export function image(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 512);
  for (const [i, value] of values.entries()) bytes.fill(value, i * 512, (i + 1) * 512);
  return bytes;
}

const reader = (bytes: Uint8Array) => async (addressLb: number, sizeLb: number) =>
  bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);

/** A target that starts as `bytes` and can be looked at. */
function writer(bytes: Uint8Array) {
  const content = bytes.slice();
  return {
    content,
    writeChunk: async (addressLb: number, sizeLb: number, data: Uint8Array | null) => {
      content.set(data ?? new Uint8Array(sizeLb * 512), addressLb * 512);
    },
    onPack: async (pack: ReceivedPack) => {
      for (const record of pack.records) {
        let data = new Uint8Array(record.sizeLb * 512);
        if (record.kind === 'normal') {
          const stored = pack.data.subarray(
            record.dataOffsetBytes,
            record.dataOffsetBytes + record.dataSizeBytes,
          );
          const job = {
            kind: 'decompress',
            type: record.compression,
            sizeBytes: data.length,
            data: stored,
          } as const;
          data = (await codecs.run([job]))[0].slice();
        }
        content.set(data, record.addressLb * 512);
      }
    },
  };
}

const TRUE_IMAGE = image([1, 2, 0, 0, 5, 6, 7, 0, 9]);
const OLD_IMAGE = image([1, 2, 3, 4, 5, 6, 0, 0, 8]);
const PLAN = { startLb: 0, sizeLb: 9, bulkLb: 2 };
const HASH_PLAN = { sizeLb: 9, bulkLb: 2, seed: 0xfedcba98 };
const REQUEST: backup.BackupRequest = {
  volId: 'vol0',
  sizeLb: 9,
  timestamp: 0xfedcba98,
  bulkLb: 2,
  compression: SNAPPY,
};
const DIFF = makeDiff(3, 5, { isMergeable: true, timestamp: 1_400_000_000, dataSizeBytes: 9999 });
const STATE = makeState(makeSnap(3), 1_400_000_000);
const INFO = { address: { host: '127.0.0.1', port: 10200 }, compression: GZIP, wdiffSendDelayS: 300 };

const WDIFF_IOS = [
  { addressLb: 1, sizeLb: 2, kind: 'normal', compression: 'none', data: image([4, 4]), checksum: 0 },
  { addressLb: 3, sizeLb: 1, kind: 'zero', compression: 'none', data: new Uint8Array(0), checksum: 0 },
  { addressLb: 6, sizeLb: 2, kind: 'discard', compression: 'none', data: new Uint8Array(0), checksum: 0 },
] as const;

const PBS = 512;
const SALT = 0x12345678;

/** A log pack with a normal record, a discard, a padding without size and one more record. */
export function logPack(): wlog.LogPack {
  const data = [image([3, 3]), null, image([0]), image([8])];
  const kinds = ['normal', 'discard', 'padding', 'normal'] as const;
  let lsidLocal = 1;
  const records: LogRecord[] = data.map((block, i) => {
    const record = {
      kind: kinds[i],
      checksum: kinds[i] === 'normal' && block !== null ? checksum(block, SALT) : 0,
      offsetLb: kinds[i] === 'padding' ? 0 : 10 * i,
      sizeLb: block === null ? 100 : block.length / 512,
      lsidLocal,
      lsid: 1000 + lsidLocal,
    };
    lsidLocal += block === null ? 0 : block.length / PBS;
    return record;
  });
  const header = { checksum: 0, totalIoSizePb: lsidLocal - 1, logpackLsid: 1000, paddingCount: 1, records };
  return { header, headerBlock: encodeLogpackHeader(header, PBS, SALT), data };
}

const WLOG_REQUEST: wlog.WlogRequest = {
  volId: 'vol0',
  uuid: UUID,
  physicalBlockBytes: PBS,
  salt: SALT,
  volSizeLb: 8192,
  maxLogSizePb: 10,
};

async function negotiated(channel: Channel, protocol: string): Promise<void> {
  const found = await negotiateAsServer(channel, 's0', (name) => name === protocol);
  if (found?.protocol !== protocol) throw new ProtocolError('refused');
}

/** A conversation behind its negotiation. */
function dialogue(
  name: string,
  protocol: string,
  client: (channel: Channel) => Promise<unknown>,
  server: (channel: Channel) => Promise<unknown>,
  clientValue: unknown,
  serverValue: unknown,
): Dialogue {
  return {
    name,
    clientValue,
    serverValue,
    client: async (channel) => {
      await negotiateAsClient(channel, 'ctl', protocol);
      const value = await client(channel);
      channel.close();
      return value;
    },
    server: async (channel) => {
      await negotiated(channel, protocol);
      return server(channel);
    },
  };
}

async function receiveOldImage(channel: Channel): Promise<Uint8Array> {
  const target = writer(OLD_IMAGE);
  await receiveDifferences(channel, { plan: HASH_PLAN, readChunk: reader(OLD_IMAGE), onPack: target.onPack });
  return target.content;
}

async function sendTrueImage(channel: Channel): Promise<void> {
  await sendDifferences(channel, {
    plan: HASH_PLAN,
    compression: SNAPPY,
    codecs,
    readChunk: reader(TRUE_IMAGE),
  });
}

async function receivePackList(channel: Channel, limitLb: number): Promise<string[]> {
  const seen: string[] = [];
  await receivePacks(channel, limitLb, async (pack) => {
    for (const record of pack.records) seen.push(`${record.addressLb}+${record.sizeLb} ${record.kind}`);
  });
  return seen;
}

async function fullPart(channel: Channel, startLb: number): Promise<Uint8Array> {
  const offer = await replFull.receiveFullOffer(channel);
  const target = writer(OLD_IMAGE);
  await replFull.acceptFull(channel, startLb);
  await receiveImage(channel, {
    plan: { startLb, sizeLb: offer.sizeLb, bulkLb: offer.bulkLb },
    compression: offer.compression,
    codecs,
    writeChunk: target.writeChunk,
  });
  await replFull.ackReplImage(channel);
  return target.content;
}

export const DIALOGUES: readonly Dialogue[] = [
  dialogue(
    'get',
    'get',
    (c) => askGet(c, ['diff', 'vol0', '1', '5']),
    async (s) => {
      const question = await receiveGet(s);
      await command.replyValue(s, ['line 1', 'line 2']);
      return question;
    },
    ['line 1', 'line 2'],
    { target: 'diff', words: ['vol0', '1', '5'] },
  ),
  dialogue(
    'get, refused',
    'get',
    (c) => askGet(c, ['state', 'vol0']).catch((error) => error.message),
    async (s) => {
      await receiveGet(s);
      await command.replyError(s, 'getState:no\n<<<STACKTRACE>>> 0x1');
    },
    'c2xGetClient:getState:no',
    undefined,
  ),
  dialogue(
    'status',
    'status',
    async (c) => {
      await command.sendWords(c, ['vol0'], 'client');
      return command.readLinesReply(c, 'client');
    },
    async (s) => {
      const words = await command.receiveWords(s, 'server', 1);
      await command.replyValue(s, ['hostType archive']);
      return words;
    },
    ['hostType archive'],
    ['vol0'],
  ),
  dialogue(
    'restore',
    'restore',
    async (c) => {
      await command.sendWords(c, ['vol0', '7'], 'client');
      await command.expectReply(c, 'accept', 'client');
    },
    async (s) => {
      const words = await command.receiveWords(s, 'server', 2);
      await command.replyAccept(s);
      return words;
    },
    undefined,
    ['vol0', '7'],
  ),
  dialogue(
    'shutdown',
    'shutdown',
    (c) => builtin.askShutdown(c, true),
    async (s) => {
      const isForce = await builtin.receiveShutdown(s);
      await builtin.replyShutdown(s);
      return isForce;
    },
    undefined,
    true,
  ),
  dialogue(
    'sleep',
    'sleep',
    (c) => builtin.askSleep(c, 300),
    async (s) => {
      const seconds = await builtin.receiveSleep(s);
      await builtin.replySleep(s);
      return seconds;
    },
    undefined,
    300,
  ),
  dialogue(
    'version',
    'version',
    builtin.askVersion,
    (s) => builtin.replyVersion(s, 'version:1'),
    'version:1',
    undefined,
  ),
  dialogue(
    'archive-info add',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'add', volId: 'vol0', archiveName: 'a0', info: INFO }),
    async (s) => {
      const request = await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, null);
      return request;
    },
    null,
    { action: 'add', volId: 'vol0', archiveName: 'a0', info: INFO },
  ),
  dialogue(
    'archive-info get',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'get', volId: 'vol0', archiveName: 'a0', info: null }),
    async (s) => {
      await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, INFO);
    },
    INFO,
    undefined,
  ),
  dialogue(
    'archive-info list',
    'archive-info',
    (c) => archiveInfo.askArchiveInfo(c, { action: 'list', volId: 'vol0', archiveName: null, info: null }),
    async (s) => {
      await archiveInfo.receiveArchiveInfoRequest(s);
      await archiveInfo.replyArchiveInfo(s, ['a0', 'a1']);
    },
    ['a0', 'a1'],
    undefined,
  ),
  dialogue(
    'snapshot',
    'snapshot',
    (c) => snapshot.askSnapshot(c, 'vol0'),
    async (s) => {
      await command.receiveWords(s, 'server', 1);
      await snapshot.replySnapshot(s, 300);
    },
    300,
    undefined,
  ),
  dialogue(
    'bhash',
    'bhash',
    (c) => bhash.askBlockHash(c, ['vol0', '2']),
    async (s) => {
      await command.receiveWords(s, 'server');
      await bhash.acceptBlockHash(s);
      await bhash.sayStillHashing(s);
      await bhash.sayStillHashing(s);
      await bhash.replyBlockHash(s, HASH);
    },
    HASH,
    undefined,
  ),
  dialogue(
    'bhash, failed at work',
    'bhash',
    (c) => bhash.askBlockHash(c, ['vol0', '2']).catch((error) => error.message),
    async (s) => {
      await command.receiveWords(s, 'server');
      await bhash.acceptBlockHash(s);
      await bhash.failBlockHash(s, 'it failed');
    },
    'c2aBlockHashClient:it failed',
    undefined,
  ),
  dialogue(
    'virt-full-scan',
    'virt-full-scan',
    async (c) => {
      const target = writer(image([0, 0, 0, 0, 0, 0, 0, 0, 0]));
      const sizeLb = await scan.askVirtFullScan(c, ['vol0', '2', '1k'], {
        bulkLb: 2,
        codecs,
        open: async () => {},
        sync: async () => {},
        writeChunk: target.writeChunk,
      });
      return [sizeLb, target.content];
    },
    async (s) => {
      await command.receiveWords(s, 'server');
      await scan.acceptVirtFullScan(s);
      await scan.sendVirtFullScan(s, { sizeLb: 9, bulkLb: 2, codecs, readChunk: reader(TRUE_IMAGE) });
    },
    [9, TRUE_IMAGE],
    undefined,
  ),
  dialogue(
    'gather-latest-snap',
    'gather-latest-snap',
    (c) => gather.askLatestSnaps(c, ['vol0', 'nothing']),
    async (s) => {
      const volIds = await gather.receiveGatherRequest(s);
      await gather.replyLatestSnaps(s, [
        { volume: 'vol0', gid: 5, timestamp: 1_400_000_000, lsid: null },
        { volume: 'nothing', gid: null, timestamp: 0, lsid: null },
      ]);
      return volIds;
    },
    [
      { volume: 'vol0', gid: 5, timestamp: 1_400_000_000, lsid: null },
      { volume: 'nothing', gid: null, timestamp: 0, lsid: null },
    ],
    ['vol0', 'nothing'],
  ),
  dialogue(
    'dirty-full-sync3',
    'dirty-full-sync3',
    async (c) => {
      if ((await backup.requestBackup(c, REQUEST)) !== null) throw new ProtocolError('refused');
      await backup.sendLogUuid(c, UUID);
      await fullSync.sendFullImage(c, {
        plan: PLAN,
        compression: SNAPPY,
        codecs,
        readChunk: reader(TRUE_IMAGE),
      });
      await backup.sendSyncedSnap(c, makeSnap(0, 3));
    },
    async (s) => {
      const request = await backup.receiveBackupRequest(s);
      await fullSync.acceptFullSync(s);
      const uuid = await backup.receiveLogUuid(s);
      await backup.ackLogUuid(s);
      const target = writer(OLD_IMAGE);
      await receiveImage(s, {
        plan: PLAN,
        compression: request.compression,
        codecs,
        writeChunk: target.writeChunk,
      });
      await fullSync.ackImage(s);
      const snap = await backup.receiveSyncedSnap(s);
      await backup.finishSync(s);
      return { request, uuid, snap, content: target.content };
    },
    undefined,
    { request: REQUEST, uuid: UUID, snap: makeSnap(0, 3), content: TRUE_IMAGE },
  ),
  dialogue(
    'dirty-full-sync3, refused',
    'dirty-full-sync3',
    (c) => backup.requestBackup(c, { ...REQUEST, volId: 'no_name' }),
    async (s) => {
      try {
        await backup.receiveBackupRequest(s);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        await backup.refuseBackup(s, error.message);
      }
    },
    'bad volId format: bad character:no_name:_',
    undefined,
  ),
  dialogue(
    'dirty-hash-sync2',
    'dirty-hash-sync2',
    async (c) => {
      if ((await backup.requestBackup(c, REQUEST)) !== null) throw new ProtocolError('refused');
      const snapFrom = await hashSync.readSnapFrom(c);
      await backup.sendLogUuid(c, UUID);
      await sendTrueImage(c);
      await backup.sendSyncedSnap(c, makeSnap(6, 7));
      return snapFrom;
    },
    async (s) => {
      await backup.receiveBackupRequest(s);
      await hashSync.acceptHashSync(s, makeSnap(5));
      await backup.receiveLogUuid(s);
      await backup.ackLogUuid(s);
      const content = await receiveOldImage(s);
      const snap = await backup.receiveSyncedSnap(s);
      await backup.finishSync(s);
      return { snap, content };
    },
    makeSnap(5),
    { snap: makeSnap(6, 7), content: TRUE_IMAGE },
  ),
  dialogue(
    'wlog-transfer',
    'wlog-transfer',
    async (c) => {
      const refused = await wlog.requestWlogTransfer(c, WLOG_REQUEST);
      if (refused !== null) return refused;
      await wlog.sendLogPack(c, logPack(), WLOG_REQUEST, codecs);
      await wlog.sendLogPack(c, logPack(), WLOG_REQUEST, codecs);
      await wlog.finishWlogTransfer(c, makeDiff(0, 1));
      return 'sent';
    },
    async (s) => {
      const request = await wlog.receiveWlogRequest(s);
      await wlog.acceptWlog(s);
      const data: (Uint8Array | null)[] = [];
      for await (const pack of wlog.receiveLogPacks(s, request, codecs)) data.push(...pack.data);
      const diff = await wlog.receiveWlogDiff(s);
      await wlog.finishWlog(s);
      return { request, data, diff };
    },
    'sent',
    {
      request: WLOG_REQUEST,
      data: [image([3, 3]), null, null, image([8]), image([3, 3]), null, null, image([8])],
      diff: makeDiff(0, 1),
    },
  ),
  dialogue(
    'wdiff-transfer',
    'wdiff-transfer',
    async (c) => {
      const reply = await wdiff.requestWdiffTransfer(c, {
        volId: 'vol0',
        hostType: 'proxy',
        uuid: UUID,
        sizeLb: 9,
        diff: DIFF,
      });
      await sendPacks(c, packIos(WDIFF_IOS, GZIP, codecs));
      await wdiff.readWdiffAck(c);
      return reply;
    },
    async (s) => {
      const request = await wdiff.receiveWdiffRequest(s);
      await wdiff.acceptWdiff(s);
      const records = await receivePackList(s, 9);
      await wdiff.finishWdiff(s);
      return { request, records };
    },
    { kind: 'accept' },
    {
      request: { volId: 'vol0', hostType: 'proxy', uuid: UUID, sizeLb: 9, diff: DIFF },
      records: ['1+2 normal', '3+1 zero', '6+2 discard'],
    },
  ),
  dialogue(
    'wdiff-transfer, rejected',
    'wdiff-transfer',
    (c) =>
      wdiff.requestWdiffTransfer(c, { volId: 'v', hostType: 'proxy', uuid: UUID, sizeLb: 9, diff: DIFF }),
    async (s) => {
      await wdiff.receiveWdiffRequest(s);
      await wdiff.rejectWdiff(s, 'too-old-diff');
    },
    { kind: 'rejected', word: 'too-old-diff' },
    undefined,
  ),
  dialogue(
    'repl-sync3: full from the middle, then hash, then diff',
    'repl-sync3',
    async (c) => {
      await repl.requestReplication(c, 'vol0');
      const kind = await repl.sayLineage(c, { archiveUuid: OTHER_UUID, doResync: false });
      const offer = { sizeLb: 9, bulkLb: 2, base: STATE, uuid: UUID, compression: GZIP };
      const startLb = await replFull.offerFull(c, offer);
      await replFull.sendReplImage(c, {
        plan: { ...PLAN, startLb },
        compression: GZIP,
        codecs,
        readChunk: reader(TRUE_IMAGE),
      });
      const states = [await repl.readLatest(c)];
      await repl.sayDecision(c, 'hash');
      await replHash.offerHash(c, {
        sizeLb: 9,
        bulkLb: 2,
        diff: DIFF,
        uuid: UUID,
        compression: SNAPPY,
        hashSeed: HASH_PLAN.seed,
      });
      await sendTrueImage(c);
      states.push(await repl.readLatest(c));
      await repl.sayDecision(c, 'diff');
      await replDiff.offerDiff(c, { sizeLb: 9, uuid: UUID, diff: DIFF });
      await sendPacks(c, packIos(WDIFF_IOS, SNAPPY, codecs));
      await replDiff.readDiffAck(c);
      states.push(await repl.readLatest(c));
      await repl.sayDecision(c, 'stop');
      await repl.readReplEnd(c);
      return { kind, startLb, states };
    },
    async (s) => {
      const volId = await repl.receiveReplVolume(s);
      await repl.acceptReplication(s);
      const lineage = await repl.receiveLineage(s);
      await repl.sayKind(s, 'full');
      const copied = await fullPart(s, 4);
      const heard: unknown[] = [];
      let compared = copied;
      let records: string[] = [];
      for (;;) {
        await repl.sayLatest(s, STATE);
        const decision = await repl.receiveDecision(s);
        heard.push(decision);
        if (decision === 'stop') break;
        if (decision === 'hash') {
          heard.push(await replHash.receiveHashOffer(s));
          await replHash.acceptHash(s);
          compared = await receiveOldImage(s);
        } else {
          heard.push(await replDiff.receiveDiffOffer(s));
          await replDiff.acceptDiff(s);
          records = await receivePackList(s, 9);
          await replDiff.ackDiff(s);
        }
      }
      await repl.finishReplication(s);
      return { volId, lineage, copied, compared, records, heard };
    },
    { kind: 'full', startLb: 4, states: [STATE, STATE, STATE] },
    {
      volId: 'vol0',
      lineage: { archiveUuid: OTHER_UUID, doResync: false },
      copied: image([1, 2, 3, 4, 5, 6, 7, 0, 9]),
      compared: TRUE_IMAGE,
      records: ['1+2 normal', '3+1 zero', '6+2 discard'],
      heard: [
        'hash',
        { sizeLb: 9, bulkLb: 2, diff: DIFF, uuid: UUID, compression: SNAPPY, hashSeed: HASH_PLAN.seed },
        'diff',
        { sizeLb: 9, uuid: UUID, diff: DIFF },
        'stop',
      ],
    },
  ),
  dialogue(
    'repl-sync3: resync',
    'repl-sync3',
    async (c) => {
      await repl.requestReplication(c, 'vol0');
      const kind = await repl.sayLineage(c, { archiveUuid: OTHER_UUID, doResync: true });
      await replResync.offerResync(c, {
        sizeLb: 9,
        bulkLb: 2,
        oldest: STATE,
        uuid: UUID,
        archiveUuid: OTHER_UUID,
        compression: SNAPPY,
        hashSeed: HASH_PLAN.seed,
      });
      await sendTrueImage(c);
      const latest = await repl.readLatest(c);
      await repl.sayDecision(c, 'stop');
      await repl.readReplEnd(c);
      return { kind, latest };
    },
    async (s) => {
      await repl.receiveReplVolume(s);
      await repl.acceptReplication(s);
      await repl.receiveLineage(s);
      await repl.sayKind(s, 'resync');
      const offer = await replResync.receiveResyncOffer(s);
      await replResync.acceptResync(s);
      const content = await receiveOldImage(s);
      await repl.sayLatest(s, offer.oldest);
      const decision = await repl.receiveDecision(s);
      await repl.finishReplication(s);
      return { content, decision };
    },
    { kind: 'resync', latest: STATE },
    { content: TRUE_IMAGE, decision: 'stop' },
  ),
  dialogue(
    'repl-sync3: a part is refused',
    'repl-sync3',
    async (c) => {
      await repl.requestReplication(c, 'vol0');
      await repl.sayLineage(c, { archiveUuid: OTHER_UUID, doResync: false });
      await repl.readLatest(c);
      await repl.sayDecision(c, 'diff');
      return replDiff.offerDiff(c, { sizeLb: 9, uuid: UUID, diff: DIFF }).catch((error) => error.message);
    },
    async (s) => {
      await repl.receiveReplVolume(s);
      await repl.acceptReplication(s);
      await repl.receiveLineage(s);
      await repl.sayKind(s, 'diffs');
      await repl.sayLatest(s, STATE);
      await repl.receiveDecision(s);
      await replDiff.receiveDiffOffer(s);
      await repl.refuseRepl(s, 'verifyVolumeSize:volume size is smaller than the received size');
    },
    'verifyVolumeSize:volume size is smaller than the received size',
    undefined,
  ),
];
