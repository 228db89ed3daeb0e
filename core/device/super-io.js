import { errorText, FormatError, IoError, StateError } from '../errors.js';
import { lbPerPb } from '../format/physical-block.js';
import { decodeSuperSector, encodeSuperSector, NAME_FIELD_BYTES, ringBufferOffsetPb, ringBufferSizePb, superSectorOffsetPb, } from '../format/super-sector.js';
import { UUID_BYTES } from '../format/uuid.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { DEVICE_STEPS } from './steps.js';
/** A ring must hold at least a header and one block of data. */
const MIN_RING_PB = 2;
/** Where super sector 0 is on its device. */
export function superAddressLb(pbs) {
    return superSectorOffsetPb(pbs) * lbPerPb(pbs);
}
/** The raw physical block that holds super sector 0. */
export function readSuperBlock(ldev, step) {
    const pbs = ldev.physicalBlockBytes;
    return ldev.read(superAddressLb(pbs), lbPerPb(pbs), step);
}
/** Writes super sector 0 so that it is durable, after everything that completed before. */
export function writeSuperBlock(ldev, block, step) {
    return ldev.write(superAddressLb(ldev.physicalBlockBytes), block, step, durably(ldev));
}
/** Write options that leave the write, and everything completed before, durable on completion. */
export function durably(device) {
    return device.supportsFlush ? { preflush: true, fua: true } : {};
}
/** A salt that is not 0, with which zeros would pass as valid, and not `other`. */
export function newSalt(random, other = 0) {
    const bytes = random.bytes('device.salt', 4);
    let salt = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    while (salt === 0 || salt === other)
        salt = (salt + 1) >>> 0;
    return salt;
}
export function newUuid(random) {
    return random.bytes('device.uuid', UUID_BYTES).slice();
}
/**
 * Formats a log device for a data device: writes its super sector (lsids 0, new uuid and salt) and nothing
 * else, but for discarding the whole device first when `discard` is asked and possible. The name is cut to 31
 * bytes. Returns the super sector as read back. Throws StateError when the two do not fit, IoError.
 * See docs/operations.md, "wdevc format-ldev".
 */
export async function formatLdev(options) {
    const { ldev, ddev, random } = options;
    const pbs = ldev.physicalBlockBytes;
    if (pbs !== ddev.physicalBlockBytes)
        throw new StateError('pbs size differ');
    const ringSizePb = ringBufferSizePb(ldev.sizeLb(), pbs);
    if (ringSizePb < MIN_RING_PB) {
        const needLb = (ringBufferOffsetPb(pbs) + MIN_RING_PB) * lbPerPb(pbs);
        throw new StateError(`a log device must have at least ${needLb} blocks, got ${ldev.sizeLb()}`);
    }
    if (options.discard === true && ldev.supportsDiscard)
        await discardAll(ldev);
    const sector = {
        physicalBlockBytes: pbs,
        metadataSizePb: 0,
        salt: newSalt(random),
        uuid: newUuid(random),
        name: cutName(options.name ?? ''),
        ringBufferSizePb: ringSizePb,
        oldestLsid: 0,
        writtenLsid: 0,
        deviceSizeLb: ddev.sizeLb(),
    };
    await ldev.write(superAddressLb(pbs), encodeSuperSector(sector), DEVICE_STEPS.formatSuper);
    const written = decodeSuperSector(await readSuperBlock(ldev, DEVICE_STEPS.formatVerify));
    if (ldev.supportsFlush)
        await ldev.flush(DEVICE_STEPS.formatFlush);
    return written;
}
/** Failing to discard is no failure: the first block tells whether it works. */
async function discardAll(ldev) {
    try {
        await ldev.discard(0, ldev.physicalBlockBytes / LOGICAL_BLOCK_BYTES, DEVICE_STEPS.formatDiscardProbe);
    }
    catch (error) {
        if (error instanceof IoError)
            return;
        throw error;
    }
    await ldev.discard(0, ldev.sizeLb(), DEVICE_STEPS.formatDiscard);
}
/** At most 31 bytes, whole characters. */
function cutName(name) {
    let cut = name;
    while (new TextEncoder().encode(cut).length >= NAME_FIELD_BYTES)
        cut = cut.slice(0, -1);
    return cut;
}
/**
 * Reads super sector 0, writes it back (which proves that the device can be written, and makes durable
 * whatever its cache still holds of an earlier life) and compares. Throws StateError unless it is a valid
 * super sector that fits both devices: nothing is ever formatted silently.
 */
export async function openSuper(ldev, ddev) {
    const pbs = ldev.physicalBlockBytes;
    if (pbs !== ddev.physicalBlockBytes)
        throw new StateError('pbs size differ');
    const block = await readSuperBlock(ldev, DEVICE_STEPS.openSuper);
    let sector;
    try {
        sector = decodeSuperSector(block);
    }
    catch (error) {
        if (error instanceof FormatError)
            throw new StateError(`read super sector failed: ${errorText(error)}`);
        throw error;
    }
    if (sector.ringBufferSizePb < MIN_RING_PB || ringEndLb(sector) > ldev.sizeLb()) {
        throw new StateError(`the ring buffer of ${sector.ringBufferSizePb} blocks must fit on the log device of ${ldev.sizeLb()} logical blocks`);
    }
    if (sector.deviceSizeLb > ddev.sizeLb()) {
        throw new StateError(`the data device must have at least ${sector.deviceSizeLb} blocks, got ${ddev.sizeLb()}`);
    }
    await writeSuperBlock(ldev, block, DEVICE_STEPS.openWriteBack);
    const again = await readSuperBlock(ldev, DEVICE_STEPS.openVerify);
    if (again.some((byte, i) => byte !== block[i])) {
        throw new StateError('the super sector must read as it was written');
    }
    return sector;
}
function ringEndLb(sector) {
    const pbs = sector.physicalBlockBytes;
    return (ringBufferOffsetPb(pbs, sector.metadataSizePb) + sector.ringBufferSizePb) * lbPerPb(pbs);
}
