import { US_PER_S } from '../../units.js';
import { Mutex } from '../shared/mutex.js';
/** A mutex that logs who waited for it, or held it, for longer than operators like. */
export class WatchedMutex extends Mutex {
    #world;
    #name;
    #thresholdUs;
    constructor(world, name, thresholdS) {
        super();
        this.#world = world;
        this.#name = name;
        this.#thresholdUs = thresholdS * US_PER_S;
    }
    async acquire() {
        const askedUs = this.#world.clock.monotonicUs();
        const release = await super.acquire();
        const gotUs = this.#world.clock.monotonicUs();
        this.#warn('waited for', gotUs - askedUs);
        return () => {
            this.#warn('held', this.#world.clock.monotonicUs() - gotUs);
            release();
        };
    }
    #warn(what, durationUs) {
        if (durationUs <= this.#thresholdUs)
            return;
        this.#world.log.warning(`lock was ${what} too long:${this.#name}:${(durationUs / US_PER_S).toFixed(3)} s`);
    }
}
