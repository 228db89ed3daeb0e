import { Worker } from 'node:worker_threads';
import { errorText } from '../../core/errors.ts';
import { commandOf, type RunJob, type RunReport } from './job.ts';
import { runJob } from './one.ts';
import type { FromWorker } from './worker.ts';

export interface PoolOptions {
  /** Worker threads; 1 runs everything in this thread. */
  readonly workerCount: number;
  /** A scenario that runs longer than this in real time has failed. */
  readonly limitS: number;
  /** Folder for histories of failures. */
  readonly failures: string;
}

/** Told what happens, in the order in which it happens; `slot` counts from 0 up to the number of workers. */
export interface PoolEvents {
  started(slot: number, job: RunJob): void;
  progress(slot: number, line: string): void;
  ended(slot: number, job: RunJob, report: RunReport): void;
}

/** Runs all jobs; the reports come in the order of the jobs. */
export async function runJobs(
  jobs: readonly RunJob[],
  options: PoolOptions,
  events: PoolEvents,
): Promise<RunReport[]> {
  const reports = new Array<RunReport>(jobs.length);
  let next = 0;
  const work = async (slot: number) => {
    // Worker threads start from built files only; where TypeScript runs as it is, all is done in this thread.
    const runner =
      options.workerCount > 1 && !isSourceTree() ? new WorkerRunner(options) : localRunner(options);
    for (let at = next++; at < jobs.length; at = next++) {
      const job = jobs[at] as RunJob;
      events.started(slot, job);
      const report = await runner.run(job, (line) => events.progress(slot, line));
      reports[at] = report;
      events.ended(slot, job, report);
    }
    await runner.close();
  };
  const slots = Math.max(1, Math.min(options.workerCount, jobs.length));
  await Promise.all(Array.from({ length: isSourceTree() ? 1 : slots }, (_, slot) => work(slot)));
  return reports;
}

function isSourceTree(): boolean {
  return import.meta.url.endsWith('.ts');
}

interface Runner {
  run(job: RunJob, onLine: (line: string) => void): Promise<RunReport>;
  close(): Promise<void>;
}

function localRunner({ failures }: PoolOptions): Runner {
  return {
    run: (job, onLine) =>
      runJob(job, onLine, failures).catch((error: unknown) => failedReport(job, errorText(error), 0)),
    close: async () => {},
  };
}

/** One thread, begun anew after a job that did not end. */
class WorkerRunner implements Runner {
  readonly #options: PoolOptions;
  #worker: Worker | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  run(job: RunJob, onLine: (line: string) => void): Promise<RunReport> {
    const { failures, limitS } = this.#options;
    this.#worker ??= new Worker(new URL('./worker.js', import.meta.url), { workerData: { failures } });
    const worker = this.#worker;
    return new Promise((resolve) => {
      const beganMs = performance.now();
      const end = (report: RunReport) => {
        clearTimeout(timer);
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        resolve(report);
      };
      const fail = (summary: string) => {
        this.#worker = null;
        end(failedReport(job, summary, (performance.now() - beganMs) / 1000));
        void worker.terminate();
      };
      const timer = setTimeout(() => fail(`no end within ${limitS} s of real time`), limitS * 1000);
      const onMessage = (message: FromWorker) => {
        if (message.kind === 'progress') onLine(message.line);
        else end(message.report);
      };
      const onError = (error: unknown) => fail(`the worker failed: ${errorText(error)}`);
      const onExit = (code: number) => fail(`the worker ended with status ${code}`);
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}

function failedReport(job: RunJob, summary: string, realTimeS: number): RunReport {
  const { scenario, seed } = job;
  const failure = { lines: [], historyPath: null, command: commandOf(job) };
  const figures = { virtualTimeS: null, eventCount: null, realTimeS };
  return { scenario, seed, status: 'failed', passed: false, summary, ...figures, details: [], failure };
}
