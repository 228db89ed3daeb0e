import { encodeSuperSector } from '../format/super-sector.js';
import { US_PER_MS } from '../units.js';
import { setReadOnly } from './device-state.js';
import { outcome } from './request.js';
import { DEVICE_STEPS } from './steps.js';
import { writeSuperBlock } from './super-io.js';
import { Mutex } from './waiting.js';
/** How often the super sector is synced unless asked otherwise, in milliseconds. */
export const DEFAULT_CHECKPOINT_INTERVAL_MS = 10_000;
/** Longest interval that the driver takes: a day, in milliseconds. */
export const MAX_CHECKPOINT_INTERVAL_MS = 86_400_000;
/** A clock tick of the driver: the shortest delay of its timer. */
const MIN_DELAY_US = US_PER_MS;
/**
 * Syncs the super sector, on demand and by a timer. What it says of the data device is durable there first.
 */
export class Checkpoint {
    #state;
    #mutex = new Mutex();
    #intervalMs;
    #cancel = () => { };
    #running = false;
    /** While the timer sleeps because nothing was written: when it would have run next. */
    #sleepsFromUs = null;
    /** Grows with each stop: a run that began before does not start the timer again. */
    #epoch = 0;
    constructor(state, intervalMs) {
        this.#state = state;
        this.#intervalMs = intervalMs;
        state.whenWritten.push(() => this.#wake());
    }
    get intervalMs() {
        return this.#intervalMs;
    }
    /** 0 = no timer. Starts the timer anew. The caller checks the limit. */
    setInterval(intervalMs) {
        this.#intervalMs = intervalMs;
        this.start();
    }
    start() {
        this.stop();
        this.#running = true;
        this.#arm(this.#intervalMs * US_PER_MS);
    }
    stop() {
        this.#epoch += 1;
        this.#running = false;
        this.#sleepsFromUs = null;
        this.#cancel();
        this.#cancel = () => { };
    }
    /** As `take`, with the timer stopped meanwhile; if it was running it starts again on success. */
    async force() {
        const wasRunning = this.#running;
        this.stop();
        const epoch = this.#epoch;
        const ok = await this.take();
        if (ok && wasRunning && epoch === this.#epoch)
            this.start();
        return ok;
    }
    /** Syncs when `written` advanced since the last time. */
    async take() {
        const { lsids } = this.#state;
        return lsids.written === lsids.prevWritten ? true : this.sync();
    }
    /**
     * Writes the super sector: `prepare` may change the state just before. Data device first, then the sector
     * with everything before it, both durable. False on failure, which leaves the device read-only.
     */
    sync(prepare = () => { }) {
        return this.#mutex.run(async () => {
            const state = this.#state;
            if (state.readOnly)
                return false;
            prepare();
            const { oldest, written } = state.lsids;
            state.sector = {
                ...state.sector,
                oldestLsid: oldest,
                writtenLsid: written,
                deviceSizeLb: state.sizeLb,
            };
            const block = encodeSuperSector(state.sector);
            if (state.ddev.supportsFlush) {
                const error = await outcome(state.ddev.flush(DEVICE_STEPS.superFlushData));
                if (error !== null) {
                    setReadOnly(state, `data device flush: ${error.message}`);
                    return false;
                }
            }
            const error = await outcome(writeSuperBlock(state.ldev, block, DEVICE_STEPS.superWrite));
            if (error !== null) {
                setReadOnly(state, `super sector: ${error.message}`);
                return false;
            }
            state.lsids.prevWritten = written;
            state.changed.notify();
            return true;
        });
    }
    /** A timer that would find nothing to do sleeps, and keeps its beat. */
    #arm(delayUs) {
        if (this.#intervalMs === 0)
            return;
        const { clock, lsids } = this.#state;
        const dueUs = clock.monotonicUs() + delayUs;
        if (lsids.written === lsids.prevWritten) {
            this.#sleepsFromUs = dueUs;
            return;
        }
        const epoch = this.#epoch;
        this.#cancel = clock.startTimer(dueUs, () => void this.#run(epoch));
    }
    /** `written` advanced: the next beat has something to do. */
    #wake() {
        const fromUs = this.#sleepsFromUs;
        if (fromUs === null)
            return;
        this.#sleepsFromUs = null;
        const nowUs = this.#state.clock.monotonicUs();
        const intervalUs = this.#intervalMs * US_PER_MS;
        const missed = Math.max(0, Math.ceil((nowUs - fromUs) / intervalUs));
        this.#arm(fromUs + missed * intervalUs - nowUs);
    }
    /** A failed one ends the timer until somebody starts it. */
    async #run(epoch) {
        const { clock, log, name } = this.#state;
        const beganUs = clock.monotonicUs();
        const ok = await this.take();
        if (epoch !== this.#epoch)
            return;
        if (!ok) {
            this.#running = false;
            log.error(`walb device ${name}: checkpoint failed, no more will be taken`);
            return;
        }
        const usedUs = clock.monotonicUs() - beganUs;
        this.#arm(Math.max(MIN_DELAY_US, this.#intervalMs * US_PER_MS - usedUs));
    }
}
