import { murmur3x64128 } from '../../../core/engine/murmur3.ts';
import { ProtocolError } from '../../../core/errors.ts';
import { Reader } from '../../../core/format/serializer.ts';
import * as backup from '../../../core/protocol/backup-parts.ts';
import { Channel, withoutTrace } from '../../../core/protocol/channel.ts';
import { replyError, replyValue } from '../../../core/protocol/command.ts';
import * as fullSync from '../../../core/protocol/dirty-full-sync.ts';
import * as hashSync from '../../../core/protocol/dirty-hash-sync.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import * as gather from '../../../core/protocol/gather-latest-snap.ts';
import { receiveGet } from '../../../core/protocol/get.ts';
import {
  type HashPlan,
  receiveDifferences,
  sendDifferences,
} from '../../../core/protocol/hash-sync-stream.ts';
import { askIsProxy } from '../../../core/protocol/heart-beat.ts';
import { negotiateAsClient, negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { type ReceivedPack, receivePacks, sendPacks } from '../../../core/protocol/pack-stream.ts';
import * as replDiff from '../../../core/protocol/repl-diff.ts';
import * as replFull from '../../../core/protocol/repl-full.ts';
import * as replHash from '../../../core/protocol/repl-hash.ts';
import * as replResync from '../../../core/protocol/repl-resync.ts';
import * as repl from '../../../core/protocol/repl-sync.ts';
import * as wdiff from '../../../core/protocol/wdiff-transfer.ts';
import * as wlog from '../../../core/protocol/wlog-transfer.ts';
import type { CompressOpt } from '../../../core/snapshot/host-info.ts';
import { readMetaSnap, readMetaState } from '../../../core/snapshot/meta-codec.ts';
import { readSnapshotInfo } from '../../../core/snapshot/snapshot-info.ts';
import { type Exchange, RememberingCodecs } from './golden-wire.ts';
import { scripted } from './pipe.ts';

/**
 * Recorded conversations between servers, held again: first by our server with the recorded client, which
 * gives us all that the client wanted to say, then by our client with the recorded server.
 *
 * The images of the archives are kept up to date along the way, so that hashes are those of the real content.
 */

/** What one pass of a conversation needs. */
interface Pass {
  readonly channel: Channel;
  /** The recorded server's words, in the order in which they are looked at. */
  readonly said: Reader;
  readonly codecs: RememberingCodecs;
  readonly image: Image;
}

/** Content of an archive's newest snapshot. */
export class Image {
  bytes = new Uint8Array(0);
  /** What it was after each copy and diff of replication. A base volume is at one of these. */
  readonly history: Uint8Array[] = [];

  resize(sizeLb: number): void {
    if (this.bytes.length >= sizeLb * 512) return;
    const grown = new Uint8Array(sizeLb * 512);
    grown.set(this.bytes);
    this.bytes = grown;
  }

  readonly read = async (addressLb: number, sizeLb: number): Promise<Uint8Array> =>
    this.bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);

  readonly write = async (addressLb: number, sizeLb: number, data: Uint8Array | null): Promise<void> => {
    this.bytes.set(data ?? new Uint8Array(sizeLb * 512), addressLb * 512);
  };

  async apply(pack: ReceivedPack, codecs: RememberingCodecs): Promise<void> {
    for (const record of pack.records) {
      const at = record.dataOffsetBytes;
      const stored = pack.data.subarray(at, at + record.dataSizeBytes);
      const job = {
        kind: 'decompress',
        type: record.compression,
        sizeBytes: record.sizeLb * 512,
        data: stored,
      } as const;
      const data = record.kind === 'normal' ? (await codecs.run([job]))[0] : null;
      await this.write(record.addressLb, record.sizeLb, data);
    }
  }
}

/** What our client then says with the recorded server; null where the recorded client gave up by design. */
type ClientPass = ((channel: Channel) => Promise<void>) | null;

export interface PeerRun {
  readonly serverSent: Uint8Array;
  readonly clientSent: Uint8Array | null;
  /** Bytes of the server that the client did not read. */
  readonly clientLeft: number;
  readonly serverError: unknown;
}

