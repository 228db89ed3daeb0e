import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessMain } from '../../sim/process.ts';
import { KeyedRandom, RandomStream } from '../../sim/random.ts';
import { connectPair, createSimulation, forever, pattern } from './support.ts';

const STEP = 'test';

const anyPart = fc.oneof(fc.string({ maxLength: 12 }), fc.integer({ min: 0, max: 2 ** 45 }));

describe('keyed randomness', () => {
  it('gives the same streams when a key is kept as when it is given whole', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(anyPart, { maxLength: 4 }),
        fc.integer({ min: 0, max: 2 ** 45 }),
        (seed, key, n) => {
          const random = new KeyedRandom(seed);
          const kept = random.under(...key);
          const whole = random.at(...key, n);
          expect([kept(n).u32(), kept(n + 1).u32()]).toEqual([whole.u32(), random.at(...key, n + 1).u32()]);
        },
      ),
    );
  });

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
