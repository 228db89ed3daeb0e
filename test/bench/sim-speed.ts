import { createTurn } from '../../native/turn.ts';
import { Simulation } from '../../sim/simulation.ts';

/**
 * How many events the simulation handles in a second of real time: request and answer over a connection, file
 * calls, timers. Run: `node cli/bin/dev.mjs test/bench/sim-speed.ts`.
 */
const STEP = 'bench';

function createSite(): Simulation {
  const codecs = { run: async () => [] };
  return new Simulation({ seed: 1, turn: createTurn(), codecs });
}

interface Work {
  readonly name: string;
  /** What one round does, for the report. */
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

const ROUNDS = 200_000;

for (const work of [pingPong, timers, files]) {
  const simulation = createSite();
  const begun = performance.now();
  await simulation.run(() => work.run(simulation, ROUNDS));
  const seconds = (performance.now() - begun) / 1000;
  const events = simulation.kernel.loop.firedCount;
  const perSecond = Math.round(events / seconds).toLocaleString('en');
  const rounds = Math.round(ROUNDS / seconds).toLocaleString('en');
  console.log(`${work.name}: ${perSecond} events/s, ${rounds} rounds/s (${work.round})`);
}
