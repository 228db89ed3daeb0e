import { packPieces } from '../engine/pack-image.js';
import { FormatError, ProtocolError } from '../errors.js';
import { PACK_HEADER_BYTES } from '../format/sorted-wdiff.js';
import { endLb } from '../format/wdiff-record.js';
import { CONTROL } from './channel.js';
import { checkStop } from './chunks.js';
import { checkPackData, checkPackHeader, MAX_PACK_BYTES } from './packs.js';
/**
 * A diff, one way (docs/protocols.md, "Packs"):
 *
 *     C> Next, size, pack         for each pack
 *     C> End
 *
 * A pack is a header block of 4096 bytes and the stored data of its records. Packs ascend by address.
 */
export const PACK_STREAM_STEPS = {
    sendPack: 'pack-stream.send-pack',
    sendEnd: 'pack-stream.send-end',
    control: 'pack-stream.control',
    size: 'pack-stream.size',
    header: 'pack-stream.header',
    data: 'pack-stream.data',
};
const STEPS = PACK_STREAM_STEPS;
/** Client: sends packs and the end. Throws AbortedError when told to stop; the caller drops the connection. */
export async function sendPacks(channel, packs, hooks = {}) {
    checkStop(hooks);
    for await (const pack of packs) {
        checkStop(hooks);
        await sendPack(channel, pack);
        hooks.onProgress?.(endLb(pack.ios[pack.ios.length - 1]));
    }
    await sendEnd(channel);
}
/** One unit: Next, size, pack. */
export async function sendPack(channel, pack) {
    const { sizeBytes } = pack;
    if (sizeBytes > MAX_PACK_BYTES) {
        throw new FormatError(`too large pack size: at most ${MAX_PACK_BYTES} bytes can be sent, got ${sizeBytes}`);
    }
    channel.out.u8(CONTROL.next);
    channel.out.u64(sizeBytes);
    for (const piece of packPieces(pack))
        await channel.writeBytes(piece, STEPS.sendPack);
    await channel.flush(STEPS.sendPack);
}
export async function sendEnd(channel) {
    channel.out.u8(CONTROL.end);
    await channel.flush(STEPS.sendEnd);
}
/**
 * Server: receives packs until the end. `limitLb` is the size of the volume they are for (null: unknown).
 * Throws FormatError for a pack that is not whole or not in order, ProtocolError for another control byte.
 */
export async function receivePacks(channel, limitLb, onPack, hooks = {}) {
    let reachedLb = 0;
    for (;;) {
        checkStop(hooks);
        const control = await channel.readControl(STEPS.control);
        if (control === CONTROL.end)
            return;
        if (control !== CONTROL.next)
            throw new ProtocolError(`bad ctrl not end:${control} at ${STEPS.control}`);
        const pack = await receivePack(channel, reachedLb, limitLb);
        await onPack(pack);
        reachedLb = endLb(pack.records[pack.records.length - 1]);
        hooks.onProgress?.(reachedLb);
    }
}
/** Size and pack, behind a Next. Nothing is allocated for data before the header was found whole. */
export async function receivePack(channel, fromLb, limitLb) {
    const sizeBytes = await channel.readNumber(STEPS.size);
    if (sizeBytes < PACK_HEADER_BYTES || sizeBytes > MAX_PACK_BYTES) {
        const range = `${PACK_HEADER_BYTES} to ${MAX_PACK_BYTES}`;
        throw new FormatError(`too large pack size: a pack of ${range} bytes is expected, got ${sizeBytes}`);
    }
    const header = await channel.readBytes(PACK_HEADER_BYTES, STEPS.header);
    const records = checkPackHeader(header, sizeBytes, fromLb, limitLb);
    const data = await channel.readBytes(sizeBytes - PACK_HEADER_BYTES, STEPS.data);
    checkPackData(records, data);
    return { header, records, data };
}
