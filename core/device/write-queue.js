import { bytesOf, ioError } from './device-state.js';
import { Fifo } from './waiting.js';
/** What a flush or a discard counts for against the bound on memory. */
const MIN_HELD_BYTES = 512;
/**
 * The way in. A request is copied and goes to the submit queue, or to the frozen queue while the device is
 * frozen by command or because too much data waits for the data device. When the copies held by the whole
 * write path reach twice the pending limit, requests wait at the door uncopied: only their callers' memory
 * holds them.
 */
export class WriteQueue {
    #state;
    #maxHeldBytes;
    #onWork;
    #door = new Fifo();
    submitted = new Fifo();
    #frozen = new Fifo();
    #heldBytes = 0;
    /** Frozen because of too much pending data. */
    #sysFrozen = false;
    /** Frozen by command. */
    #userFrozen = false;
    /** `onWork` is called when something came into the submit queue. */
    constructor(state, onWork) {
        this.#state = state;
        this.#maxHeldBytes = bytesOf(state.limits.maxPendingLb) * 2;
        this.#onWork = onWork;
        state.whenReadOnly.push(() => this.#failAll());
    }
    /** Bytes of all copies that the write path holds. */
    get heldBytes() {
        return this.#heldBytes;
    }
    get sysFrozen() {
        return this.#sysFrozen;
    }
    /** Resolves when the request completes. Throws IoError EIO. */
    submit(request) {
        if (this.#state.finalize)
            return Promise.reject(ioError('the walb device is being stopped'));
        if (this.#state.readOnly)
            return Promise.reject(ioError('the walb device is read-only'));
        return new Promise((resolve, reject) => {
            const settle = (error) => (error === null ? resolve() : reject(error));
            if (this.#door.length > 0 || !this.#hasRoom(request))
                this.#door.push({ request, settle });
            else
                this.#admit(request, settle);
        });
    }
    /** Forgets the copy of a request that is done with. */
    release(request) {
        this.#heldBytes -= request.heldBytes;
        for (;;) {
            const next = this.#door.peek();
            if (next === undefined || !this.#hasRoom(next.request))
                return;
            this.#door.shift();
            this.#admit(next.request, next.settle);
        }
    }
    freezeSys() {
        this.#sysFrozen = true;
    }
    meltSys() {
        this.#sysFrozen = false;
        this.#melt();
    }
    setUserFrozen(frozen) {
        this.#userFrozen = frozen;
        this.#melt();
    }
    #hasRoom(request) {
        return this.#heldBytes === 0 || this.#heldBytes + this.#heldBytesOf(request) <= this.#maxHeldBytes;
    }
    #heldBytesOf(request) {
        const pbs = this.#state.sector.physicalBlockBytes;
        return Math.max(Math.ceil(request.data.length / pbs) * pbs, MIN_HELD_BYTES);
    }
    #admit(request, settle) {
        const heldBytes = this.#heldBytesOf(request);
        const data = new Uint8Array(request.kind === 'write' ? heldBytes : 0);
        data.set(request.data);
        this.#heldBytes += heldBytes;
        const { kind, addressLb, sizeLb, flush, fua } = request;
        const admitted = {
            kind,
            addressLb,
            sizeLb,
            data,
            flush,
            fua,
            heldBytes,
            checksum: null,
            lsid: -1,
            endLsid: -1,
            settle,
        };
        if (this.#sysFrozen || this.#userFrozen) {
            this.#frozen.push(admitted);
        }
        else {
            this.submitted.push(admitted);
            this.#onWork();
        }
    }
    #melt() {
        if (this.#sysFrozen || this.#userFrozen || this.#frozen.length === 0)
            return;
        while (this.#frozen.length > 0)
            this.submitted.push(this.#frozen.shift());
        this.#onWork();
    }
    #failAll() {
        const error = () => ioError('the walb device is read-only');
        this.#sysFrozen = false;
        for (const queue of [this.submitted, this.#frozen]) {
            for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
                this.#heldBytes -= request.heldBytes;
                request.settle(error());
            }
        }
        for (let next = this.#door.shift(); next !== undefined; next = this.#door.shift())
            next.settle(error());
    }
}
