import { IoError } from '../errors.js';
/** A block device over a port; calls after close throw IoError EIO. Steps are of no use to a port. */
export class OpenDevice {
    #port;
    #closed = false;
    constructor(port) {
        this.#port = port;
    }
    get physicalBlockBytes() {
        return this.#port.physicalBlockBytes;
    }
    get supportsFlush() {
        return this.#port.supportsFlush;
    }
    get supportsDiscard() {
        return this.#port.supportsDiscard;
    }
    sizeLb() {
        return this.#port.sizeLb();
    }
    async read(addressLb, sizeLb, _step) {
        this.#check(addressLb, sizeLb);
        return this.#port.read(addressLb, sizeLb);
    }
    async write(addressLb, data, _step, options = {}) {
        if (data.length % 512 !== 0) {
            throw new IoError('EINVAL', `a write must have whole blocks of 512 bytes, got ${data.length}`);
        }
        this.#check(addressLb, data.length / 512);
        return this.#port.write(addressLb, data, options);
    }
    async flush(_step) {
        this.#check(0, 0);
        return this.#port.flush();
    }
    async discard(addressLb, sizeLb, _step) {
        this.#check(addressLb, sizeLb);
        if (!this.supportsDiscard)
            throw new IoError('EOPNOTSUPP', 'the device has no discard');
        return this.#port.discard(addressLb, sizeLb);
    }
    close() {
        if (this.#closed)
            return;
        this.#closed = true;
        this.#port.close();
    }
    #check(addressLb, sizeLb) {
        if (this.#closed)
            throw new IoError('EIO', 'the device was closed');
        const isRange = Number.isSafeInteger(addressLb) && Number.isSafeInteger(sizeLb) && addressLb >= 0 && sizeLb >= 0;
        if (!isRange || addressLb + sizeLb > this.sizeLb()) {
            throw new IoError('EINVAL', `blocks ${addressLb} + ${sizeLb} must be on the device of ${this.sizeLb()}`);
        }
    }
}
