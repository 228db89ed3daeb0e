import { errorText } from '../../errors.ts';
import { sleepOrNotified, waitUntil } from '../../server/shared/condition.ts';
import type { ProcessStatus } from '../../server/shared/process-status.ts';
import { US_PER_MS, US_PER_S } from '../../units.ts';
import type { World } from '../../world/index.ts';
import { type Controller, createController } from '../controller.ts';
import { makeSyncOpt } from '../queries.ts';
import { type ServerConnectionParam, ServerLayout } from '../server-layout.ts';
import { archiveView } from './archive-view.ts';
import type { WorkerConfig } from './config.ts';
import { RecentCounts } from './recent-counts.ts';
import { destinationOf, type SelectionStep, selectTask } from './select.ts';
import { taskText, type WorkerTask } from './task.ts';
import { TaskRunner } from './task-runner.ts';

/** Something that a worker did, for those who count. */
export interface WorkerEvent {
  readonly kind: 'selected' | 'done' | 'failed';
  readonly task: WorkerTask;
}

export interface WorkerOptions {
  /** Only this step of the selection; null = all. */
  readonly onlyStep?: SelectionStep | null;
  /** Ends by itself after this; null = never. */
  readonly lifetimeS?: number | null;
  /** Choose, but do nothing. */
  readonly isDryRun?: boolean;
  /** Also tell the candidates. */
  readonly isVerbose?: boolean;
  readonly onEvent?: (event: WorkerEvent) => void;
  /** Sends the commands; default: a controller of this world. */
  readonly controller?: Controller;
}

/** What a worker did. */
export interface WorkerReport {
  readonly doneCount: number;
  readonly failedCount: number;
}

const PRIMARY_NAME = 'a0';
/** Pause after a selection that failed. */
const ERROR_PAUSE_US = 10 * US_PER_S;
/** A longer selection is told. */
const LONG_SELECTION_US = 10 * US_PER_S;
/** A pause of nothing would be a loop without end. */
const MIN_PAUSE_US = 100 * US_PER_MS;

/**
 * Looks after the volumes of one archive: chooses what to apply, merge or replicate next, and does it, until
 * `status` says that it should end; then it waits for what it began (docs/worker.md). It holds no lock: when an
 * operator was faster, a command is refused, and the work is chosen again later.
 */
export async function runWorker(
  world: World,
  config: WorkerConfig,
  status: ProcessStatus,
  options: WorkerOptions = {},
): Promise<WorkerReport> {
  const { log, clock } = world;
  const archive: ServerConnectionParam = {
    name: PRIMARY_NAME,
    address: config.general.address,
    kind: 'archive',
  };
  const { timeoutS } = config.general;
  const controller =
    options.controller ?? createController(world, new ServerLayout([], [], [archive]), { timeoutS });
  const asked = archiveView(controller, archive);
  const counts = new RecentCounts(clock, asked.diffCount);
  const view = { ...asked, diffCount: (vol: string) => counts.of(vol) };
  const tell = (kind: WorkerEvent['kind'], task: WorkerTask) => options.onEvent?.({ kind, task });
  const runner = new TaskRunner({
    limits: config.general,
    clock,
    log,
    describe: (task) => taskText(task, archive),
    onEnd: () => status.changed.notifyAll(),
    work: async (task) => {
      try {
        await doTask(controller, archive, task);
        tell('done', task);
      } catch (error) {
        tell('failed', task);
        throw error;
      } finally {
        counts.forget(task.vol);
      }
    },
  });
  warnOfNoLimits(world, config);
  const endUs =
    options.lifetimeS === undefined || options.lifetimeS === null
      ? Number.POSITIVE_INFINITY
      : clock.monotonicUs() + options.lifetimeS * US_PER_S;
  const isOver = () => !status.isRunning || clock.monotonicUs() >= endUs;
  const pauseUs = Math.max(MIN_PAUSE_US, config.general.kickIntervalS * US_PER_S);

  while (!isOver()) {
    const endedBefore = runner.endedCount;
    let started = false;
    if (!runner.isFull) {
      try {
        const task = await select();
        started = task !== null && !isOver() && begin(task);
      } catch (error) {
        log.error(`selectTask:${errorText(error)}`);
        await sleepOrNotified(clock, status.changed, Math.min(ERROR_PAUSE_US, endUs - clock.monotonicUs()));
        continue;
      }
    }
    if (started) continue;
    // A task that ended may be followed by another one at once: work that failed is set aside.
    const isAwake = () => !status.isRunning || runner.endedCount !== endedBefore;
    await waitUntil(clock, status.changed, isAwake, Math.min(clock.monotonicUs() + pauseUs, endUs));
  }
  await runner.join();
  return { doneCount: runner.doneCount, failedCount: runner.failedCount };

  async function select(): Promise<WorkerTask | null> {
    const beganUs = clock.monotonicUs();
    const idle = new Map([...(await view.idleVolumes())].filter(([vol]) => !runner.isBusy(vol)));
    const task = await selectTask({
      config,
      view,
      idle,
      nowS: clock.wallTimeS(),
      nowUs: clock.monotonicUs(),
      onlyStep: options.onlyStep ?? null,
      canReplicate: runner.canReplicate,
      replicatedAtUs: runner.begunAtUs,
      isSetAside: (key) => runner.isSetAside(key),
      log,
      isVerbose: options.isVerbose ?? false,
    });
    const usedUs = clock.monotonicUs() - beganUs;
    if (usedUs > LONG_SELECTION_US) log.warning(`selectTask:took ${Math.floor(usedUs / US_PER_S)} s`);
    return task;
  }

  function begin(task: WorkerTask): boolean {
    log.debug(`selectTask:${taskText(task, archive)}`);
    tell('selected', task);
    return options.isDryRun === true ? false : runner.tryRun(task);
  }
}

async function doTask(
  controller: Controller,
  archive: ServerConnectionParam,
  task: WorkerTask,
): Promise<void> {
  switch (task.kind) {
    case 'apply':
      await controller.apply(archive, task.vol, task.gid);
      return;
    case 'merge':
      await controller.merge(archive, task.vol, task.gidB, task.gidE);
      return;
    case 'repl': {
      const { server, gid } = task;
      const { compression, maxMergeSizeU, bulkSizeU } = server;
      const syncOpt = makeSyncOpt({ compression, maxWdiffMergeSizeU: maxMergeSizeU, bulkSizeU });
      const upTo = gid === null ? {} : { gid };
      await controller.replicateOnce(archive, task.vol, destinationOf(server), { syncOpt, ...upTo });
    }
  }
}

/** Without limits the configuration does not do what people expect of it (docs/worker.md, "Limits of merges"). */
function warnOfNoLimits({ log }: World, { merge }: WorkerConfig): void {
  if (Number.isFinite(merge.maxSizeBytes)) return;
  log.warning(
    Number.isFinite(merge.maxCount)
      ? 'merge.max_size is not set: the oldest diff swallows all others, and nothing becomes old enough to apply'
      : 'merge.max_nr and merge.max_size are not set: only diffs between kept snapshots are merged',
  );
}
