import { IoError } from '../errors.js';
import { lbPerPb } from '../format/physical-block.js';
import { ringBufferSizePb } from '../format/super-sector.js';
import { US_PER_S } from '../units.js';
import { MAX_CHECKPOINT_INTERVAL_MS } from './checkpoint.js';
import { ringAddressLb, setAllLsids, setReadOnly } from './device-state.js';
import { outcome } from './request.js';
import { readPackAt } from './stale-packs.js';
import { DEVICE_STEPS } from './steps.js';
import { newSalt, newUuid } from './super-io.js';
import { Mutex } from './waiting.js';
/** Longest time that a device is frozen with a limit. */
const MAX_FREEZE_S = 86400;
/**
 * What an operator or a storage server asks of a device. Each throws IoError EFAULT when it is refused or
 * fails, as the driver's ioctl does.
 */
export class DeviceControl {
    #state;
    #parts;
    #mutex = new Mutex();
    #freezeState = 'melted';
    #cancelMelt = () => { };
    constructor(state, parts) {
        this.#state = state;
        this.#parts = parts;
    }
    get freezeState() {
        return this.#freezeState;
    }
    /** Sets the checkpoint interval, 0 (none) to 86400000 ms, and starts the timer anew. */
    setCheckpointInterval(intervalMs) {
        if (!Number.isInteger(intervalMs) || intervalMs < 0 || intervalMs > MAX_CHECKPOINT_INTERVAL_MS) {
            throw refused(`the checkpoint interval must be 0..${MAX_CHECKPOINT_INTERVAL_MS} ms, got ${intervalMs}`);
        }
        this.#parts.checkpoint.setInterval(intervalMs);
    }
    async forceCheckpoint() {
        if (!(await this.#parts.checkpoint.force()))
            throw refused('the checkpoint failed');
    }
    /** Lets the log below `lsid` be overwritten; `lsid` must be the place of a pack. Durable when it returns. */
    setOldestLsid(lsid) {
        return this.#mutex.run(async () => {
            const state = this.#state;
            const { lsids } = state;
            if (!Number.isSafeInteger(lsid) || lsid < lsids.oldest || lsid > lsids.prevWritten) {
                throw refused(`the oldest lsid must be ${lsids.oldest}..${lsids.prevWritten}, got ${lsid}`);
            }
            if (lsid < lsids.permanent) {
                let isPack = false;
                try {
                    isPack = (await readPackAt(state, lsid, DEVICE_STEPS.oldestHeader)) !== null;
                }
                catch (error) {
                    throw refused(`the log at ${lsid} cannot be read: ${String(error)}`);
                }
                if (!isPack)
                    throw refused(`the oldest lsid must be the place of a logpack, got ${lsid}`);
            }
            lsids.oldest = lsid;
            if (!(await this.#parts.checkpoint.sync()))
                throw refused('the super sector was not written');
        });
    }
    /** Grows the device; 0 = to the size of the data device. */
    resize(sizeLb) {
        return this.#mutex.run(async () => {
            const state = this.#state;
            const maxLb = state.ddev.sizeLb();
            const newLb = sizeLb === 0 ? maxLb : sizeLb;
            if (!Number.isSafeInteger(newLb) || newLb < state.sizeLb || newLb > maxLb) {
                throw refused(`the size must be ${state.sizeLb}..${maxLb} blocks, got ${newLb}`);
            }
            if (newLb === state.sizeLb)
                return;
            state.sizeLb = newLb;
            if (!(await this.#parts.checkpoint.sync()))
                throw refused('the super sector was not written');
        });
    }
    /** Holds writes back, `timeoutS` seconds (up to a day) or, with 0, until melted; reads go on. All earlier writes are done. */
    freeze(timeoutS) {
        this.#refuseDeep();
        return this.#mutex.run(async () => {
            this.#cancelMelt();
            if (this.#freezeState === 'melted') {
                this.#freezeState = 'frozen';
                await this.#freezeIo();
            }
            this.#freezeState = 'frozen';
            if (timeoutS > 0) {
                this.#freezeState = 'frozen-timeout';
                const { clock } = this.#state;
                const dueUs = clock.monotonicUs() + Math.min(timeoutS, MAX_FREEZE_S) * US_PER_S;
                this.#cancelMelt = clock.startTimer(dueUs, () => this.#meltNow());
            }
        });
    }
    /** Lets writes go on; harmless when they do. */
    melt() {
        this.#refuseDeep();
        return this.#mutex.run(async () => this.#meltNow());
    }
    /**
     * Empties the log: lsids 0, new uuid and salt, overflow forgotten, the ring as large as the log device now
     * is. The data device is complete and stays as it is. Refused while frozen.
     */
    resetWal() {
        return this.#mutex.run(async () => {
            if (this.#freezeState !== 'melted')
                throw refused('the walb device is frozen');
            this.#freezeState = 'frozen-deep';
            try {
                await this.#freezeIo();
                await this.#emptyLog();
            }
            finally {
                this.#meltNow();
            }
        });
    }
    /** Waits until all that came in is on the data device; writes that come meanwhile go on too. */
    async drain() {
        const { queue, logWriter, data } = this.#parts;
        while (queue.submitted.length > 0 || !logWriter.idle || !data.idle)
            await this.#state.changed.wait();
    }
    /** Runs the last of all control calls: whoever waits for its turn behind it finds the device gone. */
    stop(work) {
        return this.#mutex.run(async () => {
            this.#parts.checkpoint.stop();
            this.#cancelMelt();
            this.#freezeState = 'melted';
            this.#parts.queue.setUserFrozen(false);
            await this.drain();
            await work();
        });
    }
    async #freezeIo() {
        this.#parts.checkpoint.stop();
        this.#parts.queue.setUserFrozen(true);
        await this.drain();
    }
    #meltNow() {
        if (this.#freezeState === 'melted')
            return;
        this.#cancelMelt();
        this.#freezeState = 'melted';
        if (!this.#state.finalize)
            this.#parts.checkpoint.start();
        this.#parts.queue.setUserFrozen(false);
    }
    async #emptyLog() {
        const state = this.#state;
        const { ldev, lsids } = state;
        const pbs = state.sector.physicalBlockBytes;
        const ldevSizeLb = ldev.sizeLb();
        if (ldevSizeLb < state.ldevSizeLb) {
            throw refused(`the log device shrank from ${state.ldevSizeLb} to ${ldevSizeLb} blocks`);
        }
        const hasGrown = ldevSizeLb > state.ldevSizeLb;
        const isSynced = await this.#parts.checkpoint.sync(() => {
            setAllLsids(state, 0);
            lsids.oldest = 0;
            state.ldevSizeLb = ldevSizeLb;
            state.sector = {
                ...state.sector,
                metadataSizePb: hasGrown ? 0 : state.sector.metadataSizePb,
                ringBufferSizePb: hasGrown ? ringBufferSizePb(ldevSizeLb, pbs) : state.sector.ringBufferSizePb,
                uuid: newUuid(state.random),
                salt: newSalt(state.random, state.sector.salt),
            };
        });
        if (!isSynced)
            throw refused('the super sector was not written');
        this.#parts.stale.forget();
        const zeros = new Uint8Array(lbPerPb(pbs) * 512);
        const error = await outcome(ldev.write(ringAddressLb(state, 0), zeros, DEVICE_STEPS.resetErase));
        if (error !== null) {
            setReadOnly(state, `log device: ${error.message}`);
            throw refused('the start of the log was not erased');
        }
        state.overflow = false;
    }
    #refuseDeep() {
        if (this.#freezeState === 'frozen-deep')
            throw refused('the log of the walb device is being reset');
    }
}
function refused(message) {
    return new IoError('EFAULT', message);
}
