import { StateError } from '../../errors.js';
const CHANGE_PREFIX = 'state:';
/** Logs every change of a volume's state for those who look for what happened: `state:FROM:TO`. */
export function logStates(log) {
    return (from, to) => log.debug(`${CHANGE_PREFIX}${from}:${to}`);
}
/** The change that a line of `logStates` tells, null for another line. */
export function parseStateChange(message) {
    if (!message.startsWith(CHANGE_PREFIX))
        return null;
    const [from, to, ...rest] = message.slice(CHANGE_PREFIX.length).split(':');
    return from === undefined || to === undefined || rest.length > 0 ? null : { from, to };
}
/**
 * The states of one volume. At most one transition is open at a time. Whoever waits for a state waits for
 * `changed`.
 */
export class StateMachine {
    #edges;
    #changed;
    #onChange;
    #state;
    #inTransition = false;
    /** `onChange` is told every change of the state, for logs. */
    constructor(edges, initial, changed, onChange = () => { }) {
        this.#edges = edges;
        this.#state = initial;
        this.#changed = changed;
        this.#onChange = onChange;
    }
    get state() {
        return this.#state;
    }
    get inTransition() {
        return this.#inTransition;
    }
    /** Sets the state from outside the graph: loading from disk, debug commands. */
    set(state) {
        const from = this.#state;
        this.#state = state;
        if (from !== state)
            this.#onChange(from, state);
        this.#changed.notifyAll();
    }
    /**
     * Opens the transition `from` -> `via`. Throws StateError with the original's text, `<name>:` in front:
     * `StateMachineTransaction:tryChange:already called:CUR:FROM:VIA` or `StateMachineTransaction:bad state:CUR:FROM:VIA`.
     */
    begin(name, from, via) {
        const current = this.#state;
        if (this.#inTransition) {
            throw new StateError(`${name}:StateMachineTransaction:tryChange:already called:${current}:${from}:${via}`, current);
        }
        if (current !== from || !this.#hasEdge(from, via)) {
            throw new StateError(`${name}:StateMachineTransaction:bad state:${current}:${from}:${via}`, current, [
                from,
            ]);
        }
        this.#inTransition = true;
        this.set(via);
        let open = true;
        const close = (state) => {
            open = false;
            this.#inTransition = false;
            this.set(state);
        };
        return {
            commit: (to) => {
                if (!open)
                    throw new StateError(`${name}:StateMachineTransaction:commit:already closed:${to}`, this.#state);
                if (!this.#hasEdge(via, to)) {
                    throw new StateError(`${name}:StateMachineTransaction:commit:bad state:${via}:${to}`, via);
                }
                close(to);
            },
            rollback: () => {
                if (open)
                    close(from);
            },
        };
    }
    #hasEdge(from, to) {
        return this.#edges.some(([a, b]) => a === from && b === to);
    }
}
