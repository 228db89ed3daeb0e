import { Worker } from 'node:worker_threads';
import type { ChaosJob, ChaosResult } from './job.ts';
import { chaosMachine, runChaosJob } from './one.ts';
import type { FromChaosWorker } from './worker.ts';

type RunJob = (job: ChaosJob) => Promise<ChaosResult>;

interface Runner {
  readonly run: RunJob;
  readonly close: () => Promise<void>;
}

/**
 * Takes jobs from `next` until it gives null, on so many threads at a time, and tells each result. Where
 * TypeScript runs as it is, there are no built files for threads to start from: everything runs in this one.
 */
export async function runChaosPool(
  jobCount: number,
  next: () => ChaosJob | null,
  onResult: (result: ChaosResult) => void,
): Promise<void> {
  const isSourceTree = import.meta.url.endsWith('.ts');
  const count = isSourceTree ? 1 : jobCount;
  const work = async () => {
    const runner = isSourceTree ? await localRunner() : threadRunner();
    try {
      for (let job = next(); job !== null; job = next()) onResult(await runner.run(job));
    } finally {
      await runner.close();
    }
  };
  await Promise.all(Array.from({ length: count }, work));
}

async function localRunner(): Promise<Runner> {
  const machine = await chaosMachine();
  return { run: (job) => runChaosJob(job, machine), close: async () => {} };
}

function threadRunner(): Runner {
  const worker = new Worker(new URL('./worker.js', import.meta.url));
  const run: RunJob = (job) =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        worker.off('message', onMessage);
        worker.off('error', onError);
        worker.off('exit', onExit);
        act();
      };
      const onMessage = (message: FromChaosWorker) =>
        settle(() => {
          if (message.kind === 'done') resolve(message.result);
          else reject(new Error(`seed ${job.seed}: ${message.message}`));
        });
      const onError = (error: Error) => settle(() => reject(error));
      const onExit = (code: number) =>
        settle(() => reject(new Error(`seed ${job.seed}: the thread ended with status ${code}`)));
      worker.on('message', onMessage);
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.postMessage(job);
    });
  return {
    run,
    close: async () => {
      await worker.terminate();
    },
  };
}
