import { StateError } from '../../errors.js';
/** What the receiving side of replications calls itself in its answers. */
export const REPL_SERVER = 'x2aReplSyncServer';
/**
 * The volume belongs to one replication from its admission to its end: an open transition keeps everybody else
 * away, also while the client is silent, and no lock is held meanwhile (docs/differences.md).
 */
export class Reservation {
    #volume;
    #transition;
    constructor(volume) {
        this.#volume = volume;
        this.#transition = Reservation.#begin(volume);
    }
    /** The state to which the volume falls back. */
    get isArchived() {
        return this.#volume.states.state === 'ReplSyncAsServer';
    }
    /** The image is being compared instead of copied: SyncReady shows as Resync. */
    becomeResync() {
        this.#transition.rollback();
        this.#transition = this.#volume.states.begin(REPL_SERVER, 'SyncReady', 'Resync');
    }
    /** What was archived is to be replaced: Archived falls back to SyncReady from now on. */
    giveUpImage() {
        const { states } = this.#volume;
        this.#transition.rollback();
        states.begin(REPL_SERVER, 'Archived', 'Stop').commit('Stopped');
        states.begin(REPL_SERVER, 'Stopped', 'ResetVol').commit('SyncReady');
        this.#transition = states.begin(REPL_SERVER, 'SyncReady', 'Resync');
    }
    /** The image is there. The reservation goes on. */
    becomeArchived() {
        this.#transition.commit('Archived');
        this.#transition = Reservation.#begin(this.#volume);
    }
    end() {
        this.#transition.rollback();
    }
    static #begin({ states }) {
        const { state } = states;
        return states.begin(REPL_SERVER, state, state === 'SyncReady' ? 'FullSync' : 'ReplSyncAsServer');
    }
}
/** Throws StateError when an action began while the client was thinking. */
export function verifyIdle(volume) {
    if (volume.actions.total() > 0) {
        throw new StateError(`${REPL_SERVER}:there are running actions:${volume.volId}`, volume.states.state);
    }
}
