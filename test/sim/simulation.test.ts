import { describe, expect, it } from 'vitest';
import { DeadlockError, SpinningError } from '../../sim/event-loop.ts';
import { PoisonError } from '../../sim/kernel.ts';
import type { ProcessMain } from '../../sim/process.ts';
import { connectPair, createSimulation, pattern, readAll } from './support.ts';

const STEP = 'test';

describe('a run that cannot go on', () => {
  it('names who waits for what', async () => {
    const simulation = createSimulation();
    const run = simulation.run(async () => {
      const { near } = await connectPair(simulation);
      await near.read(1, 'test.the-read');
    });
    await expect(run).rejects.toThrow(DeadlockError);
    expect(simulation.describeWaits()).toMatch(
      /a client#1.*test.the-read net.read \(connection 1 with b:10000\)/,
    );
    await expect(run).rejects.toThrow(/b server#1/);
  });

  it('names who spins by events', async () => {
    const simulation = createSimulation();
    const run = simulation.run(async () => {
      const host = simulation.addHost('a');
      const spin: ProcessMain = async (world) => {
        const { clock } = world.labelled({ task: 'dispatcher' });
        for (;;) await new Promise<void>((resolve) => clock.startTimer(clock.monotonicUs(), resolve));
      };
      await host.spawn('spinner', spin).exited;
    });
    await expect(run).rejects.toThrow(SpinningError);
    await expect(run).rejects.toThrow(/Runnable: a spinner#1/);
  });

  it('names who calls without ever waiting', async () => {
    const simulation = createSimulation();
    const run = simulation.run(async () => {
      const { near } = await connectPair(simulation);
      for (;;) await near.write(new Uint8Array(0), 'test.empty');
    });
    await expect(run).rejects.toThrow(SpinningError);
    await expect(run).rejects.toThrow(/a client#1: step test.empty, net.write/);
  });

  it('fails with the error of its main', async () => {
    const simulation = createSimulation();
    await expect(simulation.run(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect(await simulation.run(async () => 5)).toBe(5);
  });
});

describe('poison mode', () => {
  const run = (poison: boolean) =>
    createSimulation({ poison }).run(async (simulation) => {
      const host = simulation.addHost('a');
      const writer = host.spawn('writer', async (world) => {
        const file = await world.files.open('/f', 'create', STEP);
        const buffer = pattern(100);
        const writing = file.write(0, buffer, STEP);
        buffer.fill(7);
        await writing;
        return 0;
      });
      return writer.exited;
    });

  it('ends the run when a program changes what it is writing', async () => {
    await expect(run(true)).rejects.toThrow(PoisonError);
    expect(await run(false)).toBe(0);
  });

  it('covers writes that wait for room to send', async () => {
    const network = { sendBufferBytes: 10, receiveBufferBytes: 10 };
    const simulation = createSimulation({ poison: true, network });
    const wait = simulation.run(async () => {
      const { near, far } = await connectPair(simulation);
      const buffer = pattern(100);
      const writing = near.write(buffer, STEP);
      buffer[99] = 1;
      await readAll(far);
      await writing;
    });
    await expect(wait).rejects.toThrow(PoisonError);
  });
});
