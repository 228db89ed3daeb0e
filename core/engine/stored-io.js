import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { cutIo } from './plain-io.js';
export function isStored(io) {
    return 'image' in io;
}
/** The whole of an image. */
export function wholePiece(image) {
    return { addressLb: image.addressLb, sizeLb: image.sizeLb, kind: 'normal', image };
}
/** The part of an IO from `beginLb` to `endLb`, both absolute and inside of it. */
export function cutMergeIo(io, beginLb, endLb) {
    return isStored(io)
        ? { addressLb: beginLb, sizeLb: endLb - beginLb, kind: 'normal', image: io.image }
        : cutIo(io, beginLb, endLb);
}
/** The IO as it is written again, when it is a whole image that is stored with the wanted codec; else null. */
export function passedThrough(io, wanted) {
    if (!isStored(io) || io.image.compression !== wanted || io.sizeLb !== io.image.sizeLb)
        return null;
    const { addressLb, sizeLb, kind, image } = io;
    const { data, checksum } = image;
    return {
        addressLb,
        sizeLb,
        kind,
        passed: { addressLb, sizeLb, kind, compression: wanted, data, checksum },
    };
}
/** The IOs with plain data. Throws the placed error of the first image that cannot be decompressed. */
export async function plainIos(ios) {
    const images = [];
    const jobs = [];
    const slots = new Map();
    for (const io of ios) {
        if (!isStored(io) || io.image.compression === 'none' || slots.has(io.image))
            continue;
        const { compression: type, sizeLb, data } = io.image;
        slots.set(io.image, images.push(io.image) - 1);
        jobs.push({ kind: 'decompress', type, sizeBytes: sizeLb * LOGICAL_BLOCK_BYTES, data });
    }
    const plain = jobs.length === 0 ? [] : await decompressed(images, jobs);
    return ios.map((io) => {
        if (!isStored(io))
            return io;
        const { image } = io;
        const slot = slots.get(image);
        const data = slot === undefined ? image.data : plain[slot];
        const { addressLb, sizeLb } = image;
        const whole = slot === undefined
            ? { addressLb, sizeLb, kind: 'normal', data, plainChecksum: image.checksum }
            : { addressLb, sizeLb, kind: 'normal', data };
        return cutIo(whole, io.addressLb, io.addressLb + io.sizeLb);
    });
}
async function decompressed(images, jobs) {
    const { pool } = images[0];
    try {
        return await pool.run(jobs);
    }
    catch (error) {
        // A batch fails as a whole; who is at fault shows one by one.
        for (const [i, job] of jobs.entries()) {
            try {
                await pool.run([job]);
            }
            catch (failure) {
                throw images[i].placedError(failure);
            }
        }
        throw error;
    }
}