export async function runPeers(exchange: Exchange, image: Image): Promise<PeerRun> {
  // The recorded client answers hashes: let ours be sent before its answers are read.
  const script = scripted(exchange.client, () => 0);
  const patient = {
    ...script.connection,
    read: async (maxBytes: number) => {
      await new Promise((resolve) => setImmediate(resolve));
      return script.connection.read(maxBytes, '');
    },
  };
  const channel = new Channel(patient);
  const said = new Reader(exchange.server);
  const serverId = said.string();
  const verdict = said.string();
  const codecs = new RememberingCodecs();
  const negotiated = await negotiateAsServer(channel, serverId, () => verdict === 'ok');
  if (negotiated === null)
    return { serverSent: script.sent(), clientSent: null, clientLeft: 0, serverError: null };
  let clientPass: ClientPass = null;
  let serverError: unknown = null;
  try {
    clientPass = await serve(negotiated.protocol, { channel, said, codecs, image });
  } catch (error) {
    serverError = error;
  }
  const serverSent = script.sent();
  if (clientPass === null) return { serverSent, clientSent: null, clientLeft: 0, serverError };
  let read = 0;
  const answers = scripted(exchange.server, () => {
    read += 1;
    return 0;
  });
  const client = new Channel(answers.connection);
  if (negotiated.protocol !== 'get')
    await negotiateAsClient(client, negotiated.clientId, negotiated.protocol);
  await clientPass(client);
  const clientLeft = exchange.server.length - read;
  return { serverSent, clientSent: answers.sent(), clientLeft, serverError };
}

async function serve(protocol: string, pass: Pass): Promise<ClientPass> {
  switch (protocol) {
    case 'get':
      return serveHeartBeat(pass);
    case 'gather-latest-snap':
      return serveGather(pass);
    case 'dirty-full-sync3':
      return serveFullSync(pass);
    case 'dirty-hash-sync2':
      return serveHashSync(pass);
    case 'wlog-transfer':
      return serveWlog(pass);
    case 'wdiff-transfer':
      return serveWdiff(pass);
    case 'repl-sync3':
      return serveReplication(pass);
    default:
      throw new Error(`no such protocol in the recordings: ${protocol}`);
  }
}

async function serveHeartBeat({ channel, said }: Pass): Promise<ClientPass> {
  await receiveGet(channel);
  const reply = said.string();
  if (reply !== 'ok') await replyError(channel, withoutTrace(reply));
  else await replyValue(channel, said.string());
  return async (client) => {
    await askIsProxy(client, 's0');
  };
}

async function serveGather({ channel, said }: Pass): Promise<ClientPass> {
  const volIds = await gather.receiveGatherRequest(channel);
  said.string();
  const snaps = Array.from({ length: said.u64Number() }, () => readSnapshotInfo(said));
  await gather.replyLatestSnaps(channel, snaps);
  return async (client) => {
    await gather.askLatestSnaps(client, volIds);
  };
}

async function serveFullSync({ channel, said, codecs, image }: Pass): Promise<ClientPass> {
  const request = await backup.receiveBackupRequest(channel);
  const reply = said.string();
  if (reply !== 'accept') {
    await backup.refuseBackup(channel, withoutTrace(reply));
    return async (client) => {
      await backup.requestBackup(client, request);
    };
  }
  await fullSync.acceptFullSync(channel);
  const uuid = await backup.receiveLogUuid(channel);
  await backup.ackLogUuid(channel);
  const plan = { startLb: 0, sizeLb: request.sizeLb, bulkLb: request.bulkLb };
  const { compression } = request;
  image.resize(request.sizeLb);
  await receiveImage(channel, { plan, compression, codecs, writeChunk: image.write });
  const content = image.bytes.slice();
  await fullSync.ackImage(channel);
  const snap = await backup.receiveSyncedSnap(channel);
  await backup.finishSync(channel);
  return async (client) => {
    await backup.requestBackup(client, request);
    await backup.sendLogUuid(client, uuid);
    await fullSync.sendFullImage(client, { plan, compression, codecs, readChunk: readerOf(content) });
    await backup.sendSyncedSnap(client, snap);
  };
}

async function serveHashSync({ channel, said, codecs, image }: Pass): Promise<ClientPass> {
  const request = await backup.receiveBackupRequest(channel);
  said.string();
  const snapFrom = readMetaSnap(said);
  await hashSync.acceptHashSync(channel, snapFrom);
  const uuid = await backup.receiveLogUuid(channel);
  await backup.ackLogUuid(channel);
  const { compression, sizeLb, bulkLb, timestamp } = request;
  const plan = { sizeLb, bulkLb, seed: hashSync.hashSeedOf(timestamp) };
  const trueImage = await compare(channel, plan, image, codecs);
  const snap = await backup.receiveSyncedSnap(channel);
  await backup.finishSync(channel);
  return async (client) => {
    await backup.requestBackup(client, request);
    await hashSync.readSnapFrom(client);
    await backup.sendLogUuid(client, uuid);
    await sendDifferences(client, { plan, compression, codecs, readChunk: readerOf(trueImage) });
    await backup.sendSyncedSnap(client, snap);
  };
}

/** Hashes the image, brings it up to date, and returns the new content: that of the client. */
async function compare(
  channel: Channel,
  plan: HashPlan,
  image: Image,
  codecs: RememberingCodecs,
): Promise<Uint8Array> {
  image.resize(plan.sizeLb);
  const old = image.bytes.slice();
  await receiveDifferences(channel, {
    plan,
    readChunk: readerOf(old),
    onPack: (pack) => image.apply(pack, codecs),
  });
  return image.bytes.slice();
}

