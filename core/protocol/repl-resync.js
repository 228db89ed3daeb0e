import { writeCompressOpt } from '../snapshot/host-info.js';
import { writeMetaState } from '../snapshot/meta-codec.js';
import { verifyImageSize } from './backup-parts.js';
import { OK } from './negotiation.js';
import { expectOk } from './repl-full.js';
import { receiveCompressOpt } from './settings.js';
/**
 * The part of replication that turns another image into the client's oldest one by comparing hashes
 * (docs/protocols.md, "Resync"):
 *
 *     C> volume size, chunk size, oldest state, uuid, archive uuid, compression, seed
 *                                                               offerResync | receiveResyncOffer
 *     S> "ok"  or an error text and the end                                 | acceptResync, refuseRepl
 *     C> differences (hash-sync-stream.ts)                  sendDifferences | receiveDifferences
 *
 * The server writes them into its base image. There is no Ack: the client hears of the result by the state
 * that comes next.
 */
export const REPL_RESYNC_STEPS = {
    sendOffer: 'repl-resync.send-offer',
    size: 'repl-resync.size',
    bulk: 'repl-resync.bulk',
    oldest: 'repl-resync.oldest',
    uuid: 'repl-resync.uuid',
    archiveUuid: 'repl-resync.archive-uuid',
    compression: 'repl-resync.compression',
    seed: 'repl-resync.seed',
    sendOk: 'repl-resync.send-ok',
    reply: 'repl-resync.reply',
};
const STEPS = REPL_RESYNC_STEPS;
const WHO = 'runResyncReplServer';
/** Client: offers. Throws ProtocolError with the server's text when refused. */
export async function offerResync(channel, offer) {
    const { out } = channel;
    out.u64(offer.sizeLb);
    out.u64(offer.bulkLb);
    writeMetaState(out, offer.oldest);
    out.raw(offer.uuid);
    out.raw(offer.archiveUuid);
    writeCompressOpt(out, offer.compression);
    out.u32(offer.hashSeed);
    await channel.flush(STEPS.sendOffer);
    await expectOk(channel, STEPS.reply);
}
/** Server: reads the offer. */
export async function receiveResyncOffer(channel) {
    const sizeLb = await channel.readNumber(STEPS.size);
    const bulkLb = await channel.readNumber(STEPS.bulk);
    const oldest = await channel.readMetaState(STEPS.oldest);
    const uuid = await channel.readUuid(STEPS.uuid);
    const archiveUuid = await channel.readUuid(STEPS.archiveUuid);
    const compression = await receiveCompressOpt(channel, STEPS.compression);
    const hashSeed = await channel.readU32(STEPS.seed);
    verifyImageSize(sizeLb, bulkLb, WHO);
    return { sizeLb, bulkLb, oldest, uuid, archiveUuid, compression, hashSeed };
}
/** Server: go on. */
export async function acceptResync(channel) {
    channel.out.string(OK);
    await channel.flush(STEPS.sendOk);
}
