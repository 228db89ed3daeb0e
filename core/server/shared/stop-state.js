import { StateError } from '../../errors.js';
/** Whether a volume is being stopped, with the numbers that the original's error texts carry. */
export const STOP_STATE_NUMBERS = {
    NotStopping: 1,
    WaitingForEmpty: 2,
    Stopping: 4,
    ForceStopping: 8,
};
export class StopState {
    #current = 'NotStopping';
    #changed;
    constructor(changed) {
        this.#changed = changed;
    }
    get current() {
        return this.#current;
    }
    get isForced() {
        return this.#current === 'ForceStopping';
    }
    /** The name as status lines show it; the spelling is the original's. */
    get text() {
        return this.#current === 'WaitingForEmpty' ? 'WAitingForEmpty' : this.#current;
    }
    /** Throws StateError `FUNC:verifyStopState:VOL:CURRENT:MASK` unless the present one is among `accepted`. */
    verify(accepted, volume, func) {
        if (accepted.includes(this.#current))
            return;
        const mask = accepted.reduce((sum, name) => sum + STOP_STATE_NUMBERS[name], 0);
        throw new StateError(`${func}:verifyStopState:${volume}:${STOP_STATE_NUMBERS[this.#current]}:${mask}`, this.#current, accepted);
    }
    /**
     * Begins to stop: only from `from`, else null. Only the returned stopper may change it further or end it, so
     * that a second, refused stop does not cancel the first (docs/differences.md).
     */
    begin(to) {
        if (this.#current !== 'NotStopping')
            return null;
        this.#set(to);
        return { advance: (next) => this.#set(next), end: () => this.#set('NotStopping') };
    }
    #set(next) {
        this.#current = next;
        this.#changed.notifyAll();
    }
}
