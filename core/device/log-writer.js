import { encodeLogpackHeader } from '../format/logpack.js';
import { advanceCompleted, advanceFlush, advancePermanent, ioError, ringAddressLb, ringPb, setReadOnly, } from './device-state.js';
import { packRequests } from './pack-requests.js';
import { forceFlush } from './permanence.js';
import { outcome } from './request.js';
import { DEVICE_STEPS } from './steps.js';
import { Fifo } from './waiting.js';
/** Batches on their way to the log device at once; while so many are, new requests gather for the next one. */
const MAX_BATCHES_IN_FLIGHT = 4;
/**
 * From the write queue to the log: makes packs, writes headers and data of a batch in parallel, several
 * batches at once, and completes the requests in the order of the log.
 */
export class LogWriter {
    #state;
    #parts;
    /** Packs on their way to the log, oldest first; the last of each batch is marked. */
    #written = new Fifo();
    #running = false;
    #waiting = false;
    #batchesInFlight = 0;
    constructor(state, parts) {
        this.#state = state;
        this.#parts = parts;
    }
    get idle() {
        return !this.#running && !this.#waiting;
    }
    /** There may be something in the submit queue. */
    kick() {
        if (this.#running)
            return;
        this.#running = true;
        void this.#run();
    }
    async #run() {
        const { submitted } = this.#parts.queue;
        // Requests that are submitted together go together.
        await Promise.resolve();
        while (submitted.length > 0) {
            if (this.#batchesInFlight < MAX_BATCHES_IN_FLIGHT)
                await this.#writeBatch();
            else
                await this.#state.changed.wait();
        }
        this.#running = false;
        this.#state.changed.notify();
    }
    async #writeBatch() {
        const state = this.#state;
        const { lsids, sector } = state;
        const place = {
            physicalBlockBytes: sector.physicalBlockBytes,
            salt: sector.salt,
            ringSizePb: ringPb(state),
            beginLsid: lsids.latest,
        };
        const packs = packRequests(this.#parts.queue.submitted, place, state.limits);
        if (packs.length === 0) {
            const request = this.#parts.queue.submitted.shift();
            if (request !== undefined)
                this.#fail(request, 'the IO is larger than the log');
            return;
        }
        const newLatest = packs[packs.length - 1].nextLsid;
        const refusal = await this.#refusal(newLatest);
        if (refusal !== null) {
            for (const pack of packs)
                for (const request of pack.requests)
                    this.#fail(request, refusal);
            return;
        }
        if (this.#needsFlush(packs)) {
            packs[0].newPermanent = lsids.completed;
            advanceFlush(state, lsids.completed);
        }
        lsids.latest = newLatest;
        if (!state.overflow && newLatest - lsids.oldest > ringPb(state)) {
            state.overflow = true;
            state.log.error(`walb device ${state.name}: the log overflowed`);
            this.#parts.onOverflow();
        }
        this.#batchesInFlight += 1;
        for (const pack of packs) {
            this.#send(pack);
            this.#written.push({ pack, endsBatch: pack === packs[packs.length - 1] });
        }
        if (!this.#waiting) {
            this.#waiting = true;
            void this.#waitForPacks();
        }
    }
    /** Why a batch up to `newLatest` cannot be written; waits until it neither destroys log that redo needs. */
    async #refusal(newLatest) {
        const state = this.#state;
        const { lsids, module, changed } = state;
        if (!Number.isSafeInteger(newLatest + 1))
            return 'the lsids of the log are used up; reset the log';
        if (module.errorBeforeOverflow && newLatest - lsids.oldest > ringPb(state))
            return 'the log is full';
        while (!state.readOnly && newLatest - lsids.prevWritten > ringPb(state)) {
            if (newLatest - lsids.written <= ringPb(state))
                await this.#parts.checkpoint.force();
            else if (lsids.permanent < lsids.completed)
                await forceFlush(state);
            else
                await changed.wait();
        }
        if (!state.readOnly)
            await this.#parts.stale.cleanTo(newLatest);
        return state.readOnly ? 'the walb device is read-only' : null;
    }
    /** Whether the first pack of the batch is to make durable what completed before. */
    #needsFlush(packs) {
        const { ldev, lsids, limits, clock, lastFlushUs } = this.#state;
        if (!ldev.supportsFlush)
            return false;
        if (packs.some((pack) => pack.requests.some((request) => request.flush && !request.fua)))
            return true;
        const { flushIntervalPb, flushIntervalUs } = limits;
        if (flushIntervalPb > 0 && lsids.completed - lsids.flush > flushIntervalPb)
            return true;
        return flushIntervalUs > 0 && clock.monotonicUs() > lastFlushUs + flushIntervalUs;
    }
    #send(pack) {
        const state = this.#state;
        const { ldev, sector } = state;
        // With FUA in the pack a flush follows anyway when it completed, and covers more.
        const flushes = pack.newPermanent !== null && !pack.hasFua;
        if (pack.header === null) {
            if (flushes)
                pack.headerIo = outcome(ldev.flush(DEVICE_STEPS.logFlush));
            return;
        }
        let i = 0;
        for (const record of pack.header.records) {
            if (record.kind === 'padding')
                continue;
            const { data } = pack.requests[i++];
            const io = record.kind === 'normal'
                ? ldev.write(ringAddressLb(state, record.lsid), data, DEVICE_STEPS.logData)
                : null;
            pack.dataIos.push(io === null ? Promise.resolve(null) : outcome(io));
        }
        const block = encodeLogpackHeader(pack.header, sector.physicalBlockBytes, sector.salt);
        const addressLb = ringAddressLb(state, pack.logpackLsid);
        pack.headerIo = outcome(ldev.write(addressLb, block, DEVICE_STEPS.logHeader, flushes ? { preflush: true } : {}));
    }
    async #waitForPacks() {
        for (let next = this.#written.peek(); next !== undefined; next = this.#written.peek()) {
            await this.#waitForPack(next.pack);
            this.#written.shift();
            if (next.endsBatch)
                this.#batchesInFlight -= 1;
            this.#state.changed.notify();
        }
        this.#waiting = false;
        this.#state.changed.notify();
    }
    async #waitForPack(pack) {
        const state = this.#state;
        const { data } = this.#parts;
        const headerError = await pack.headerIo;
        if (headerError !== null)
            setReadOnly(state, `log device: ${headerError.message}`);
        if (!state.readOnly && pack.newPermanent !== null && !pack.hasFua) {
            advancePermanent(state, pack.newPermanent);
        }
        for (const [i, request] of pack.requests.entries()) {
            const error = (await pack.dataIos[i]) ?? null;
            if (error !== null)
                setReadOnly(state, `log device: ${error.message}`);
            if (state.readOnly) {
                this.#fail(request, 'the walb device is read-only');
                continue;
            }
            if (request.kind === 'flush') {
                this.#parts.queue.release(request);
                request.settle(null);
                continue;
            }
            data.showPending(request);
            let isDone = true;
            if (request.fua) {
                advanceCompleted(state, request.endLsid);
                isDone = await forceFlush(state);
            }
            data.enqueue(request, pack);
            request.settle(isDone ? null : ioError('the walb device is read-only'));
        }
        if (state.readOnly)
            return;
        advanceCompleted(state, pack.nextLsid);
        if (pack.header !== null)
            data.closePack(pack);
    }
    #fail(request, reason) {
        this.#parts.queue.release(request);
        request.settle(ioError(reason));
    }
}
