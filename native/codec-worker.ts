import { parentPort } from 'node:worker_threads';
import { runCodecJob } from '../core/engine/codec-registry.ts';
import { errorText, FormatError } from '../core/errors.ts';
import { MIB } from '../core/units.ts';
import type { CodecJob } from '../core/world/index.ts';
import {
  alignedBytes,
  type FromCodecWorker,
  INPUT_KEPT,
  type PackedJob,
  type ToCodecWorker,
} from './codec-message.ts';
import { loadNativeCodecs } from './codecs.ts';
import { allocationCounter } from './collect.ts';

/** A worker thread of native/codec-pool.ts: runs the batches that it is sent, one at a time. */

/** What libraries allocated may be dead in the meantime, and no more. */
const COLLECT_BYTES = 8 * MIB;

const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
const codecs = loadNativeCodecs();
const allocated = allocationCounter(COLLECT_BYTES);

port.on('message', (message: ToCodecWorker) => {
  const answer = run(message);
  const sizeBytes = answer.input.byteLength + answer.output.byteLength;
  port.postMessage(answer, [answer.input, answer.output]);
  allocated(sizeBytes);
});

function run({ id, jobs, input }: ToCodecWorker): FromCodecWorker {
  const results: (Uint8Array | null)[] = [];
  try {
    for (const job of jobs) {
      const result = runCodecJob(codecs, jobOf(job, input));
      results.push(job.shrinkOnly && result.length >= job.lengthBytes ? null : result);
    }
  } catch (error) {
    const failure = {
      isFormatError: error instanceof FormatError,
      message: errorText(error),
      offset: error instanceof FormatError ? error.offset : 0,
    };
    return { id, input, output: new ArrayBuffer(0), lengths: [], failure };
  }
  return { id, input, ...joined(results), failure: null };
}

function jobOf(packed: PackedJob, input: ArrayBuffer): CodecJob {
  const { kind, type, level, sizeBytes, at, lengthBytes } = packed;
  const data = new Uint8Array(input, at, lengthBytes);
  return kind === 'compress' ? { kind, type, level, data } : { kind, type, sizeBytes, data };
}

/** The results in one array. They are what libraries allocated, which cannot change hands. */
function joined(results: readonly (Uint8Array | null)[]): Pick<FromCodecWorker, 'output' | 'lengths'> {
  let totalBytes = 0;
  for (const result of results) totalBytes += alignedBytes(result?.length ?? 0);
  const { buffer: output } = Buffer.allocUnsafeSlow(totalBytes);
  const bytes = new Uint8Array(output);
  const lengths: number[] = [];
  let at = 0;
  for (const result of results) {
    lengths.push(result?.length ?? INPUT_KEPT);
    if (result === null) continue;
    bytes.set(result, at);
    at += alignedBytes(result.length);
  }
  return { output, lengths };
}
