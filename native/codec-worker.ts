import { parentPort, workerData } from 'node:worker_threads';
import { runCodecJob } from '../core/engine/codec-registry.ts';
import { errorText, FormatError } from '../core/errors.ts';
import { checksum } from '../core/format/checksum.ts';
import { MIB } from '../core/units.ts';
import {
  alignedBytes,
  type CodecWorkerData,
  type FromCodecWorker,
  INPUT_KEPT,
  type ToCodecWorker,
  unpackJobs,
} from './codec-message.ts';
import { loadNativeCodecs } from './codecs.ts';
import { allocationCounter } from './collect.ts';

/** A worker thread of native/codec-pool.ts: runs the batches that it is sent, one at a time. */

/** What libraries allocated may be dead in the meantime, and no more. */
const COLLECT_BYTES = 8 * MIB;

const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
const { slots } = workerData as CodecWorkerData;
const codecs = loadNativeCodecs();
const allocated = allocationCounter(COLLECT_BYTES);

port.on('message', (message: ToCodecWorker) => {
  const input = typeof message.input === 'number' ? slots[message.input] : message.input;
  const answer = run(message, input);
  port.postMessage(answer, answer.output === null ? [] : [answer.output]);
});

function run(message: ToCodecWorker, input: ArrayBufferLike): FromCodecWorker {
  const { id, lent } = message;
  const results: (Uint8Array | null)[] = [];
  try {
    for (const job of unpackJobs(message, input)) {
      const result = runCodecJob(codecs, job);
      allocated(result.length);
      const isKept = job.kind === 'compress' && job.shrinkOnly === true && result.length >= job.data.length;
      results.push(isKept ? null : result);
    }
  } catch (error) {
    const failure = {
      isFormatError: error instanceof FormatError,
      message: errorText(error),
      offset: error instanceof FormatError ? error.offset : 0,
    };
    return { id, output: null, lengths: [], checksums: [], failure };
  }
  return { id, ...(lent === null ? joined(results) : put(results, lent)), failure: null };
}

type Results = Pick<FromCodecWorker, 'output' | 'lengths' | 'checksums'>;

/** The results in lent memory, with their check sums. */
function put(results: readonly (Uint8Array | null)[], lent: SharedArrayBuffer): Results {
  const lengths: number[] = [];
  const checksums: number[] = [];
  let at = 0;
  for (const result of results) {
    lengths.push(result?.length ?? INPUT_KEPT);
    if (result === null) {
      checksums.push(0);
      continue;
    }
    const place = new Uint8Array(lent, at, result.length);
    place.set(result);
    checksums.push(checksum(place, 0));
    at += alignedBytes(result.length);
  }
  return { output: null, lengths, checksums };
}

/** The results in one array. They are what libraries allocated, which cannot change hands. */
function joined(results: readonly (Uint8Array | null)[]): Results {
  let totalBytes = 0;
  for (const result of results) totalBytes += alignedBytes(result?.length ?? 0);
  const output = totalBytes === 0 ? null : Buffer.allocUnsafeSlow(totalBytes).buffer;
  const lengths: number[] = [];
  let at = 0;
  for (const result of results) {
    lengths.push(result?.length ?? INPUT_KEPT);
    if (result === null || output === null) continue;
    new Uint8Array(output, at).set(result);
    at += alignedBytes(result.length);
  }
  return { output, lengths, checksums: [] };
}
