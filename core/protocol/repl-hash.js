import { writeCompressOpt } from '../snapshot/host-info.js';
import { writeMetaDiff } from '../snapshot/meta-codec.js';
import { verifyImageSize } from './backup-parts.js';
import { OK } from './negotiation.js';
import { expectOk } from './repl-full.js';
import { receiveCompressOpt } from './settings.js';
/**
 * The part of replication that makes a diff by comparing hashes, when the server is older than the client's
 * base (docs/protocols.md, "Hash replication"):
 *
 *     C> volume size, chunk size, diff, uuid, compression, seed      offerHash | receiveHashOffer
 *     S> "ok"  or an error text and the end                                    | acceptHash, refuseRepl
 *     C> differences (hash-sync-stream.ts)                     sendDifferences | receiveDifferences
 *
 * The diff leads from the server's latest snapshot to the client's oldest clean one and is a compared one.
 * There is no Ack: the client hears of the result by the state that comes next.
 */
export const REPL_HASH_STEPS = {
    sendOffer: 'repl-hash.send-offer',
    size: 'repl-hash.size',
    bulk: 'repl-hash.bulk',
    diff: 'repl-hash.diff',
    uuid: 'repl-hash.uuid',
    compression: 'repl-hash.compression',
    seed: 'repl-hash.seed',
    sendOk: 'repl-hash.send-ok',
    reply: 'repl-hash.reply',
};
const STEPS = REPL_HASH_STEPS;
const WHO = 'runHashReplServer';
/** Client: offers. Throws ProtocolError with the server's text when refused. */
export async function offerHash(channel, offer) {
    const { out } = channel;
    out.u64(offer.sizeLb);
    out.u64(offer.bulkLb);
    writeMetaDiff(out, offer.diff);
    out.raw(offer.uuid);
    writeCompressOpt(out, offer.compression);
    out.u32(offer.hashSeed);
    await channel.flush(STEPS.sendOffer);
    await expectOk(channel, STEPS.reply);
}
/** Server: reads the offer. */
export async function receiveHashOffer(channel) {
    const sizeLb = await channel.readNumber(STEPS.size);
    const bulkLb = await channel.readNumber(STEPS.bulk);
    const diff = await channel.readMetaDiff(STEPS.diff);
    const uuid = await channel.readUuid(STEPS.uuid);
    const compression = await receiveCompressOpt(channel, STEPS.compression);
    const hashSeed = await channel.readU32(STEPS.seed);
    verifyImageSize(sizeLb, bulkLb, WHO);
    return { sizeLb, bulkLb, diff, uuid, compression, hashSeed };
}
/** Server: go on. */
export async function acceptHash(channel) {
    channel.out.string(OK);
    await channel.flush(STEPS.sendOk);
}
