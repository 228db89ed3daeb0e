import { StateError } from '../../errors.ts';
import type { Transition } from '../shared/state-machine.ts';
import type { ArchiveVolume } from './volume.ts';

/** What the receiving side of replications calls itself in its answers. */
export const REPL_SERVER = 'x2aReplSyncServer';

/**
 * The volume belongs to one replication from its admission to its end: an open transition keeps everybody else
 * away, also while the client is silent, and no lock is held meanwhile (docs/differences.md).
 */
export class Reservation {
  readonly #volume: ArchiveVolume;
  #transition: Transition;

  constructor(volume: ArchiveVolume) {
    this.#volume = volume;
    this.#transition = Reservation.#begin(volume);
  }

  /** The state to which the volume falls back. */
  get isArchived(): boolean {
    return this.#volume.states.state === 'ReplSyncAsServer';
  }

  /** The image is being compared instead of copied: SyncReady shows as Resync. */
  becomeResync(): void {
    this.#transition.rollback();
    this.#transition = this.#volume.states.begin(REPL_SERVER, 'SyncReady', 'Resync');
  }

  /** What was archived is to be replaced: Archived falls back to SyncReady from now on. */
  giveUpImage(): void {
    const { states } = this.#volume;
    this.#transition.rollback();
    states.begin(REPL_SERVER, 'Archived', 'Stop').commit('Stopped');
    states.begin(REPL_SERVER, 'Stopped', 'ResetVol').commit('SyncReady');
    this.#transition = states.begin(REPL_SERVER, 'SyncReady', 'Resync');
  }

  /** The image is there. The reservation goes on. */
  becomeArchived(): void {
    this.#transition.commit('Archived');
    this.#transition = Reservation.#begin(this.#volume);
  }

  end(): void {
    this.#transition.rollback();
  }

  static #begin({ states }: ArchiveVolume): Transition {
    const { state } = states;
    return states.begin(REPL_SERVER, state, state === 'SyncReady' ? 'FullSync' : 'ReplSyncAsServer');
  }
}

/** Throws StateError when an action began while the client was thinking. */
export function verifyIdle(volume: ArchiveVolume): void {
  if (volume.actions.total() > 0) {
    throw new StateError(`${REPL_SERVER}:there are running actions:${volume.volId}`, volume.states.state);
  }
}
