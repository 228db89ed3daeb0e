import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('../../dist/native/collect.js', import.meta.url).href;
const THREADS = 8;

/** A thread that makes ready, waits for all the others, and collects for the first time when they do. */
const BODY = `
const { parentPort, workerData } = require('node:worker_threads');
const gate = new Int32Array(workerData);
import(${JSON.stringify(MODULE)}).then(({ collectYoung }) => {
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < ${THREADS}) {}
  collectYoung();
  parentPort.postMessage('collected');
});
`;

function threadOf(gate: SharedArrayBuffer): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(BODY, { eval: true, workerData: gate });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

describe('collecting young arrays', () => {
  it('works in threads that begin with it in the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const gate = new SharedArrayBuffer(4);
      const threads = Array.from({ length: THREADS }, () => threadOf(gate));
      expect(new Set(await Promise.all(threads))).toEqual(new Set(['collected']));
    }
  });
});
