import { describe, expect, it } from 'vitest';
import type { ProcessMain } from '../../sim/process.ts';
import { createSimulation } from './support.ts';

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
