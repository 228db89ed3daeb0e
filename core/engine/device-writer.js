import { IoError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { NO_DATA } from './plain-io.js';
/** Zeros are written in pieces of this size. */
const ZERO_PIECE_BYTES = 256 * 1024;
/** From here on a device that makes zeros itself is worth waiting for. */
const MIN_ZERO_OUT_BYTES = MIB;
/** Neighbouring data of one image are joined into writes of this size. */
const JOIN_BYTES = MIB;
/**
 * Writes to a device with many writes in flight. Two that overlap are never in flight together, so they reach the
 * device in the order of calls; a discard waits for everything before it and is waited for. The first error of any
 * write is thrown by every later call. One call at a time.
 */
export class DeviceWriter {
    #device;
    #steps;
    #maxBytes;
    #maxWrites;
    #inFlight = new Set();
    #inFlightBytes = 0;
    #failure = null;
    /** Who waits for the next write to be done. */
    #waiters = [];
    /** A write that is held back because the next one may continue it. */
    #held = NO_DATA;
    #heldLb = 0;
    #zeros = NO_DATA;
    /** False once the device has said that it cannot. */
    #canZeroOut = true;
    constructor(device, steps, options = {}) {
        this.#device = device;
        this.#steps = steps;
        this.#maxBytes = options.maxInFlightBytes ?? 32 * MIB;
        this.#maxWrites = options.maxInFlightWrites ?? 1024;
    }
    /** Begins to write; waits while too much is in flight. The data must stay unchanged until drained. */
    async write(addressLb, data) {
        this.#throwFailure();
        const held = this.#held;
        const heldEndLb = this.#heldLb + held.length / LOGICAL_BLOCK_BYTES;
        // Pieces of one image lie next to each other in memory as well, and are one write without copying.
        const joins = held.length > 0 &&
            addressLb === heldEndLb &&
            data.buffer === held.buffer &&
            data.byteOffset === held.byteOffset + held.length &&
            held.length + data.length <= JOIN_BYTES;
        if (joins) {
            this.#held = new Uint8Array(held.buffer, held.byteOffset, held.length + data.length);
            return;
        }
        await this.#submitHeld();
        this.#held = data;
        this.#heldLb = addressLb;
    }
    /** Begins to write zeros; waits while too much is in flight, and for all of it where the device makes zeros itself. */
    async writeZeros(addressLb, sizeLb) {
        if (sizeLb * LOGICAL_BLOCK_BYTES >= MIN_ZERO_OUT_BYTES && (await this.#zeroOut(addressLb, sizeLb)))
            return;
        if (this.#zeros.length === 0)
            this.#zeros = new Uint8Array(ZERO_PIECE_BYTES);
        const pieceLb = ZERO_PIECE_BYTES / LOGICAL_BLOCK_BYTES;
        for (let at = 0; at < sizeLb; at += pieceLb) {
            const size = Math.min(pieceLb, sizeLb - at);
            await this.write(addressLb + at, this.#zeros.subarray(0, size * LOGICAL_BLOCK_BYTES));
        }
    }
    /** Waits for all writes and has the device make zeros; false when it cannot. */
    async #zeroOut(addressLb, sizeLb) {
        if (this.#device.zeroOut === undefined || !this.#canZeroOut)
            return false;
        await this.drain();
        try {
            await this.#device.zeroOut(addressLb, sizeLb, this.#steps.write);
        }
        catch (error) {
            if (!(error instanceof IoError) || error.code !== 'EOPNOTSUPP')
                throw error;
            this.#canZeroOut = false;
        }
        return this.#canZeroOut;
    }
    /** Waits for all writes, then discards. */
    async discard(addressLb, sizeLb) {
        await this.drain();
        await this.#device.discard(addressLb, sizeLb, this.#steps.discard);
    }
    /** Waits for all writes; throws what any of them threw. */
    async drain() {
        this.#throwFailure();
        await this.#submitHeld();
        await this.#settled();
        this.#throwFailure();
    }
    /** Waits for all writes and makes them durable. */
    async flush() {
        await this.drain();
        await this.#device.flush(this.#steps.flush);
    }
    /** Gives up: drops what is held back and waits until nothing is in flight. Never throws. */
    async abandon() {
        this.#held = NO_DATA;
        await this.#settled();
    }
    async #submitHeld() {
        const data = this.#held;
        const beginLb = this.#heldLb;
        if (data.length === 0)
            return;
        this.#held = NO_DATA;
        const endLb = beginLb + data.length / LOGICAL_BLOCK_BYTES;
        await this.#makeRoom(beginLb, endLb, data.length);
        const entry = { beginLb, endLb };
        this.#inFlight.add(entry);
        this.#inFlightBytes += data.length;
        const done = () => {
            this.#inFlight.delete(entry);
            this.#inFlightBytes -= data.length;
            const waiters = this.#waiters;
            this.#waiters = [];
            for (const wake of waiters)
                wake();
        };
        this.#device.write(beginLb, data, this.#steps.write).then(done, (error) => {
            this.#failure ??= { error };
            done();
        });
    }
    /** Waits until a write of the range may be in flight. */
    async #makeRoom(beginLb, endLb, sizeBytes) {
        for (;;) {
            this.#throwFailure();
            if (this.#inFlight.size === 0)
                return;
            const full = this.#inFlight.size >= this.#maxWrites || this.#inFlightBytes + sizeBytes > this.#maxBytes;
            if (!full && !this.#overlaps(beginLb, endLb))
                return;
            await this.#oneDone();
        }
    }
    #overlaps(beginLb, endLb) {
        for (const other of this.#inFlight) {
            if (other.beginLb < endLb && beginLb < other.endLb)
                return true;
        }
        return false;
    }
    #oneDone() {
        return new Promise((resolve) => this.#waiters.push(resolve));
    }
    async #settled() {
        while (this.#inFlight.size > 0)
            await this.#oneDone();
    }
    #throwFailure() {
        if (this.#failure !== null)
            throw this.#failure.error;
    }
}
