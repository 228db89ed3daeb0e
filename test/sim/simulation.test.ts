import { describe, expect, it } from 'vitest';
import { DeadlockError, SpinningError } from '../../sim/event-loop.ts';
import { PoisonError } from '../../sim/kernel.ts';
import type { LogLine } from '../../sim/log.ts';
import type { ProcessMain } from '../../sim/process.ts';
import { KeyedRandom, RandomStream } from '../../sim/random.ts';
import type { Simulation } from '../../sim/simulation.ts';
import { connectPair, createSimulation, createTraced, forever, pattern, readAll } from './support.ts';

const STEP = 'test';

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

describe('keyed randomness', () => {
  it('gives each key its own values', () => {
    const random = new KeyedRandom(5);
    const values = new Set<string>();
    for (let i = 0; i < 20_000; i++) values.add(random.at('uuid', i).bytes(16).join());
    expect(values.size).toBe(20_000);
    expect(random.at('a', 1).u32()).toBe(random.at('a', 1).u32());
    expect(random.at('ab', 'c').u32()).not.toBe(random.at('a', 'bc').u32());
    expect(random.at('a', -1).u32()).not.toBe(random.at('a', 1).u32());
    expect(new KeyedRandom(6).at('a', 1).u32()).not.toBe(random.at('a', 1).u32());
  });

  it('is spread evenly', () => {
    const stream = new RandomStream(3, 4);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i++) counts[stream.below(16)] = (counts[stream.below(16)] as number) + 1;
    for (let i = 0; i < 160_000; i++) {
      const k = stream.below(16);
      counts[k] = (counts[k] as number) + 1;
    }
    let sum = 0;
    for (let i = 0; i < 100_000; i++) sum += stream.exponential(10, 110);
    expect(sum / 100_000).toBeGreaterThan(108);
    expect(sum / 100_000).toBeLessThan(112);
    let ones = 0;
    for (let i = 0; i < 100_000; i++) ones += stream.u32() & 1;
    expect(Math.abs(ones - 50_000)).toBeLessThan(1000);
  });

  it('leaving one purpose out leaves the others as they were', async () => {
    const draws = (withSalt: boolean) =>
      createSimulation().run(async (simulation) => {
        const result: string[] = [];
        const host = simulation.addHost('a');
        const main: ProcessMain = async ({ random }) => {
          for (let i = 0; i < 5; i++) {
            if (withSalt) random.bytes('salt', 4);
            result.push(random.bytes('uuid', 16).join(), String(random.below('delay', 1e15)));
          }
          return 0;
        };
        await host.spawn('p', main).exited;
        await host.spawn('p', main).exited;
        return result;
      });
    const values = await draws(true);
    expect(await draws(false)).toEqual(values);
    expect(new Set(values).size).toBe(values.length);
  });

  it('leaving a process out leaves the order of others at one instant as it was', async () => {
    const order = (withOther: boolean) =>
      createSimulation().run(async (simulation) => {
        const host = simulation.addHost('a');
        const seen: string[] = [];
        const main: ProcessMain = async ({ clock, pid }) => {
          const nowUs = clock.monotonicUs();
          for (let i = 0; i < 20; i++) clock.startTimer(nowUs + 1000, () => seen.push(`${pid} ${i}`));
          return forever();
        };
        const idle: ProcessMain = async ({ clock }) => {
          for (let i = 0; i < 7; i++) clock.startTimer(clock.monotonicUs() + 1000, () => {});
          return forever();
        };
        host.spawn('one', main);
        host.spawn('two', main);
        if (withOther) host.spawn('other', idle);
        await simulation.sleep(2000);
        return seen;
      });
    const seen = await order(true);
    expect(seen.length).toBe(40);
    expect(seen).not.toEqual([...seen].sort());
    expect(await order(false)).toEqual(seen);
  });

  it('leaving a connection out leaves the others as they were', async () => {
    const times = (withOther: boolean) =>
      createSimulation().run(async (simulation) => {
        const { near, far } = await connectPair(simulation);
        if (withOther) {
          const c = simulation.addHost('c');
          const listening = simulation.hosts.get('b')?.spawn('other', async (world) => {
            const listener = await world.network.listen(2, STEP);
            await listener.accept(STEP);
            return 0;
          });
          await simulation.sleep(0);
          c.spawn('x', async (world) => {
            await world.network.connect({ host: 'b', port: 2 }, 0, STEP);
            return 0;
          });
          await listening?.exited;
        }
        const result: number[] = [];
        for (let i = 0; i < 20; i++) {
          const sentUs = simulation.nowUs;
          await near.write(pattern(1), STEP);
          await far.read(1, STEP);
          result.push(simulation.nowUs - sentUs);
        }
        return result;
      });
    expect(await times(true)).toEqual(await times(false));
  });
});

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

