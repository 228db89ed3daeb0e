import { uuidEquals } from '../../format/uuid.js';
import { stateEquals } from '../../snapshot/meta.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { LvWriter } from './lv-writer.js';
import { ACTION } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { checkAborted } from './volume.js';
/**
 * Writing the new part of a base image with zeros so that nothing cuts it for good (docs/operations.md, "Resizing"):
 * a durable file says from where on before the image grows, and goes when the zeros are durable. Until then nobody
 * writes behind that address, the record of the base does not change, and readers of the image see zeros there.
 */
/**
 * Says durably that everything from `beginLb` on is to become zeros, besides what is owed already. Call it while
 * holding the image mutex, before the image grows.
 */
export async function oweZeros(volume, beginLb) {
    const { files } = volume;
    const firstLb = Math.min(beginLb, volume.unclearedLb ?? beginLb);
    const owed = {
        base: await files.loadBase(),
        beginLb: firstLb,
        archiveUuid: await files.loadArchiveUuid(),
    };
    // Also when the save fails: the file may be there nevertheless.
    volume.unclearedLb = firstLb;
    await files.saveZeroClear(owed);
}
/**
 * Holds the image mutex while nothing is owed: for whoever copies the image, writes into it or changes its record.
 * A peer's larger volume may let the image grow whenever nobody holds the mutex.
 */
export async function withZerosPaid(server, volume, use) {
    for (;;) {
        await payZeros(server, volume);
        const done = await volume.imageMutex.run(async () => volume.unclearedLb === null ? { value: await use() } : null);
        if (done !== null)
            return done.value;
    }
}
/**
 * Writes the zeros that are owed, if any; they are durable when it returns. Call it without the image mutex, where no
 * other action runs that it could meet. Throws AbortedError when the volume is stopped by force: what is owed stays so.
 */
export function payZeros(server, volume) {
    // An apply and a restore may run side by side.
    return volume.zeroMutex.run(() => pay(server, volume));
}
async function pay(server, volume) {
    const { lvs, imageMutex } = volume;
    if (volume.unclearedLb === null)
        return;
    let doneLb = volume.unclearedLb;
    // A peer's larger volume may let the image grow meanwhile: readers saw zeros there, so they must come.
    const isPaid = async () => {
        if (doneLb < (lvs.baseLb ?? 0))
            return false;
        await forgetZeros(volume);
        return true;
    };
    while (!(await imageMutex.run(isPaid)))
        doneLb = await writeZeros(server, volume, doneLb);
}
/** Nothing is owed any more, durably: the zeros are there, or the image is replaced as a whole. */
export async function forgetZeros(volume) {
    if (volume.unclearedLb === null)
        return;
    await volume.files.removeZeroClear();
    volume.unclearedLb = null;
}
/** At start-up: finds out what is owed. What is owed to an image that is no more, or has gone on, is forgotten. */
export async function loadOwedZeros(volume) {
    const { files, lvs, world } = volume;
    const owed = await files.loadZeroClear();
    if (owed === null)
        return;
    volume.unclearedLb = owed.beginLb;
    const isSame = lvs.baseLb !== null &&
        stateEquals(owed.base, await files.loadBase()) &&
        uuidEquals(owed.archiveUuid, await files.loadArchiveUuid());
    if (isSame)
        return;
    world.log.warning(`the image is not the one that was to be cleared from ${owed.beginLb} on:${volume.volId}`);
    await forgetZeros(volume);
}
/** Behind start-up: goes on with a resize that was cut, beside everything that a resize allows. */
export function resumeZeros(server, volume) {
    if (volume.unclearedLb === null)
        return;
    volume.world.log.warning(`an interrupted zeroclear goes on:${volume.volId}:${volume.unclearedLb}`);
    const end = volume.actions.begin(ACTION.resize);
    server.group.start(`zeroclear:${volume.volId}`, () => payZeros(server, volume).finally(end));
}
/** The base image for reading: what is owed reads as zeros already. */
export async function openBaseToRead(volume, step) {
    const { lvs, unclearedLb } = volume;
    const device = await lvs.open(lvs.baseName, 'read', step);
    return unclearedLb === null ? device : zerosFrom(device, unclearedLb);
}
function zerosFrom(device, beginLb) {
    const { physicalBlockBytes, supportsFlush, supportsDiscard, pieceBytes } = device;
    return {
        ...{ physicalBlockBytes, supportsFlush, supportsDiscard },
        ...(pieceBytes === undefined ? {} : { pieceBytes }),
        sizeLb: () => device.sizeLb(),
        read: async (addressLb, sizeLb, step) => {
            const found = await device.read(addressLb, sizeLb, step);
            if (addressLb + sizeLb <= beginLb)
                return found;
            // The view may be shared: not to be written into.
            return found.slice().fill(0, Math.max(0, beginLb - addressLb) * LOGICAL_BLOCK_BYTES);
        },
        write: (addressLb, data, step, options) => device.write(addressLb, data, step, options),
        flush: (step) => device.flush(step),
        discard: (addressLb, sizeLb, step) => device.discard(addressLb, sizeLb, step),
        close: () => device.close(),
    };
}
/** Pieces between which a stop is noticed. */
const PIECE_LB = 8192;
/** Zeros from `beginLb` to the end of the image, durably. Returns where that was. */
async function writeZeros(server, volume, beginLb) {
    const device = await volume.lvs.open(volume.lvs.baseName, 'write', STEPS.resizeOpen);
    const writer = new LvWriter(device, {
        writeStep: STEPS.resizeZero,
        flushStep: STEPS.resizeFlush,
        flushIntervalBytes: server.options.fsyncIntervalBytes,
    });
    try {
        const endLb = device.sizeLb();
        for (let at = beginLb; at < endLb; at += PIECE_LB) {
            checkAborted(server, volume, 'c2aResizeServer');
            await writer.writeZeros(at, Math.min(PIECE_LB, endLb - at));
        }
        await writer.flush();
        return endLb;
    }
    finally {
        await writer.close();
    }
}
