import { sleep } from '../shared/condition.js';
const SAMPLE_INTERVAL_US = 10_000;
const WINDOW_US = 1_100_000;
const KEEP_US = 900_000;
const SLEEP_US = 10_000;
const MAX_SLEEP_PER_CHUNK_US = 100_000;
/**
 * Holds a full scan near a throughput (docs/operations.md, "Scan throttle"): a moving average over about a
 * second; sleeps in steps of 10 ms, at most 100 ms for each chunk.
 */
export class ScanThrottle {
    #clock;
    /** Asked for each chunk, so that a change is effective at once; 0 = no limit. */
    #limitLbPerS;
    #samples = [];
    #totalLb = 0;
    constructor(clock, limitLbPerS) {
        this.#clock = clock;
        this.#limitLbPerS = limitLbPerS;
    }
    async sent(sizeLb) {
        this.#totalLb += sizeLb;
        this.#sample();
        let sleptUs = 0;
        while (sleptUs < MAX_SLEEP_PER_CHUNK_US) {
            const limit = this.#limitLbPerS();
            if (limit === 0 || this.#rateLbPerS() <= limit)
                return;
            await sleep(this.#clock, SLEEP_US);
            sleptUs += SLEEP_US;
        }
    }
    #sample() {
        const nowUs = this.#clock.monotonicUs();
        const last = this.#samples[this.#samples.length - 1];
        if (last !== undefined && nowUs - last.atUs <= SAMPLE_INTERVAL_US)
            return;
        this.#samples.push({ atUs: nowUs, totalLb: this.#totalLb });
        const oldest = this.#samples[0];
        if (oldest !== undefined && nowUs - oldest.atUs >= WINDOW_US) {
            this.#samples = this.#samples.filter((sample) => nowUs - sample.atUs <= KEEP_US);
        }
    }
    #rateLbPerS() {
        const oldest = this.#samples[0];
        if (oldest === undefined)
            return 0;
        const elapsedMs = Math.floor((this.#clock.monotonicUs() - oldest.atUs) / 1000);
        return elapsedMs === 0 ? 0 : ((this.#totalLb - oldest.totalLb) * 1000) / elapsedMs;
    }
}
