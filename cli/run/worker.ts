import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../../core/errors.ts';
import type { RunJob, RunReport } from './job.ts';
import { runJob } from './one.ts';

/** A worker thread of `walbox run`: runs the jobs that it is sent, one at a time. */

export type FromWorker =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'done'; readonly report: RunReport };

/** Steps are told this often; people cannot read faster. */
const PROGRESS_INTERVAL_MS = 100;

const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
const { failures } = workerData as { failures: string };

port.on('message', async (job: RunJob) => {
  let toldMs = 0;
  const say = (line: string) => {
    const nowMs = performance.now();
    if (nowMs - toldMs < PROGRESS_INTERVAL_MS || line === '') return;
    toldMs = nowMs;
    port.postMessage({ kind: 'progress', line } satisfies FromWorker);
  };
  let report: RunReport;
  try {
    report = await runJob(job, say, failures);
  } catch (error) {
    report = failedReport(job, errorText(error));
  }
  port.postMessage({ kind: 'done', report } satisfies FromWorker);
});

function failedReport({ scenario, seed }: RunJob, summary: string): RunReport {
  const nothing = { virtualTimeS: null, eventCount: null, realTimeS: 0, details: [], failure: null };
  return { scenario, seed, status: 'failed', passed: false, summary, ...nothing };
}
