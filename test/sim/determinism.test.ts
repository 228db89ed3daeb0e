import { describe, expect, it } from 'vitest';
import type { ProcessMain } from '../../sim/process.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { createSimulation, createTraced, readAll } from './support.ts';

/** Two hosts that talk, write files, sleep and draw, with a fault on the way. */
async function busySite(simulation: Simulation): Promise<void> {
  const a = simulation.addHost('a');
  const b = simulation.addHost('b');
  b.spawn('server', async (world) => {
    const listener = await world.network.listen(1, 'server.listen');
    for (;;) {
      const connection = await listener.accept('server.accept');
      if (connection === null) return 0;
      const { bytes } = await readAll(connection);
      const file = await world.files.open(`/f${world.random.below('name', 1e6)}`, 'create', 'server.open');
      await file.write(0, bytes, 'server.write');
      await file.sync('server.sync');
      file.close();
      await connection.end('server.end');
      connection.close();
    }
  });
  const client: ProcessMain = async (world) => {
    for (let i = 0; i < 20; i++) {
      try {
        const connection = await world.network.connect({ host: 'b', port: 1 }, 3_000_000, 'client.connect');
        connection.setTimeouts(1_000_000, 1_000_000);
        await connection.write(world.random.bytes('data', 1000), 'client.write');
        await connection.end('client.end');
        await connection.read(1, 'client.read');
        connection.close();
      } catch (error) {
        world.log.warning(String(error));
      }
      await new Promise<void>((resolve) =>
        world.clock.startTimer(world.clock.monotonicUs() + 50_000, resolve),
      );
    }
    return 0;
  };
  simulation.faults.arm({ kind: 'power-loss', atUs: 1_500_000, host: 'b', downUs: 400_000 });
  simulation.faults.arm({
    kind: 'partition',
    atUs: 100_000,
    from: 'a',
    to: 'b',
    both: false,
    forUs: 60_000,
  });
  const clients = ['one', 'two', 'three'].map((name) => a.spawn(name, client));
  for (const { exited } of clients) await exited;
}

describe('determinism', () => {
  const traceOf = async (seed: number) => {
    const { simulation, lines } = createTraced({ seed });
    await simulation.run(busySite);
    return lines.join('\n');
  };

  it('the same seed gives the same trace, another seed another', async () => {
    const first = await traceOf(7);
    expect(first.split('\n').length).toBeGreaterThan(500);
    expect(await traceOf(7)).toBe(first);
    expect(await traceOf(8)).not.toBe(first);
  });

  it('a trace changes nothing', async () => {
    const traced = createTraced({ seed: 7 });
    await traced.simulation.run(busySite);
    const plain = createSimulation({ seed: 7 });
    await plain.run(busySite);
    expect(plain.nowUs).toBe(traced.simulation.nowUs);
    expect(plain.kernel.loop.firedCount).toBe(traced.simulation.kernel.loop.firedCount);
  });

  it('lines are numbered without gaps, in time order, each caused by an earlier one', async () => {
    const fields = (await traceOf(7)).split('\n').map((line) => line.split('\t').map(String));
    fields.forEach((line, index) => {
      expect(Number(line[1])).toBe(index + 1);
      expect(Number(line[11])).toBeLessThan(index + 1);
      if (index > 0) expect(Number(line[2])).toBeGreaterThanOrEqual(Number(fields[index - 1]?.[2]));
    });
    const kinds = new Set(fields.map((line) => line[7]));
    for (const kind of [
      'process.start',
      'process.exit',
      'process.kill',
      'host.power-loss',
      'host.power-on',
      'fault.partition',
      'fault.power-loss',
      'net.arrive-data',
      'net.connect',
      'net.accept',
      'log.warning',
      'random',
    ]) {
      expect(kinds).toContain(kind);
    }
  });
});