async function serveWlog({ channel, said, codecs }: Pass): Promise<ClientPass> {
  const request = await wlog.receiveWlogRequest(channel);
  const reply = said.string();
  if (reply !== 'accept') {
    await wlog.refuseWlog(channel, withoutTrace(reply));
    return async (client) => {
      await wlog.requestWlogTransfer(client, request);
    };
  }
  await wlog.acceptWlog(channel);
  const packs: wlog.LogPack[] = [];
  for await (const pack of wlog.receiveLogPacks(channel, request, codecs)) packs.push(pack);
  const diff = await wlog.receiveWlogDiff(channel);
  await wlog.finishWlog(channel);
  return async (client) => {
    await wlog.requestWlogTransfer(client, request);
    for (const pack of packs) await wlog.sendLogPack(client, pack, request, codecs);
    await wlog.finishWlogTransfer(client, diff);
  };
}

async function serveWdiff({ channel, said, codecs, image }: Pass): Promise<ClientPass> {
  const reply = said.string();
  let request: wdiff.WdiffRequest;
  try {
    request = await wdiff.receiveWdiffRequest(channel);
  } catch (error) {
    // What our server itself refuses must be what the recorded one refused, word for word.
    await wdiff.rejectWdiff(channel, (error as Error).message);
    return null;
  }
  if (reply !== 'accept') {
    await wdiff.rejectWdiff(channel, withoutTrace(reply));
    return async (client) => {
      await wdiff.requestWdiffTransfer(client, request);
    };
  }
  await wdiff.acceptWdiff(channel);
  const packs: ReceivedPack[] = [];
  await receivePacks(channel, request.sizeLb, async (pack) => {
    packs.push(pack);
    image.resize(request.sizeLb);
    await image.apply(pack, codecs);
  });
  await wdiff.finishWdiff(channel);
  return async (client) => {
    await wdiff.requestWdiffTransfer(client, request);
    await sendPacks(client, asSent(packs));
    await wdiff.readWdiffAck(client);
  };
}

function asSent(packs: readonly ReceivedPack[]) {
  return packs.map(({ header, records, data }) => ({ header, records, data: [data] }));
}

async function serveReplication(pass: Pass): Promise<ClientPass> {
  const { channel, said } = pass;
  const volId = await repl.receiveReplVolume(channel);
  const steps: Steps = [];
  steps.push((client) => repl.requestReplication(client, volId));
  if (said.string() !== 'accept') throw new Error('no recording is refused here');
  await repl.acceptReplication(channel);
  const lineage = await repl.receiveLineage(channel);
  steps.push(async (client) => {
    await repl.sayLineage(client, lineage);
  });
  const reply = said.string();
  if (reply !== 'accept') {
    await repl.refuseRepl(channel, withoutTrace(reply));
    return holdUntilRefused(steps);
  }
  const kind = (['full', 'resync', 'diffs'] as const)[said.u32()];
  await repl.sayKind(channel, kind);
  if (kind === 'full' && !(await serveFullPart(pass, steps))) return holdUntilRefused(steps);
  if (kind === 'resync') await serveResyncPart(pass, steps);
  for (;;) {
    await repl.sayLatest(channel, readMetaState(said));
    const decision = await repl.receiveDecision(channel);
    steps.push(async (client) => {
      await repl.readLatest(client);
      await repl.sayDecision(client, decision);
    });
    if (decision === 'stop') break;
    const goesOn = decision === 'hash' ? serveHashPart(pass, steps) : serveDiffPart(pass, steps);
    if (!(await goesOn)) return holdUntilRefused(steps);
  }
  await repl.finishReplication(channel);
  steps.push((client) => repl.readReplEnd(client));
  return hold(steps);
}

type Steps = ((client: Channel) => Promise<void>)[];

/** The steps of a client that comes to the end. */
function hold(steps: Steps): ClientPass {
  return async (client) => {
    for (const step of steps) await step(client);
  };
}

/** The steps of a client whose last one is refused. */
function holdUntilRefused(steps: Steps): ClientPass {
  return async (client) => {
    await hold(steps.slice(0, -1))?.(client);
    let refusal: unknown = null;
    await steps[steps.length - 1](client).catch((error) => {
      refusal = error;
    });
    if (!(refusal instanceof ProtocolError)) throw new Error('the client should have been refused');
  };
}

async function refusedPart({ channel, said }: Pass): Promise<boolean> {
  const reply = said.string();
  if (reply === 'ok') return false;
  await repl.refuseRepl(channel, withoutTrace(reply));
  return true;
}

