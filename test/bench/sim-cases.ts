import { KIB, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { nativeCodecPool } from '../../native/codecs.ts';
import { createTurn } from '../../native/turn.ts';
import { createSimGroup, type SimGroup } from '../../sim/group.ts';
import { parseGroupLayout } from '../../sim/group-layout.ts';
import { Simulation } from '../../sim/simulation.ts';
import type { BenchCase } from './bench-case.ts';

/**
 * How fast the simulation is: events in a second of real time for single ports (request and answer over a
 * connection, file calls, timers), and virtual time in real time for a whole backup group.
 */
const STEP = 'bench';
const ROUNDS = 50_000;
const VOLUME = 'vol0';

function createSite(): Simulation {
  const codecs = { run: async () => [] };
  return new Simulation({ seed: 1, turn: createTurn(), codecs });
}

interface Work {
  readonly name: string;
  /** What one round does. */
  readonly round: string;
  run(simulation: Simulation, rounds: number): Promise<void>;
}

const pingPong: Work = {
  name: 'ping-pong',
  round: '2 writes, 2 reads',
  run: async (simulation, rounds) => {
    const server = simulation.addHost('b').spawn('server', async ({ network }) => {
      const listener = await network.listen(1, STEP);
      const connection = await listener.accept(STEP);
      if (connection === null) return 1;
      for (;;) {
        const bytes = await connection.read(4096, STEP);
        if (bytes === null) return 0;
        await connection.write(bytes, STEP);
      }
    });
    await simulation.sleep(1);
    simulation.addHost('a').spawn('client', async ({ network }) => {
      const connection = await network.connect({ host: 'b', port: 1 }, 0, STEP);
      connection.setTimeouts(10_000_000, 10_000_000);
      const bytes = new Uint8Array(64);
      for (let i = 0; i < rounds; i++) {
        await connection.write(bytes, STEP);
        await connection.read(4096, STEP);
      }
      connection.close();
      return 0;
    });
    await server.exited;
  },
};

const timers: Work = {
  name: 'timers',
  round: '1 timer in each of 100 tasks',
  run: async (simulation, rounds) => {
    const task = simulation.addHost('a').spawn('p', async ({ clock }) => {
      const sleeper = async (periodUs: number) => {
        for (let i = 0; i < rounds / 100; i++) {
          await new Promise<void>((resolve) => clock.startTimer(clock.monotonicUs() + periodUs, resolve));
        }
      };
      await Promise.all(Array.from({ length: 100 }, (_, i) => sleeper(1000 + i)));
      return 0;
    });
    await task.exited;
  },
};

const files: Work = {
  name: 'files',
  round: '1 write of 4 KiB',
  run: async (simulation, rounds) => {
    const task = simulation.addHost('a').spawn('p', async (world) => {
      const file = await world.files.open('/f', 'create', STEP);
      const page = new Uint8Array(4096);
      for (let i = 0; i < rounds; i++) await file.write((i % 256) * 4096, page, STEP);
      return 0;
    });
    await task.exited;
  },
};

function workCase(work: Work): BenchCase {
  return {
    name: `simulated ${work.name}`,
    units: ['events/s'],
    about: `${ROUNDS} rounds of: ${work.round}`,
    yardstick: null,
    prepare: async () => async () => {
      const simulation = createSite();
      const began = performance.now();
      await simulation.run(() => work.run(simulation, ROUNDS));
      const seconds = (performance.now() - began) / 1000;
      return [simulation.kernel.loop.firedCount / seconds];
    },
  };
}

/** A group of three servers whose only volume had its full backup. */
async function backedUpGroup(): Promise<SimGroup> {
  const simulation = new Simulation({ seed: 1, turn: createTurn(), codecs: await nativeCodecPool() });
  return simulation.run(async () => {
    const group = await createSimGroup(simulation, { layout: parseGroupLayout('s0/p0/a0') });
    const [device] = group.devices('s0');
    await group.controller.initStorage(group.server('s0'), VOLUME, device.path);
    await group.controller.fullBackup(group.server('s0'), VOLUME);
    return group;
  });
}

/** A load on the group's device: writes of `ioBytes`, one behind the other, each `periodS` of virtual time. */
function groupCase(
  name: string,
  about: string,
  load: { ioBytes: number; periodS: number; virtualS: number },
): BenchCase {
  const { ioBytes, periodS, virtualS } = load;
  return {
    name,
    units: ['virtual s/s', 'events/s', 'events/virtual s'],
    about: `${about}; ${virtualS} s of virtual time`,
    yardstick: null,
    prepare: async () => {
      const group = await backedUpGroup();
      const { simulation } = group;
      const [device] = group.devices('s0');
      const ioLb = ioBytes / LOGICAL_BLOCK_BYTES;
      let count = 0;
      return async () => {
        const beganEvents = simulation.kernel.loop.firedCount;
        const began = performance.now();
        await simulation.run(async () => {
          for (let passedS = 0; passedS < virtualS; passedS += periodS) {
            count += 1;
            const addressLb = (count * ioLb) % (device.sizeLb() - ioLb);
            await device.write(addressLb, new Uint8Array(ioBytes).fill(count));
            await group.clock.sleep(periodS);
          }
        });
        const seconds = (performance.now() - began) / 1000;
        const events = simulation.kernel.loop.firedCount - beganEvents;
        return [virtualS / seconds, events / seconds, events / virtualS];
      };
    },
  };
}

export const SIM_CASES: readonly BenchCase[] = [
  workCase(pingPong),
  workCase(timers),
  workCase(files),
  groupCase('group, steady', 'one volume, a burst of 64 KiB each 10 s', {
    ioBytes: 64 * KIB,
    periodS: 10,
    virtualS: 1800,
  }),
  groupCase('group, 100 writes/s', 'one volume, 100 writes of 4 KiB each second', {
    ioBytes: 4 * KIB,
    periodS: 0.01,
    virtualS: 60,
  }),
];
