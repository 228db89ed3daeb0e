import { murmur3x64128 } from '../engine/murmur3.js';
import { isAllZero, NO_DATA } from '../engine/plain-io.js';
import { ProtocolError } from '../errors.js';
import { endLb } from '../format/wdiff-record.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { CONTROL } from './channel.js';
import { checkStop, readWhole } from './chunks.js';
import { receivePack, sendEnd, sendPack } from './pack-stream.js';
import { compressPack, PackBuilder } from './packs.js';
/**
 * Bringing an old image up to date by comparing hashes (docs/protocols.md, "Hashes"). The client has the true
 * data, the server the old image. Both directions run at once:
 *
 *     S> Next, hash of its chunk      for each chunk; then End, or Error when it cannot read
 *     C> Dummy                        for each hash, at once, so that silence means trouble
 *     C> Next, size, pack             when a pack of differing chunks is full or its first is 256 MiB behind
 *     C> Next, size, pack             the last one, if any; then End
 *
 * The hash is MurmurHash3 (x64, 128 bits) with a seed that both know. A differing chunk is one record.
 */
export const HASH_SYNC_STREAM_STEPS = {
    sendHash: 'hash-sync-stream.send-hash',
    sendHashEnd: 'hash-sync-stream.send-hash-end',
    hashControl: 'hash-sync-stream.hash-control',
    hash: 'hash-sync-stream.hash',
    sendDummy: 'hash-sync-stream.send-dummy',
    control: 'hash-sync-stream.control',
};
const STEPS = HASH_SYNC_STREAM_STEPS;
const CLIENT = 'dirtyHashSyncClient';
const SERVER = 'dirtyHashSyncServer';
/** A pack is sent when the present chunk is this far behind its first. */
const PACK_SPAN_LB = (256 * MIB) / LOGICAL_BLOCK_BYTES;
/** Client: reads the server's hashes and answers with what differs. */
export async function sendDifferences(channel, image) {
    const { sizeLb, bulkLb, seed } = image.plan;
    const builder = new PackBuilder();
    const sendCollected = async () => {
        await sendPack(channel, await compressPack(builder.take(), image.compression, image.codecs));
    };
    let addressLb = 0;
    for (;;) {
        checkStop(image);
        const control = await channel.readControl(STEPS.hashControl);
        if (control !== CONTROL.next) {
            if (addressLb < sizeLb) {
                throw new ProtocolError(`${CLIENT}:no next but remainingLb is not zero:${sizeLb - addressLb}`);
            }
            if (!builder.isEmpty)
                await sendCollected();
            if (control !== CONTROL.end)
                throw new ProtocolError(`${CLIENT}:the server could not read its image`);
            await sendEnd(channel);
            return;
        }
        if (addressLb >= sizeLb)
            throw new ProtocolError(`${CLIENT}:has next but remainingLb is zero`);
        const theirs = await channel.readHash(STEPS.hash);
        const chunkLb = Math.min(bulkLb, sizeLb - addressLb);
        channel.out.u8(CONTROL.dummy);
        await channel.flush(STEPS.sendDummy);
        const data = await readWhole(image.readChunk, addressLb, chunkLb);
        if (!builder.isEmpty && addressLb - builder.firstAddressLb >= PACK_SPAN_LB)
            await sendCollected();
        if (!hashEquals(murmur3x64128(data, seed), theirs)) {
            if (!builder.fits(data.length))
                await sendCollected();
            builder.add(chunkIo(addressLb, chunkLb, data));
        }
        addressLb += chunkLb;
        image.onProgress?.(addressLb);
        await image.throttle?.(chunkLb);
    }
}
/**
 * Server: sends the hashes of its image and stores what the client sends back, at the same time: each side
 * would block for ever if it only did one. Returns when the client has compared every chunk. On an error the
 * channel is closed, so that the other direction ends too.
 */
export async function receiveDifferences(channel, image) {
    const errors = [];
    const progress = { hashesSent: 0 };
    const direction = async (work) => {
        try {
            await work;
        }
        catch (error) {
            errors.push(error);
            channel.close();
        }
    };
    await Promise.all([
        direction(sendHashes(channel, image, progress)),
        direction(receiveChanges(channel, image, progress)),
    ]);
    if (errors.length > 0)
        throw errors[0];
}
async function sendHashes(channel, image, progress) {
    const { sizeLb, bulkLb, seed } = image.plan;
    for (let addressLb = 0; addressLb < sizeLb; addressLb += bulkLb) {
        checkStop(image);
        const chunkLb = Math.min(bulkLb, sizeLb - addressLb);
        let hash;
        try {
            hash = murmur3x64128(await readWhole(image.readChunk, addressLb, chunkLb), seed);
        }
        catch (error) {
            channel.out.u8(CONTROL.error);
            await channel.flush(STEPS.sendHashEnd);
            throw error;
        }
        channel.out.u8(CONTROL.next);
        channel.out.raw(hash);
        // Counted before it leaves: the answer may be here before the flush returns.
        progress.hashesSent += 1;
        await channel.flush(STEPS.sendHash);
        image.onProgress?.(addressLb + chunkLb);
    }
    channel.out.u8(CONTROL.end);
    await channel.flush(STEPS.sendHashEnd);
}
async function receiveChanges(channel, image, progress) {
    const { sizeLb, bulkLb } = image.plan;
    const chunkCount = Math.ceil(sizeLb / bulkLb);
    let compared = 0;
    let reachedLb = 0;
    for (;;) {
        checkStop(image);
        const control = await channel.readControl(STEPS.control);
        if (control === CONTROL.dummy) {
            compared += 1;
            if (compared > progress.hashesSent) {
                throw new ProtocolError(`${SERVER}:${progress.hashesSent} hashes were sent, the client read ${compared}`);
            }
        }
        else if (control === CONTROL.next) {
            const pack = await receivePack(channel, reachedLb, sizeLb);
            await image.onPack(pack);
            reachedLb = endLb(pack.records[pack.records.length - 1]);
        }
        else if (control === CONTROL.end) {
            if (compared === chunkCount)
                return;
            throw new ProtocolError(`${SERVER}:the client ended after ${compared} of ${chunkCount} chunks`);
        }
        else {
            throw new ProtocolError(`${SERVER}:the client gave up`);
        }
    }
}
/** An IO of a whole chunk; zeros carry no data. */
function chunkIo(addressLb, sizeLb, data) {
    if (isAllZero(data))
        return { addressLb, sizeLb, kind: 'zero', data: NO_DATA };
    return { addressLb, sizeLb, kind: 'normal', data };
}
function hashEquals(a, b) {
    for (let i = 0; i < a.length; i++)
        if (a[i] !== b[i])
            return false;
    return true;
}
