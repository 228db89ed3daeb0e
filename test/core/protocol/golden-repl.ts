import { murmur3x64128 } from '../../../core/engine/murmur3.ts';
import { ProtocolError } from '../../../core/errors.ts';
import type { Reader } from '../../../core/format/serializer.ts';
import { type Channel, withoutTrace } from '../../../core/protocol/channel.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import { sendDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import { type ReceivedPack, receivePacks, sendPacks } from '../../../core/protocol/pack-stream.ts';
import * as replDiff from '../../../core/protocol/repl-diff.ts';
import * as replFull from '../../../core/protocol/repl-full.ts';
import * as replHash from '../../../core/protocol/repl-hash.ts';
import * as replResync from '../../../core/protocol/repl-resync.ts';
import * as repl from '../../../core/protocol/repl-sync.ts';
import type { CompressOpt } from '../../../core/snapshot/host-info.ts';
import { readMetaState } from '../../../core/snapshot/meta-codec.ts';
import { asSent, type ClientPass, compare, type Pass, readerOf } from './golden-image.ts';

/** Recorded replications, held again. */

export async function serveReplication(pass: Pass): Promise<ClientPass> {
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
