import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { Channel, withoutTrace } from '../../../core/protocol/channel.ts';
import { ACCEPT, readLinesReply, sendWords } from '../../../core/protocol/command.ts';
import { askGet, valueToLines } from '../../../core/protocol/get.ts';
import { negotiateAsClient, OK } from '../../../core/protocol/negotiation.ts';
import { HandlerStats } from '../../../core/server/shared/handler-stats.ts';
import { getCommand } from '../../../core/server/shared/handlers.ts';
import { ProcessStatus } from '../../../core/server/shared/process-status.ts';
import { type Handler, serve } from '../../../core/server/shared/server.ts';
import { US_PER_S } from '../../../core/units.ts';
import type { CodecPool, HostPort } from '../../../core/world/index.ts';
import { createTurn } from '../../../native/turn.ts';
import type { SimHost } from '../../../sim/host.ts';
import { type LogLine, logLineToText } from '../../../sim/log.ts';
import { rememberingCodecs } from '../../../sim/remembering-codecs.ts';
import { Simulation, type SimulationOptions } from '../../../sim/simulation.ts';
import type { SimWorld } from '../../../sim/world.ts';

export const codecs: CodecPool = inlineCodecPool(rememberingCodecs(await loadPortableCodecs()));

/** A simulation with an operator's host `operator`, and what tests ask servers for. */
export class Site {
  readonly simulation: Simulation;
  readonly logs: LogLine[] = [];
  /** The world of the operator. */
  world!: SimWorld;

  constructor(options: Partial<SimulationOptions> = {}) {
    this.simulation = new Simulation({
      seed: 1,
      turn: createTurn(),
      codecs,
      log: (line) => this.logs.push(line),
      ...options,
    });
    this.simulation.addHost('operator').spawn('operator', (world) => {
      this.world = world;
      return new Promise(() => {});
    });
  }

  /** Runs the test's part of the simulation. */
  async run<T>(main: () => Promise<T>): Promise<T> {
    try {
      return await this.simulation.run(async () => {
        await this.simulation.sleep(1000);
        return main();
      });
    } catch (error) {
      const log = this.logText().slice(-6000);
      throw new Error(`${error instanceof Error ? error.message : error}\nlog:\n${log}`, { cause: error });
    }
  }

  get nowS(): number {
    return this.simulation.nowUs / US_PER_S;
  }

  sleep(seconds: number): Promise<void> {
    return this.simulation.sleep(seconds * US_PER_S);
  }

  async eventually(
    condition: () => boolean | Promise<boolean>,
    what: string,
    timeoutS = 120,
    intervalS = 0.05,
  ): Promise<void> {
    const deadlineUs = this.simulation.nowUs + timeoutS * US_PER_S;
    while (!(await condition())) {
      if (this.simulation.nowUs > deadlineUs) throw new Error(`${what}: not so after ${timeoutS} s`);
      await this.sleep(intervalS);
    }
  }

  logText(): string {
    return this.logs.map(logLineToText).join('\n');
  }

  /** Messages of one host at a level. */
  messages(host: string, level: LogLine['level']): string[] {
    return this.logs
      .filter((line) => line.host === host && line.level === level)
      .map(({ message }) => message);
  }
}

/** What an operator says to one server. */
export class Client {
  readonly site: Site;
  readonly address: HostPort;

  constructor(site: Site, address: HostPort) {
    this.site = site;
    this.address = address;
  }

  async open(protocol: string, clientId = 'ctl', timeoutS = 300): Promise<Channel> {
    const connection = await this.site.world.network.connect(this.address, 10 * US_PER_S, 'test.connect');
    connection.setTimeouts(timeoutS * US_PER_S, timeoutS * US_PER_S);
    const channel = new Channel(connection);
    await negotiateAsClient(channel, clientId, protocol);
    return channel;
  }

  /** Sends a command of words; `ok`, `accept` or the error text. Closes behind it. */
  async command(protocol: string, ...words: string[]): Promise<string> {
    const channel = await this.open(protocol);
    try {
      await sendWords(channel, words, 'test');
      return withoutTrace(await channel.readString('test.reply'));
    } finally {
      channel.close();
    }
  }

  /** As command; throws unless it was done or admitted. */
  async must(protocol: string, ...words: string[]): Promise<void> {
    const reply = await this.command(protocol, ...words);
    if (reply !== OK && reply !== ACCEPT) throw new Error(`${protocol} ${words.join(' ')}: ${reply}`);
  }

  async get(...words: string[]): Promise<string[]> {
    const channel = await this.open('get');
    try {
      return valueToLines(await askGet(channel, words));
    } finally {
      channel.close();
    }
  }

  async status(...words: string[]): Promise<string[]> {
    const channel = await this.open('status');
    try {
      await sendWords(channel, words, 'test');
      return await readLinesReply(channel, 'test');
    } finally {
      channel.close();
    }
  }

  /** The value behind a name in the status of a volume. */
  async statusOf(name: string, volId = 'vol0'): Promise<string> {
    const line = (await this.status(volId)).find((each) => each.trim().startsWith(`${name} `));
    if (line === undefined) throw new Error(`the status of ${volId} has no ${name}`);
    return line.trim().slice(name.length + 1);
  }

  async state(volId = 'vol0'): Promise<string> {
    return (await this.get('state', volId))[0] as string;
  }

  async waitForState(state: string, volId = 'vol0', timeoutS = 120): Promise<void> {
    await this.site.eventually(
      async () => (await this.state(volId)) === state,
      `${volId} must be ${state}`,
      timeoutS,
    );
  }

  async answers(): Promise<boolean> {
    try {
      await this.get('host-type');
      return true;
    } catch {
      return false;
    }
  }
}

/** A peer that does what a test says: negotiation, `get host-type` and the handlers given. */
export function spawnPeer(
  host: SimHost,
  name: string,
  kind: string,
  port: number,
  handlers: Record<string, Handler>,
): void {
  host.spawn(name, async (world) => {
    const stats = new HandlerStats();
    const table = new Map<string, Handler>([
      ['get', getCommand(new Map([['host-type', () => kind]]), stats)],
      ...Object.entries(handlers),
    ]);
    const options = { nodeId: name, port, maxConnections: 10, socketTimeoutS: 0, keepAlive: true };
    await serve(world, options, table, stats, new ProcessStatus());
    return 0;
  });
}

/** Files below a folder of a host, with their content as hex: equal before and after means nothing changed. */
export function filesOf(host: SimHost, folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, entry] of host.files.tree()) {
    if (!path.startsWith(`${folder}/`)) continue;
    const content = entry.kind === 'file' ? host.files.peek(path) : null;
    found.set(path.slice(folder.length + 1), content === null ? '/' : Buffer.from(content).toString('hex'));
  }
  return found;
}