async function serveFullPart(pass: Pass, steps: Steps): Promise<boolean> {
  const { channel, said, codecs, image } = pass;
  const offer = await replFull.receiveFullOffer(channel);
  if (await refusedPart(pass)) {
    steps.push(async (client) => {
      await replFull.offerFull(client, offer);
    });
    return false;
  }
  const startLb = said.u64Number();
  await replFull.acceptFull(channel, startLb);
  const plan = { startLb, sizeLb: offer.sizeLb, bulkLb: offer.bulkLb };
  const { compression } = offer;
  image.resize(offer.sizeLb);
  await receiveImage(channel, { plan, compression, codecs, writeChunk: image.write });
  await replFull.ackReplImage(channel);
  ack(said);
  const content = image.bytes.slice();
  image.history.push(content);
  steps.push(async (client) => {
    await replFull.offerFull(client, offer);
    await replFull.sendReplImage(client, { plan, compression, codecs, readChunk: readerOf(content) });
  });
  return true;
}

async function serveResyncPart(pass: Pass, steps: Steps): Promise<void> {
  const { channel, said } = pass;
  const offer = await replResync.receiveResyncOffer(channel);
  if (await refusedPart(pass)) throw new Error('no recording is refused here');
  await replResync.acceptResync(channel);
  useBase(pass, offer);
  const step = await serveComparison(pass, offer);
  steps.push(async (client) => {
    await replResync.offerResync(client, offer);
    await step(client);
  });
  skipHashes(said, offer);
}

async function serveHashPart(pass: Pass, steps: Steps): Promise<boolean> {
  const { channel, said } = pass;
  const offer = await replHash.receiveHashOffer(channel);
  if (await refusedPart(pass)) {
    steps.push((client) => replHash.offerHash(client, offer));
    return false;
  }
  await replHash.acceptHash(channel);
  const step = await serveComparison(pass, offer);
  steps.push(async (client) => {
    await replHash.offerHash(client, offer);
    await step(client);
  });
  skipHashes(said, offer);
  return true;
}

/** A resync hashes the base volume, not the newest snapshot: finds out which of the former images that is. */
function useBase({ said, image }: Pass, { sizeLb, bulkLb, hashSeed }: Comparison): void {
  const hashes = said.raw(17 * Math.ceil(sizeLb / bulkLb) + 1);
  said.offset -= hashes.length;
  const base = image.history.find((bytes) => {
    for (let i = 0; i * bulkLb < sizeLb; i++) {
      const chunk = new Uint8Array(Math.min(bulkLb, sizeLb - i * bulkLb) * 512);
      chunk.set(bytes.subarray(i * bulkLb * 512).subarray(0, chunk.length));
      if (!equalBytes(murmur3x64128(chunk, hashSeed), hashes.subarray(i * 17 + 1, i * 17 + 17))) return false;
    }
    return true;
  });
  if (base === undefined) throw new Error('the hashes are of no image that was sent before');
  image.bytes = base.slice();
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

interface Comparison {
  readonly sizeLb: number;
  readonly bulkLb: number;
  readonly hashSeed: number;
  readonly compression: CompressOpt;
}

async function serveComparison({ channel, codecs, image }: Pass, offer: Comparison) {
  const plan = { sizeLb: offer.sizeLb, bulkLb: offer.bulkLb, seed: offer.hashSeed };
  const trueImage = await compare(channel, plan, image, codecs);
  const { compression } = offer;
  return (client: Channel) =>
    sendDifferences(client, { plan, compression, codecs, readChunk: readerOf(trueImage) });
}

function skipHashes(said: Reader, { sizeLb, bulkLb }: Comparison): void {
  said.raw(17 * Math.ceil(sizeLb / bulkLb) + 1);
}

async function serveDiffPart(pass: Pass, steps: Steps): Promise<boolean> {
  const { channel, said, codecs, image } = pass;
  const offer = await replDiff.receiveDiffOffer(channel);
  if (await refusedPart(pass)) {
    steps.push((client) => replDiff.offerDiff(client, offer));
    return false;
  }
  await replDiff.acceptDiff(channel);
  const packs: ReceivedPack[] = [];
  await receivePacks(channel, offer.sizeLb, async (pack) => {
    packs.push(pack);
    image.resize(offer.sizeLb);
    await image.apply(pack, codecs);
  });
  image.history.push(image.bytes.slice());
  await replDiff.ackDiff(channel);
  ack(said);
  steps.push(async (client) => {
    await replDiff.offerDiff(client, offer);
    await sendPacks(client, asSent(packs));
    await replDiff.readDiffAck(client);
  });
  return true;
}

function ack(said: Reader): void {
  if (said.u32() !== 0x626c6177) throw new Error('an Ack is expected in the recording');
}

function readerOf(bytes: Uint8Array) {
  return async (addressLb: number, sizeLb: number) =>
    bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);
}
