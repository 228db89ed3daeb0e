import { StateError } from '../../errors.js';
import { isCleanSnap, makeSnap, makeState } from '../../snapshot/meta.js';
import { LvWriter } from './lv-writer.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { forgetZeros, oweZeros } from './zero-clear.js';
/** The base image as a whole: making it, growing it, choosing where a copy begins. */
/**
 * Makes the base ready for an image of `sizeLb` of which everything before `startLb` is there: what zero chunks
 * pass over reads as zeros on thin volumes, and what is behind the image reads as zeros everywhere. A base that
 * is larger (stores round sizes up) is taken as it is (docs/differences.md).
 */
export async function prepareBase(volume, options, sizeLb, startLb) {
    const { lvs } = volume;
    if (sizeLb === 0)
        throw new StateError(`createLv:sizeLb is zero:${volume.volId}`);
    await forgetZeros(volume);
    let isNew = false;
    if (lvs.baseLb === null) {
        if (startLb > 0)
            throw new StateError(`createLv:no base image to go on with:${volume.volId}`);
        await lvs.create(lvs.baseName, sizeLb, STEPS.createBase);
        isNew = true;
    }
    else if (lvs.baseLb < sizeLb) {
        await lvs.grow(lvs.baseName, sizeLb, STEPS.growBase);
    }
    else if (lvs.baseLb > sizeLb) {
        volume.world.log.warning(`the base image is larger than needed:${volume.volId}:${lvs.baseLb}:${sizeLb}`);
    }
    const device = await lvs.open(lvs.baseName, 'write', STEPS.openBase);
    try {
        const endLb = device.sizeLb();
        if (lvs.isThin && !isNew)
            await discardRange(device, startLb, endLb, options);
        else if (!lvs.isThin)
            await zeroRange(device, sizeLb, endLb, options);
    }
    finally {
        device.close();
    }
}
async function discardRange(device, beginLb, endLb, options) {
    if (beginLb >= endLb)
        return;
    if (!device.supportsDiscard)
        return zeroRange(device, beginLb, endLb, options);
    const blockLb = device.physicalBlockBytes / 512;
    const alignedLb = Math.min(endLb, Math.ceil(beginLb / blockLb) * blockLb);
    if (beginLb < alignedLb)
        await zeroRange(device, beginLb, alignedLb, options);
    if (alignedLb < endLb)
        await device.discard(alignedLb, endLb - alignedLb, STEPS.discardBase);
    await device.flush(STEPS.syncBase);
}
async function zeroRange(device, beginLb, endLb, options) {
    if (beginLb >= endLb)
        return;
    const writer = new LvWriter(device, {
        writeStep: STEPS.zeroBase,
        flushStep: STEPS.syncBase,
        flushIntervalBytes: options.fsyncIntervalBytes,
    });
    try {
        await writer.writeZeros(beginLb, endLb - beginLb);
        await writer.flush();
    }
    finally {
        await writer.close();
    }
}
/** Grows the base when it is smaller than a peer's volume and the options allow it. */
export async function autoResize(volume, options, sizeLb) {
    if (!options.doAutoResize || volume.lvs.baseLb === null)
        return;
    await growBase(volume, sizeLb, STEPS.growBase, true);
}
/**
 * Grows the base unless it is as large already. What a thick store gives is old data of others: with `doClear` it
 * reads as zeros from now on, and is cleared before anybody writes there. Thin volumes grow by zeros anyway.
 */
export async function growBase(volume, sizeLb, step, doClear) {
    const { lvs } = volume;
    await volume.imageMutex.run(async () => {
        const oldLb = requireBaseLb(volume, 'growBase');
        if (sizeLb <= oldLb)
            return;
        if (doClear && !lvs.isThin)
            await oweZeros(volume, oldLb);
        await lvs.grow(lvs.baseName, sizeLb, step);
    });
}
/** Throws StateError when the base is smaller than a peer's volume; a larger one is logged. */
export function verifyVolumeSize(volume, sizeLb) {
    const ownLb = requireBaseLb(volume, 'verifyVolumeSize');
    if (ownLb > sizeLb) {
        volume.world.log.warning(`verifyVolumeSize:the base is larger:${volume.volId}:${sizeLb}:${ownLb}`);
    }
    else if (ownLb < sizeLb) {
        throw new StateError(`verifyVolumeSize:volume size is smaller than the received size:${volume.volId}:${sizeLb}:${ownLb}`);
    }
}
/** Size of the base. Throws StateError `FUNC:base image does not exist:VOL`. */
export function requireBaseLb(volume, func) {
    const { baseLb } = volume.lvs;
    if (baseLb === null)
        throw new StateError(`${func}:base image does not exist:${volume.volId}`);
    return baseLb;
}
/**
 * The image from which a clean snapshot is made with the fewest diffs: the newest cold snapshot at or before it,
 * if that is newer than the base, else the base. Call it while holding the image mutex, and use what it returns
 * before letting go.
 */
export async function chooseOrigin(volume, gid) {
    const { lvs, files } = volume;
    const base = await files.loadBase();
    const found = await newestCold(volume, base, gid);
    if (found === null)
        return { name: lvs.baseName, state: base, coldGid: null };
    return {
        name: lvs.coldName(found.gid),
        state: makeState(makeSnap(found.gid), found.timestamp),
        coldGid: found.gid,
    };
}
/** The newest cold snapshot behind the base and not behind `gid` whose time is known. */
export async function newestCold(volume, base, gid) {
    const candidates = volume.lvs.gids('cold').filter((cold) => cold <= gid && cold > (base.snapB.gidB ?? -1));
    for (const cold of candidates.reverse()) {
        try {
            return { gid: cold, timestamp: await volume.files.loadColdTime(cold) };
        }
        catch {
            volume.world.log.warning(`cold snapshot without time is not used:${volume.volId}:${cold}`);
        }
    }
    return null;
}
/** Whether a state is exactly the clean snapshot of a gid. */
export function isAt(state, gid) {
    return !state.isApplying && isCleanSnap(state.snapB) && state.snapB.gidB === gid;
}
