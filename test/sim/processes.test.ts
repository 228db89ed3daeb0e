import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../sim/log.ts';
import { connectPair, createSimulation, forever, pattern } from './support.ts';

const STEP = 'test';

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
