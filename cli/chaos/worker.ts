import { parentPort } from 'node:worker_threads';
import { errorText } from '../../core/errors.ts';
import type { ChaosJob, ChaosResult } from './job.ts';
import { chaosMachine, runChaosJob } from './one.ts';

/** A worker thread of `walbox chaos`: runs the seeds that it is sent, one at a time. */

export type FromChaosWorker =
  | { readonly kind: 'done'; readonly result: ChaosResult }
  | { readonly kind: 'broken'; readonly message: string };

const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
const machine = chaosMachine();

port.on('message', async (job: ChaosJob) => {
  let answer: FromChaosWorker;
  try {
    answer = { kind: 'done', result: await runChaosJob(job, await machine) };
  } catch (error) {
    answer = { kind: 'broken', message: errorText(error) };
  }
  port.postMessage(answer);
});
