import { DeviceWriter } from '../../engine/device-writer.js';
import { FormatError } from '../../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { alignedDevice } from './aligned-device.js';
/**
 * Writes a volume from its beginning to its end, many writes at a time, and flushes now and then. The data belong
 * to the writer until the next flush. An error of any write comes out of a later call.
 */
export class LvWriter {
    #device;
    #writer;
    #options;
    #sinceFlushBytes = 0;
    constructor(device, options) {
        const { writeStep, flushStep } = options;
        this.#device = device;
        this.#options = options;
        this.#writer = new DeviceWriter(alignedDevice(device), {
            write: writeStep,
            discard: writeStep,
            flush: flushStep,
        });
    }
    /** Throws FormatError `out of range` when the volume is smaller. */
    async write(addressLb, data) {
        const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
        this.#checkRange(addressLb, sizeLb);
        await this.#writer.write(addressLb, data);
        await this.#advance(addressLb + sizeLb, sizeLb);
    }
    async writeZeros(addressLb, sizeLb) {
        this.#checkRange(addressLb, sizeLb);
        await this.#writer.writeZeros(addressLb, sizeLb);
        await this.#advance(addressLb + sizeLb, sizeLb);
    }
    /** Leaves a range as it is. */
    async skip(addressLb, sizeLb) {
        await this.#advance(addressLb + sizeLb, sizeLb);
    }
    /** Makes everything durable. */
    async flush() {
        await this.#writer.flush();
        this.#sinceFlushBytes = 0;
    }
    /** Waits for what is under way, whatever becomes of it, and closes the volume. */
    async close() {
        await this.#writer.abandon();
        this.#device.close();
    }
    #checkRange(addressLb, sizeLb) {
        const limitLb = this.#device.sizeLb();
        if (addressLb + sizeLb > limitLb)
            throw new FormatError(`out of range:${addressLb}:${sizeLb}:${limitLb}`);
    }
    async #advance(reachedLb, sizeLb) {
        this.#sinceFlushBytes += sizeLb * LOGICAL_BLOCK_BYTES;
        if (this.#sinceFlushBytes < this.#options.flushIntervalBytes)
            return;
        await this.flush();
        await this.#options.onFlushed?.(reachedLb);
    }
}
