import { errorText } from '../../errors.ts';
import { US_PER_S } from '../../units.ts';
import type { Clock, Log, Step } from '../../world/index.ts';
import { waitUntil } from './condition.ts';
import { Mutex } from './mutex.ts';
import type { ProcessStatus } from './process-status.ts';
import type { TaskGroup } from './task-group.ts';

/** Begins the line that tells the operator (docs/operations.md, "Durable files"). */
export const UNSURE_STATE = 'the state file may say';
/** Begins the line that takes it back. */
export const SURE_STATE = 'the state file says again';

/** A failing sync may be followed by others; each attempt is another file. */
const UNDO_ATTEMPTS = 3;
/** Between further attempts. */
const MIN_DELAY_US = US_PER_S;
const MAX_DELAY_US = 10 * US_PER_S;

/** What of a server lets a state be saved again later. */
export interface StateKeeping {
  readonly world: { readonly clock: Clock };
  readonly status: ProcessStatus;
  readonly group: TaskGroup;
}

interface Wanted {
  readonly state: string;
  readonly step: Step;
}

/**
 * The `state` file of one volume. A save that fails may have put the new file there without making it durable: then the
 * old state is put back, and where that fails, too, as soon as the disk lets it, so that a start finds what memory says.
 */
export class StateFile {
  readonly #write: (state: string, step: Step) => Promise<void>;
  readonly #log: Log;
  /** Null: nobody tries later (files that are being made). */
  readonly #keeping: StateKeeping | null;
  /** A later attempt must not overwrite what somebody else saved meanwhile. */
  readonly #lock = new Mutex();
  /** What memory says while the file may say something else. */
  #wanted: Wanted | null = null;
  #isTrying = false;

  constructor(
    write: (state: string, step: Step) => Promise<void>,
    log: Log,
    keeping: StateKeeping | null = null,
  ) {
    this.#write = write;
    this.#log = log;
    this.#keeping = keeping;
  }

  /** Saves `state`, durably. */
  async save(state: string, step: Step): Promise<void> {
    await this.#lock.run(() => this.#save(state, step));
  }

  async #save(state: string, step: Step): Promise<void> {
    await this.#write(state, step);
    if (this.#wanted !== null) this.#log.info(`${SURE_STATE} ${state}`);
    this.forget();
  }

  /** Saves the state `to`; when that fails, `from` is put back. Throws what the save threw. */
  async change(from: string, to: string, step: Step): Promise<void> {
    try {
      await this.save(to, step);
    } catch (error) {
      await this.putBack(from, to, step);
      throw error;
    }
  }

  /** Puts `state` back where `instead` may have been saved. Throws nothing: who calls has an error to tell already. */
  async putBack(state: string, instead: string, step: Step): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.save(state, step);
        return;
      } catch (error) {
        if (attempt < UNDO_ATTEMPTS) continue;
        this.#log.error(`${UNSURE_STATE} ${instead}: ${errorText(error)}`);
        this.keep(state, step);
        return;
      }
    }
  }

  /** Memory says `state`: the file shall, too, as soon as it can. */
  keep(state: string, step: Step): void {
    this.#wanted = { state, step };
    if (this.#keeping === null || this.#isTrying) return;
    const { group, status, world } = this.#keeping;
    this.#isTrying = true;
    group.start('save-state', () => this.#keepTrying(world.clock, status));
  }

  /** Saves now what could not be saved before. Throws what fails. */
  async settle(): Promise<void> {
    await this.#lock.run(async () => {
      if (this.#wanted === null) return;
      await this.#save(this.#wanted.state, this.#wanted.step);
    });
  }

  /** Nothing is to be saved later any more. */
  forget(): void {
    this.#wanted = null;
  }

  async #keepTrying(clock: Clock, status: ProcessStatus): Promise<void> {
    let delayUs = MIN_DELAY_US;
    for (;;) {
      const dueUs = clock.monotonicUs() + delayUs;
      await waitUntil(clock, status.changed, () => !status.isRunning, dueUs);
      // Once more when the server ends.
      const isLast = !status.isRunning;
      await this.settle().catch(() => {});
      if (this.#wanted === null || isLast) break;
      delayUs = Math.min(2 * delayUs, MAX_DELAY_US);
    }
    this.#isTrying = false;
  }
}
