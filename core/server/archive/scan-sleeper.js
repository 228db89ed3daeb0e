import { US_PER_MS } from '../../units.js';
import { sleep } from '../shared/condition.js';
const MIN_MS = 100;
const MAX_MS = 1000;
/** When the time looked at is longer than this, its first half is forgotten. */
const WINDOW_MS = 20_000;
/** Pauses long work so that a share of its time is left to others (docs/operations.md, "Sleeping"). */
export class ScanSleeper {
    #clock;
    #percent;
    #baseUs;
    #sleptMs = 0;
    /** `percent` of the time is slept, 0 to 99. */
    constructor(clock, percent) {
        this.#clock = clock;
        this.#percent = percent;
        this.#baseUs = clock.monotonicUs();
    }
    /** Sleeps when less than the share was slept so far. */
    async sleep() {
        if (this.#percent === 0)
            return;
        const elapsedMs = Math.floor((this.#clock.monotonicUs() - this.#baseUs) / US_PER_MS);
        const wantedMs = (elapsedMs * this.#percent) / 100;
        if (this.#sleptMs + MIN_MS < wantedMs) {
            const pauseMs = Math.min(MAX_MS, Math.floor(wantedMs - this.#sleptMs));
            await sleep(this.#clock, pauseMs * US_PER_MS);
            this.#sleptMs += pauseMs;
        }
        if (elapsedMs > WINDOW_MS) {
            this.#baseUs += Math.floor(elapsedMs / 2) * US_PER_MS;
            this.#sleptMs = Math.floor(this.#sleptMs / 2);
        }
    }
}
