import { IoError } from '../errors.js';
import { bytesOf, setReadOnly } from './device-state.js';
import { OverlapOrder } from './overlap.js';
import { PendingData } from './pending-data.js';
import { waitPermanent } from './permanence.js';
import { DEVICE_STEPS } from './steps.js';
import { Fifo } from './waiting.js';
/**
 * From the log to the data device: waits until the log of a batch of IOs is durable, sends them (overlapping
 * ones in order), and advances `written` pack by pack. No IO begins before its log is durable.
 */
export class DataWriter {
    pending = new PendingData();
    #state;
    #queue;
    #waiting = new Fifo();
    #order = new OverlapOrder();
    /** Packs complete in the log, oldest first. */
    #packs = new Fifo();
    #running = false;
    #inFlight = 0;
    #stoppedAtUs = 0;
    constructor(state, queue) {
        this.#state = state;
        this.#queue = queue;
    }
    /** Nothing is under way. What a read-only device gave up does not count. */
    get idle() {
        return !this.#running && this.#inFlight === 0 && (this.#state.readOnly || this.#packs.length === 0);
    }
    /** Shows a request whose log completed to reads, and stops the write queue when that is too much. */
    showPending(request) {
        const { limits, clock } = this.#state;
        if (!this.#queue.sysFrozen && this.pending.sizeLb + request.sizeLb > limits.maxPendingLb) {
            this.#queue.freezeSys();
            this.#stoppedAtUs = clock.monotonicUs();
        }
        this.pending.add(request);
    }
    /** Queues a request for the data device. */
    enqueue(request, pack) {
        // What stands behind the last IO (padding) belongs to the pack: `written` must not pass `permanent`.
        const isLast = request === pack.requests[pack.requests.length - 1];
        const { addressLb, sizeLb } = request;
        const needsLsid = isLast ? pack.nextLsid : request.endLsid;
        this.#waiting.push({ request, pack, needsLsid, addressLb, sizeLb, waitsFor: 0 });
        this.#kick();
    }
    /** All of a pack completed in the log, and all its requests are queued. */
    closePack(pack) {
        this.#packs.push(pack);
        if (pack.requests.length === 0) {
            const needsLsid = pack.nextLsid;
            this.#waiting.push({ request: null, pack, needsLsid, addressLb: 0, sizeLb: 0, waitsFor: 0 });
            this.#kick();
        }
        this.#collect();
    }
    #kick() {
        if (this.#running)
            return;
        this.#running = true;
        void this.#run();
    }
    async #run() {
        const { limits, changed } = this.#state;
        while (this.#waiting.length > 0) {
            const batch = this.#waiting.take(limits.ioBulk);
            const isPermanent = await waitPermanent(this.#state, batch[batch.length - 1].needsLsid);
            // A read-only device gives up; what was shown to reads stays shown.
            if (isPermanent)
                this.#begin(batch);
            else
                for (const io of batch)
                    this.#giveUp(io);
        }
        this.#running = false;
        changed.notify();
    }
    #giveUp(io) {
        if (io.request !== null)
            this.#queue.release(io.request);
    }
    #begin(batch) {
        const ready = [];
        for (const io of batch) {
            if (io.request === null)
                this.#packDone(io.pack);
            else if (this.#order.enter(io))
                ready.push(io);
        }
        if (this.#state.module.sortDataIo)
            ready.sort((a, b) => a.addressLb - b.addressLb);
        for (const io of ready)
            this.#start(io, io.request);
    }
    #start(io, request) {
        if (this.#state.readOnly) {
            this.#giveUp(io);
            return;
        }
        this.#inFlight += 1;
        const { ddev } = this.#state;
        let call;
        if (request.kind === 'write') {
            const data = request.data.subarray(0, bytesOf(request.sizeLb));
            call = ddev.write(request.addressLb, data, DEVICE_STEPS.dataWrite);
        }
        else if (ddev.supportsDiscard) {
            call = ddev
                .discard(request.addressLb, request.sizeLb, DEVICE_STEPS.dataDiscard)
                .catch(ignoreUnsupported);
        }
        else {
            call = Promise.resolve();
        }
        call.then(() => this.#done(io, request, null), (error) => this.#done(io, request, error));
    }
    #done(io, request, error) {
        this.#inFlight -= 1;
        if (error !== null)
            setReadOnly(this.#state, `data device: ${String(error)}`);
        if (this.#state.readOnly) {
            this.#giveUp(io);
            this.#state.changed.notify();
            return;
        }
        this.pending.remove(request);
        for (const next of this.#order.leave(io))
            this.#start(next, next.request);
        this.#queue.release(request);
        this.#meltIfDrained();
        this.#packDone(io.pack);
    }
    #meltIfDrained() {
        if (!this.#queue.sysFrozen)
            return;
        const { limits, clock } = this.#state;
        const timeIsUp = clock.monotonicUs() >= this.#stoppedAtUs + limits.queueStopTimeoutUs;
        if (timeIsUp || this.pending.sizeLb < limits.minPendingLb)
            this.#queue.meltSys();
    }
    #packDone(pack) {
        pack.remaining -= 1;
        if (pack.remaining === 0)
            this.#collect();
    }
    /** Advances `written` over the packs that are done, in their order. */
    #collect() {
        const { lsids, changed } = this.#state;
        const writtenBefore = lsids.written;
        for (let pack = this.#packs.peek(); pack !== undefined && pack.remaining === 0; pack = this.#packs.peek()) {
            this.#packs.shift();
            lsids.written = pack.nextLsid;
        }
        if (lsids.written !== writtenBefore)
            for (const told of this.#state.whenWritten)
                told();
        changed.notify();
    }
}
/** A discard that a device does not do (any more) takes no effect. */
export function ignoreUnsupported(error) {
    if (error instanceof IoError && error.code === 'EOPNOTSUPP')
        return;
    throw error;
}