describe('processes', () => {
  it('end with the status of main, or 1 and a log line when it throws', async () => {
    const log: LogLine[] = [];
    await createSimulation({ log: (line) => log.push(line) }).run(async (simulation) => {
      const host = simulation.addHost('a');
      const well = host.spawn('well', async () => 3);
      expect(await well.exited).toBe(3);
      expect([well.state, well.exitCode]).toEqual(['exited', 3]);
      const ill = host.spawn('ill', async () => {
        throw new Error('bad luck');
      });
      expect(await ill.exited).toBe(1);
      const inTimer = host.spawn('in-timer', async (world) => {
        world.clock.startTimer(world.clock.monotonicUs() + 1000, () => {
          throw new Error('late bad luck');
        });
        return forever();
      });
      expect(await inTimer.exited).toBe(1);
      expect(log.map(({ incarnation, message }) => `${incarnation} ${message}`)).toEqual([
        'ill#1 The process ends by an error: bad luck',
        'in-timer#1 The process ends by an error: late bad luck',
      ]);
      expect(() => host.spawn('ill', async () => 0)).not.toThrow();
      expect(() => host.spawn('ill', async () => 0)).toThrow('runs already');
    });
  });

  it('lose what they registered when main returns', async () => {
    await createSimulation().run(async (simulation) => {
      const host = simulation.addHost('a');
      let fired = 0;
      const leaver = host.spawn('leaver', async (world) => {
        await world.network.listen(5, STEP);
        world.clock.startTimer(world.clock.monotonicUs() + 1000, () => {
          fired += 1;
        });
        return 0;
      });
      await leaver.exited;
      await host.spawn('next', async (world) => {
        await world.network.listen(5, STEP);
        return 0;
      }).exited;
      await simulation.sleep(10_000);
      expect(fired).toBe(0);
    });
  });

  it('paused, do nothing; resumed, get their timers in one burst in due order', async () => {
    await createSimulation().run(async (simulation) => {
      const host = simulation.addHost('a');
      const fired: { timer: number; atUs: number }[] = [];
      const sleeper = host.spawn('sleeper', async (world) => {
        const { clock } = world;
        const nowUs = clock.monotonicUs();
        for (const timer of [5, 3, 9, 1, 7, 2, 8, 4, 6, 30]) {
          clock.startTimer(nowUs + timer * 1000, () => {
            fired.push({ timer, atUs: simulation.nowUs });
            if (timer === 3)
              void Promise.resolve().then(() => fired.push({ timer: 3.5, atUs: simulation.nowUs }));
          });
        }
        return forever();
      });
      await simulation.sleep(1500);
      sleeper.pause();
      await simulation.sleep(18_500);
      expect(fired.map(({ timer }) => timer)).toEqual([1]);
      sleeper.resume();
      await simulation.sleep(1);
      expect(fired.map(({ timer }) => timer)).toEqual([1, 2, 3, 3.5, 4, 5, 6, 7, 8, 9]);
      for (const { atUs } of fired.slice(1)) expect(atUs).toBe(20_000);
      await simulation.sleep(15_000);
      expect(fired.at(-1)).toEqual({ timer: 30, atUs: 30_000 });
    });
  });

  it('paused, still get connections and bytes from their kernel', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far, server } = await connectPair(simulation);
      server.pause();
      const reading = far.read(100, STEP);
      await near.write(pattern(10), STEP);
      await near.end(STEP);
      await simulation.sleep(60_000_000);
      server.resume();
      expect(await reading).toEqual(pattern(10));
      expect(await far.read(1, STEP)).toBeNull();
    });
  });

  it('of a frozen machine are silent and go on with their old connections', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far, b } = await connectPair(simulation);
      b.freeze();
      const reading = far.read(100, STEP);
      await near.write(pattern(10), STEP);
      await simulation.sleep(60_000_000);
      b.thaw();
      expect(await reading).toEqual(pattern(10));
    });
  });
});

describe('clocks', () => {
  it('monotonic time never decreases under steps and drift; timers are never early', async () => {
    const clock = { timerLateMaxUs: 5000, driftPpm: 200 };
    await createSimulation({ clock }).run(async (simulation) => {
      const host = simulation.addHost('a');
      const other = simulation.addHost('b', {}, { skewUs: 3_600_000_000 });
      const seen: number[] = [];
      const early: number[] = [];
      const main: ProcessMain = async (world) => {
        for (let i = 0; i < 200; i++) {
          const dueUs = world.clock.monotonicUs() + 10_000;
          seen.push(world.clock.monotonicUs());
          await new Promise<void>((resolve) => world.clock.startTimer(dueUs, resolve));
          if (world.clock.monotonicUs() < dueUs) early.push(i);
        }
        return 0;
      };
      const running = host.spawn('p', main);
      const wall = () => Math.floor(host.clock.wallUs() / 1e6);
      const before = wall();
      expect(Math.floor(other.clock.wallUs() / 1e6) - before).toBe(3600);
      const random = simulation.random.at('steps');
      for (let i = 0; i < 100; i++) {
        await simulation.sleep(15_000);
        host.clock.step(random.between(-1e12, 1e12));
        host.clock.setDrift(random.between(-500, 500));
      }
      await running.exited;
      expect(early).toEqual([]);
      for (let i = 1; i < seen.length; i++) expect(seen[i]).toBeGreaterThan(seen[i - 1] as number);
    });
  });

  it('wall time steps for all processes of a host, goes on over a power loss; monotonic time does not', async () => {
    await createSimulation().run(async (simulation) => {
      const host = simulation.addHost('a');
      const read = async () => {
        let times = { wallS: 0, monotonicUs: 0 };
        await host.spawn('p', async ({ clock }) => {
          times = { wallS: clock.wallTimeS(), monotonicUs: clock.monotonicUs() };
          return 0;
        }).exited;
        return times;
      };
      const first = await read();
      host.clock.step(-86_400_000_000);
      await simulation.sleep(5_000_000);
      const second = await read();
      expect(second.wallS - first.wallS).toBe(5 - 86_400);
      expect(second.monotonicUs - first.monotonicUs).toBe(5_000_000);
      host.powerLoss();
      await simulation.sleep(5_000_000);
      host.powerOn();
      const third = await read();
      expect(third.wallS - second.wallS).toBe(5);
      expect(third.monotonicUs - second.monotonicUs).not.toBe(5_000_000);
      host.clock.step(-1e16);
      expect((await read()).wallS).toBe(0);
    });
  });
});
