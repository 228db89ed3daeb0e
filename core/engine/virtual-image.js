import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { NO_DATA } from './plain-io.js';
/** What is asked of a base device at once, and what is handed out at most. */
const READ_BYTES = MIB;
const READ_LB = READ_BYTES / LOGICAL_BLOCK_BYTES;
/** Reads a device from its start, in aligned pieces that are read ahead. Any block may be skipped. */
class BaseReader {
    #device;
    #step;
    #alignLb;
    #pieceLb;
    sizeLb;
    #window = NO_DATA;
    #windowLb = 0;
    constructor(device, sizeLb, step) {
        this.#device = device;
        this.#step = step;
        this.#alignLb = device.physicalBlockBytes / LOGICAL_BLOCK_BYTES;
        this.#pieceLb = (device.pieceBytes ?? 0) / LOGICAL_BLOCK_BYTES;
        this.sizeLb = sizeLb;
    }
    /** 1 to `maxLb` blocks from `addressLb`, which must lie inside and at or after the last call's. */
    async read(addressLb, maxLb) {
        let offset = addressLb - this.#windowLb;
        if (offset * LOGICAL_BLOCK_BYTES >= this.#window.length) {
            const begin = addressLb - (addressLb % this.#alignLb);
            const wanted = Math.min(READ_LB, Math.max(maxLb, this.#alignLb, this.#pieceLb) + (addressLb - begin));
            const aligned = Math.ceil(wanted / this.#alignLb) * this.#alignLb;
            // Up to the end of the device and not of the image, which need not be aligned.
            const sizeLb = Math.min(aligned, this.#device.sizeLb() - begin);
            this.#window = await this.#device.read(begin, sizeLb, this.#step);
            this.#windowLb = begin;
            offset = addressLb - begin;
        }
        const from = offset * LOGICAL_BLOCK_BYTES;
        return this.#window.subarray(from, from + maxLb * LOGICAL_BLOCK_BYTES);
    }
}
/**
 * The image of a base device with diffs on top, read from the start to the end of the base: what the device would
 * hold if the diffs were applied, zero and discard both as zeros. Diffs wholly behind the end of the base are passed
 * over; one that crosses it is a FormatError. See docs/formats.md, "Virtual full image".
 */
export class VirtualImage {
    #base;
    #ios;
    #io = null;
    /** Whether the stream of IOs was asked for its first. */
    #begun = false;
    #addressLb = 0;
    #zeros = NO_DATA;
    /** `ios`: the merged diffs, or null when there are none. `step`: of reads of the base. */
    constructor(base, ios, step, options = {}) {
        this.#base = new BaseReader(base, options.sizeLb ?? base.sizeLb(), step);
        this.#ios = ios;
    }
    /** The next blocks: whole ones, at least one, at most `maxBytes` (at least 512); null at the end of the base. */
    async read(maxBytes) {
        if (maxBytes < LOGICAL_BLOCK_BYTES)
            throw new RangeError('a virtual image is read by whole blocks');
        await this.#passIos();
        const leftLb = this.#base.sizeLb - this.#addressLb;
        if (leftLb <= 0)
            return null;
        const maxLb = Math.min(Math.floor(Math.min(maxBytes, READ_BYTES) / LOGICAL_BLOCK_BYTES), leftLb);
        const io = this.#io;
        let bytes;
        if (io === null || this.#addressLb < io.addressLb) {
            const gapLb = io === null ? maxLb : Math.min(maxLb, io.addressLb - this.#addressLb);
            bytes = await this.#base.read(this.#addressLb, gapLb);
        }
        else {
            bytes = this.#bytesOf(io, maxLb);
        }
        this.#addressLb += bytes.length / LOGICAL_BLOCK_BYTES;
        return bytes;
    }
    /** Moves on to the IO that ends after the present address. */
    async #passIos() {
        if (this.#ios === null)
            return;
        while (!this.#begun || (this.#io !== null && this.#io.addressLb + this.#io.sizeLb <= this.#addressLb)) {
            this.#begun = true;
            this.#io = await this.#ios.next();
            const io = this.#io;
            if (io !== null && io.addressLb < this.#base.sizeLb && io.addressLb + io.sizeLb > this.#base.sizeLb) {
                throw new FormatError(`eof error: the base has ${this.#base.sizeLb} blocks, a diff reaches to ${io.addressLb + io.sizeLb}`);
            }
        }
    }
    #bytesOf(io, maxLb) {
        const offsetLb = this.#addressLb - io.addressLb;
        const sizeBytes = Math.min(maxLb, io.sizeLb - offsetLb) * LOGICAL_BLOCK_BYTES;
        if (io.kind === 'normal') {
            const from = offsetLb * LOGICAL_BLOCK_BYTES;
            return io.data.subarray(from, from + sizeBytes);
        }
        if (this.#zeros.length < sizeBytes)
            this.#zeros = new Uint8Array(sizeBytes);
        return this.#zeros.subarray(0, sizeBytes);
    }
}
