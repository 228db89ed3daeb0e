import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { Mutex } from '../shared/mutex.js';
/**
 * A volume that takes reads and writes of any logical blocks, whatever its physical block: diffs of a device with blocks of
 * 512 bytes may go to a volume with 4096. A range that does not fill its physical blocks is put between what they
 * hold; such writes go one after another, since two may meet in one block.
 */
export function alignedDevice(device) {
    const blockLb = device.physicalBlockBytes / LOGICAL_BLOCK_BYTES;
    if (blockLb === 1)
        return device;
    const patching = new Mutex();
    return {
        physicalBlockBytes: device.physicalBlockBytes,
        supportsFlush: device.supportsFlush,
        supportsDiscard: device.supportsDiscard,
        sizeLb: () => device.sizeLb(),
        read: async (addressLb, sizeLb, step) => {
            const begin = Math.floor(addressLb / blockLb) * blockLb;
            const end = Math.ceil((addressLb + sizeLb) / blockLb) * blockLb;
            const bytes = await device.read(begin, end - begin, step);
            const from = (addressLb - begin) * LOGICAL_BLOCK_BYTES;
            return bytes.subarray(from, from + sizeLb * LOGICAL_BLOCK_BYTES);
        },
        flush: (step) => device.flush(step),
        close: () => device.close(),
        write: (addressLb, data, step) => {
            const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
            if (addressLb % blockLb === 0 && sizeLb % blockLb === 0)
                return device.write(addressLb, data, step);
            return patching.run(() => patch(device, blockLb, addressLb, data, step));
        },
        discard: async (addressLb, sizeLb, step) => {
            const begin = Math.ceil(addressLb / blockLb) * blockLb;
            const end = Math.floor((addressLb + sizeLb) / blockLb) * blockLb;
            if (begin < end)
                await device.discard(begin, end - begin, step);
        },
    };
}
async function patch(device, blockLb, addressLb, data, step) {
    const endLb = addressLb + data.length / LOGICAL_BLOCK_BYTES;
    const begin = Math.floor(addressLb / blockLb) * blockLb;
    const end = Math.ceil(endLb / blockLb) * blockLb;
    const blocks = new Uint8Array((end - begin) * LOGICAL_BLOCK_BYTES);
    const readBlock = async (atLb) => {
        blocks.set(await device.read(atLb, blockLb, step), (atLb - begin) * LOGICAL_BLOCK_BYTES);
    };
    const lastLb = end - blockLb;
    if (begin < addressLb)
        await readBlock(begin);
    if (endLb < end && (lastLb > begin || begin === addressLb))
        await readBlock(lastLb);
    blocks.set(data, (addressLb - begin) * LOGICAL_BLOCK_BYTES);
    await device.write(begin, blocks, step);
}
