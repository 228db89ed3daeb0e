import { FormatError, ProtocolError } from '../../../core/errors.ts';
import * as backup from '../../../core/protocol/backup-parts.ts';
import * as fullSync from '../../../core/protocol/dirty-full-sync.ts';
import * as hashSync from '../../../core/protocol/dirty-hash-sync.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import * as gather from '../../../core/protocol/gather-latest-snap.ts';
import { sendPacks } from '../../../core/protocol/pack-stream.ts';
import { packIos } from '../../../core/protocol/packs.ts';
import * as replDiff from '../../../core/protocol/repl-diff.ts';
import * as replFull from '../../../core/protocol/repl-full.ts';
import * as replHash from '../../../core/protocol/repl-hash.ts';
import * as replResync from '../../../core/protocol/repl-resync.ts';
import * as repl from '../../../core/protocol/repl-sync.ts';
import * as wdiff from '../../../core/protocol/wdiff-transfer.ts';
import * as wlog from '../../../core/protocol/wlog-transfer.ts';
import { makeDiff, makeSnap } from '../../../core/snapshot/meta.ts';

import {
  codecs,
  DIFF,
  type Dialogue,
  dialogue,
  fullPart,
  GZIP,
  HASH_PLAN,
  image,
  logPack,
  OLD_IMAGE,
  OTHER_UUID,
  PLAN,
  REQUEST,
  reader,
  receiveOldImage,
  receivePackList,
  SNAPPY,
  STATE,
  sendTrueImage,
  TRUE_IMAGE,
  UUID,
  WDIFF_IOS,
  WLOG_REQUEST,
  writer,
} from './dialogue-kit.ts';

/** Conversations between servers. */
export const SERVER_DIALOGUES: readonly Dialogue[] = [
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
