import { FormatError, TimeoutError } from '../errors.js';
import { sleep } from '../server/shared/condition.js';
import { LOGICAL_BLOCK_BYTES, MIB, US_PER_S } from '../units.js';
const POLL_INTERVAL_US = 0.3 * US_PER_S;
const LB_PER_MIB = MIB / LOGICAL_BLOCK_BYTES;
/** One walb device: its name, and the two devices that it is made of. */
export class WalbDevice {
    name;
    ldev;
    ddev;
    #control;
    #clock;
    constructor(name, ldev, ddev, control, clock) {
        this.name = name;
        this.ldev = ldev;
        this.ddev = ddev;
        this.#control = control;
        this.#clock = clock;
    }
    /** `/dev/walb/NAME` */
    get path() {
        return `/dev/walb/${this.name}`;
    }
    /** Runs `wdevc` with words; returns the lines that it prints. */
    runWdevc(words) {
        return this.#control.wdevc(words);
    }
    exists() {
        return this.#control.exists(this.path);
    }
    /** Makes an empty log. `doDiscard`: tell the log device that nothing on it is needed. */
    formatLdev(doDiscard = true) {
        return this.#control.formatLdev(this.ldev, this.ddev, doDiscard);
    }
    create(options = {}) {
        return this.#control.create(this.ldev, this.ddev, this.name, options);
    }
    delete() {
        return this.#control.delete(this.path);
    }
    /** Throws FormatError unless the size is a whole number of MiB, at least 1. */
    async resize(newSizeMb) {
        if (!Number.isSafeInteger(newSizeMb) || newSizeMb < 1) {
            throw new FormatError(`a size of at least 1 MiB is expected, got ${newSizeMb}`);
        }
        await this.#control.resize(this.path, newSizeMb * LB_PER_MIB);
    }
    /** Drops all log: the cure of an overflow. What was not sent is lost to the archives. */
    reset() {
        return this.#control.resetWal(this.path);
    }
    getSizeLb() {
        return this.#control.sizeLb(this.path);
    }
    /** Throws FormatError when the size is no multiple of 1 MiB. */
    async getSizeMb() {
        const sizeLb = await this.getSizeLb();
        if (sizeLb % LB_PER_MIB !== 0)
            throw new FormatError(`get_size_mb: not multiple of MiB.:${sizeLb}`);
        return sizeLb / LB_PER_MIB;
    }
    getLogSizeLb() {
        return this.#control.logSizeLb(this.path);
    }
    /** Waits until nothing is in the log any more. Throws TimeoutError. */
    async waitForLogEmpty(timeoutS) {
        const deadlineUs = this.#clock.monotonicUs() + timeoutS * US_PER_S;
        while (this.#clock.monotonicUs() < deadlineUs) {
            const { completed, oldest } = await this.#control.lsids(this.path);
            if (completed === oldest)
                return;
            await sleep(this.#clock, POLL_INTERVAL_US);
        }
        throw new TimeoutError(`wait_for_log_empty:${this.path}`);
    }
}
