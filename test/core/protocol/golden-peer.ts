import { Reader } from '../../../core/format/serializer.ts';
import * as backup from '../../../core/protocol/backup-parts.ts';
import { Channel, withoutTrace } from '../../../core/protocol/channel.ts';
import { replyError, replyValue } from '../../../core/protocol/command.ts';
import * as fullSync from '../../../core/protocol/dirty-full-sync.ts';
import * as hashSync from '../../../core/protocol/dirty-hash-sync.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import * as gather from '../../../core/protocol/gather-latest-snap.ts';
import { receiveGet } from '../../../core/protocol/get.ts';
import { sendDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import { askIsProxy } from '../../../core/protocol/heart-beat.ts';
import { negotiateAsClient, negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { type ReceivedPack, receivePacks, sendPacks } from '../../../core/protocol/pack-stream.ts';
import * as wdiff from '../../../core/protocol/wdiff-transfer.ts';
import * as wlog from '../../../core/protocol/wlog-transfer.ts';
import { readMetaSnap } from '../../../core/snapshot/meta-codec.ts';
import { readSnapshotInfo } from '../../../core/snapshot/snapshot-info.ts';
import { asSent, type ClientPass, compare, type Image, type Pass, readerOf } from './golden-image.ts';
import { serveReplication } from './golden-repl.ts';
import { type Exchange, RememberingCodecs } from './golden-wire.ts';
import { scripted } from './pipe.ts';

/**
 * Recorded conversations between servers, held again: first by our server with the recorded client, which
 * gives us all that the client wanted to say, then by our client with the recorded server.
 *
 * The images of the archives are kept up to date along the way, so that hashes are those of the real content.
 */

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
