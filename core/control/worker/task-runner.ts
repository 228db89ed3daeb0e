import { errorText } from '../../errors.ts';
import type { MonotonicUs } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import type { Clock, Log } from '../../world/index.ts';
import { taskKey, type WorkerTask } from './task.ts';

export interface TaskLimits {
  readonly maxTasks: number;
  readonly maxReplicationTasks: number;
}

export interface TaskRunnerOptions {
  readonly limits: TaskLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Does the task. */
  readonly work: (task: WorkerTask) => Promise<void>;
  readonly describe: (task: WorkerTask) => string;
  /** Told when a task has ended. */
  readonly onEnd: () => void;
}

/** How long work that failed is left out of the selection, so that other work has its turn. */
const SET_ASIDE_US = 60 * US_PER_S;

/** The tasks of a worker: at most one for each volume, and so many together (docs/worker.md, "Tasks"). */
export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #running = new Map<string, { readonly task: WorkerTask; readonly ended: Promise<void> }>();
  readonly #setAsideUntilUs = new Map<string, MonotonicUs>();
  /** By task key: when it last began. */
  readonly begunAtUs = new Map<string, MonotonicUs>();
  /** Tasks that ended well. */
  doneCount = 0;
  failedCount = 0;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
  }

  /** Nothing more can be started now. */
  get isFull(): boolean {
    return this.#running.size >= this.#options.limits.maxTasks;
  }

  get canReplicate(): boolean {
    const replications = [...this.#running.values()].filter(({ task }) => task.kind === 'repl').length;
    return replications < this.#options.limits.maxReplicationTasks;
  }

  get endedCount(): number {
    return this.doneCount + this.failedCount;
  }

  /** A task of this volume runs. */
  isBusy(vol: string): boolean {
    return this.#running.has(vol);
  }

  /** Work that failed a moment ago. */
  isSetAside(key: string): boolean {
    const untilUs = this.#setAsideUntilUs.get(key);
    if (untilUs === undefined) return false;
    if (this.#options.clock.monotonicUs() < untilUs) return true;
    this.#setAsideUntilUs.delete(key);
    return false;
  }

  /** Starts a task unless a limit is reached. Returns whether it did; how the task ends is told in the log. */
  tryRun(task: WorkerTask): boolean {
    const { clock, log, describe } = this.#options;
    const refusal = this.#refusal(task);
    if (refusal !== null) {
      log.info(`task is canceled(${refusal}):${describe(task)}`);
      return false;
    }
    this.begunAtUs.set(taskKey(task), clock.monotonicUs());
    log.info(`startTask:${describe(task)}`);
    // An entry must be there before the work can end.
    const ended = Promise.resolve().then(() => this.#run(task));
    this.#running.set(task.vol, { task, ended });
    return true;
  }

  /** Waits until nothing runs any more. */
  async join(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #refusal(task: WorkerTask): string | null {
    if (this.isBusy(task.vol)) return 'another task';
    if (this.isFull) return 'max limit';
    return task.kind === 'repl' && !this.canReplicate ? 'max limit' : null;
  }

  async #run(task: WorkerTask): Promise<void> {
    const { clock, log, work, describe, onEnd } = this.#options;
    try {
      await work(task);
      this.doneCount += 1;
      log.info(`endTask:${describe(task)}`);
    } catch (error) {
      this.failedCount += 1;
      this.#setAsideUntilUs.set(taskKey(task), clock.monotonicUs() + SET_ASIDE_US);
      log.error(`errTask:${describe(task)}:${errorText(error)}`);
    }
    this.#running.delete(task.vol);
    onEnd();
  }
}
