import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../core/world/index.ts';
import type { CutKind } from '../../sim/pipe.ts';
import { codeOf, concat, connectPair, createSimulation, pattern, sameBytes } from './support.ts';

const STEP = 'test';

interface Outcome {
  readonly bytes: Uint8Array;
  /** `end`, a code, or `silence`. */
  readonly ending: string;
  /** What later reads said. */
  readonly after: string[];
}

/** Reads to the end of the stream, then twice more. */
async function receive(connection: Connection, pauseUs: () => number, sleep: (us: number) => Promise<void>) {
  const pieces: Uint8Array[] = [];
  const read = async (): Promise<string> => {
    try {
      const piece = await connection.read(700, STEP);
      if (piece === null) return 'end';
      if (piece.length === 0) throw new Error('A read gave no byte.');
      pieces.push(piece);
      return '';
    } catch (error) {
      return codeOf(error) === 'TimeoutError' ? 'silence' : codeOf(error);
    }
  };
  let ending = '';
  while (ending === '') {
    ending = await read();
    await sleep(pauseUs());
  }
  const bytes = concat(pieces);
  const outcome: Outcome = { bytes, ending, after: [await read(), await read()] };
  return outcome;
}

async function send(connection: Connection, sizes: readonly number[], from: number): Promise<number> {
  let sent = 0;
  try {
    for (const size of sizes) {
      await connection.write(pattern(size, from + sent), STEP);
      sent += size;
    }
    await connection.end(STEP);
  } catch {
    return sent + Math.max(...sizes);
  }
  return sent;
}

const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 });

describe('the stream law', () => {
  const run = (options: {
    seed: number;
    up: readonly number[];
    down: readonly number[];
    cut: { atByte: number; how: CutKind; direction: 'to-server' | 'to-client' } | null;
    buffers: number;
    slow: boolean;
    outage: { atUs: number; forUs: number; held: boolean } | null;
    resetDropsQueued: boolean;
  }) => {
    const network = {
      sendBufferBytes: options.buffers,
      receiveBufferBytes: options.buffers,
      shortReadChance: 0.3,
      resetDropsQueued: options.resetDropsQueued,
    };
    const simulation = createSimulation({ seed: options.seed, network });
    return simulation.run(async () => {
      simulation.addHost('a');
      simulation.addHost('b');
      if (options.slow) simulation.network.setLink('a', 'b', { bytesPerS: 50_000, quantumBytes: 300 });
      const where = { client: 'a', server: 'b', port: null, nth: 1 };
      if (options.cut !== null) simulation.faults.arm({ kind: 'cut', ...where, ...options.cut });
      if (options.outage !== null) {
        const { atUs, forUs, held } = options.outage;
        const kind = held ? 'hold' : 'partition';
        simulation.faults.arm({ kind, atUs, from: 'a', to: 'b', both: true, forUs });
      }
      const pair = await connectPair(simulation).catch(() => null);
      if (pair === null) return null;
      const { near, far } = pair;
      for (const one of [near, far]) one.setTimeouts(30_000_000, 30_000_000);
      const random = simulation.random.at('test');
      const pauseUs = () => (random.chance(0.3) ? random.below(3000) : 0);
      const sleep = (us: number) => simulation.sleep(us);
      const [sentUp, sentDown, atFar, atNear] = await Promise.all([
        send(near, options.up, 0),
        send(far, options.down, 100),
        receive(far, pauseUs, sleep),
        receive(near, pauseUs, sleep),
      ]);
      near.close();
      far.close();
      await simulation.sleep(3_600_000_000);
      expect(simulation.network.connections.size).toBe(0);
      return { sentUp, sentDown, atFar, atNear };
    });
  };

  const total = (list: readonly number[]) => list.reduce((sum, size) => sum + size, 0);

  const checkSide = (received: Outcome, sent: number, written: readonly number[], from: number) => {
    expect(received.bytes.length).toBeLessThanOrEqual(Math.min(sent, total(written)));
    expect(sameBytes(received.bytes, pattern(received.bytes.length, from))).toBe(true);
    for (const after of received.after) expect(after).not.toBe('');
    if (received.ending === 'end') expect(received.after).not.toContain('silence');
  };

  const outages = fc.record({
    atUs: fc.integer({ min: 0, max: 20_000 }),
    forUs: fc.integer({ min: 1, max: 8_000_000 }),
    held: fc.boolean(),
  });
  const environment = {
    seed: fc.integer(),
    up: sizes,
    down: sizes,
    buffers: fc.constantFrom(64, 1000, 100_000),
    slow: fc.boolean(),
    resetDropsQueued: fc.boolean(),
  };

  it('without cuts everything arrives once, in order, and both directions end by themselves', async () => {
    const property = fc.asyncProperty(
      fc.record({ ...environment, cut: fc.constant(null), outage: fc.option(outages) }),
      async (options) => {
        const outcome = await run(options);
        expect(sameBytes(outcome?.atFar.bytes, pattern(total(options.up), 0))).toBe(true);
        expect(sameBytes(outcome?.atNear.bytes, pattern(total(options.down), 100))).toBe(true);
        expect(outcome?.atFar.after).toEqual(['end', 'end']);
        expect(outcome?.atNear.after).toEqual(['end', 'end']);
      },
    );
    await fc.assert(property, { numRuns: 150, seed: 1 });
  });

  it('after a cut at any byte the receiver has a prefix, and nothing after its end', async () => {
    const cuts = fc.record({
      atByte: fc.integer({ min: 0, max: 12_000 }),
      how: fc.constantFrom<CutKind>('rst', 'fin', 'silence'),
      direction: fc.constantFrom<'to-server' | 'to-client'>('to-server', 'to-client'),
    });
    const property = fc.asyncProperty(
      fc.record({ ...environment, cut: cuts, outage: fc.option(outages) }),
      async (options) => {
        const outcome = await run(options);
        if (outcome === null) return;
        const { sentUp, sentDown, atFar, atNear } = outcome;
        checkSide(atFar, sentUp, options.up, 0);
        checkSide(atNear, sentDown, options.down, 100);
        const { atByte, direction, how } = options.cut;
        const written = total(direction === 'to-server' ? options.up : options.down);
        const received = (direction === 'to-server' ? atFar : atNear).bytes.length;
        expect(received).toBeLessThanOrEqual(atByte);
        if (atByte < written && (how === 'silence' || !options.resetDropsQueued)) {
          expect(received).toBe(Math.min(atByte, written));
        }
      },
    );
    await fc.assert(property, { numRuns: 300, seed: 2 });
  });
});
