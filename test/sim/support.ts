import type { CodecPool, Connection } from '../../core/world/index.ts';
import { createTurn } from '../../native/turn.ts';
import { Simulation, type SimulationOptions } from '../../sim/simulation.ts';
import { type TraceLine, traceLineToText } from '../../sim/trace.ts';
import type { SimWorld } from '../../sim/world.ts';

/** Hands the data of each job back. */
export const identityCodecs: CodecPool = { run: async (jobs) => jobs.map(({ data }) => data.slice()) };

export function createSimulation(options: Partial<SimulationOptions> = {}): Simulation {
  return new Simulation({ seed: 1, turn: createTurn(), codecs: identityCodecs, ...options });
}

/** A simulation that collects its trace as text lines. */
export function createTraced(options: Partial<SimulationOptions> = {}): {
  simulation: Simulation;
  lines: string[];
} {
  const lines: string[] = [];
  const trace = (line: TraceLine) => lines.push(traceLineToText(line));
  return { simulation: createSimulation({ ...options, trace }), lines };
}

/** Bytes that tell their position: byte i is i mod 251. */
export function pattern(sizeBytes: number, from = 0): Uint8Array {
  const result = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) result[i] = (from + i) % 251;
  return result;
}

/** Whether two byte strings are the same (matchers are slow on long ones). */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

/** Reads until the end; what it got and how it ended. */
export async function readAll(connection: Connection): Promise<{ bytes: Uint8Array; error: string }> {
  const pieces: Uint8Array[] = [];
  try {
    for (;;) {
      const piece = await connection.read(64 * 1024, 'test.read');
      if (piece === null) return { bytes: concat(pieces), error: '' };
      pieces.push(piece);
    }
  } catch (error) {
    return { bytes: concat(pieces), error: codeOf(error) };
  }
}

/** POSIX code or class name of an error. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : String(error);
}

/** A promise that is settled from outside. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Two hosts `a` and `b`, a process on each, and a connection from `a` to `b`. */
export async function connectPair(simulation: Simulation, serverName = 'server', clientName = 'client') {
  const a = simulation.hosts.get('a') ?? simulation.addHost('a');
  const b = simulation.hosts.get('b') ?? simulation.addHost('b');
  const accepted = deferred<{ world: SimWorld; connection: Connection }>();
  const opened = deferred<{ world: SimWorld; connection: Connection }>();
  const server = b.spawn(serverName, async (world) => {
    const listener = await world.network.listen(10_000, 'test.listen');
    const connection = await listener.accept('test.accept');
    if (connection === null) return 1;
    accepted.resolve({ world, connection });
    return forever();
  });
  await simulation.sleep(1);
  const client = a.spawn(clientName, async (world) => {
    const connection = await world.network.connect({ host: 'b', port: 10_000 }, 0, 'test.connect');
    opened.resolve({ world, connection });
    return forever();
  });
  const far = await accepted.promise;
  const near = await opened.promise;
  return {
    a,
    b,
    server,
    client,
    near: near.connection,
    far: far.connection,
    nearWorld: near.world,
    farWorld: far.world,
  };
}

/** Never returns: for a program whose connections a test uses from outside. */
export function forever(): Promise<number> {
  return new Promise(() => {});
}
