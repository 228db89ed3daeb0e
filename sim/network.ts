import type { HostPort, Labels, Network } from '../core/world/index.ts';
import { ConnectAttempt } from './connect.ts';
import { Endpoint, type SocketSettings } from './endpoint.ts';
import type { Incarnation } from './incarnation.ts';
import type { Kernel } from './kernel.ts';
import { LAN_LINK, Link, type LinkSettings, LOOPBACK_LINK } from './link.ts';
import { type CutKind, Pipe, type PipeSettings } from './pipe.ts';
import { SocketStack } from './socket-stack.ts';

/** How the simulated network behaves where nothing else is said. */
export interface NetworkSettings extends PipeSettings, SocketSettings {
  readonly link: LinkSettings;
  readonly loopback: LinkSettings;
  /** Connections that a listening kernel completes before anybody accepts them. */
  readonly backlog: number;
  /** Limit of a connection attempt without time-out. */
  readonly connectTimeoutUs: number;
  /** When an attempt to reach a host without power fails. */
  readonly unreachableAfterUs: number;
}

const MINUTE_US = 60_000_000;

/** Sizes and times as Linux has them; chances off. */
export const DEFAULT_NETWORK: NetworkSettings = {
  link: LAN_LINK,
  loopback: LOOPBACK_LINK,
  sendBufferBytes: 1024 * 1024,
  receiveBufferBytes: 1024 * 1024,
  retransmitMaxUs: 1_000_000,
  giveUpMinUs: 13 * MINUTE_US,
  giveUpMaxUs: 30 * MINUTE_US,
  resetDropsQueued: false,
  shortReadChance: 0,
  backlog: 128,
  connectTimeoutUs: 127_000_000,
  unreachableAfterUs: 3_000_000,
};

/** A connection as the network sees it. */
export interface SimConnection {
  readonly id: number;
  readonly clientHost: string;
  readonly serverHost: string;
  readonly port: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly toServer: Pipe;
  readonly toClient: Pipe;
}

/** Which connections a fault means. Null means any. */
export interface ConnectionFilter {
  readonly client: string | null;
  readonly server: string | null;
  readonly port: number | null;
}

/** Refuses connection attempts: the n-th that matches (from 1) and the following ones, `times` in all. */
export interface RefuseRule extends ConnectionFilter {
  readonly nth: number;
  readonly times: number;
  readonly how: 'refused' | 'unreachable' | 'timeout';
}

/** Cuts the n-th established connection that matches when `atByte` bytes of one direction have arrived. */
export interface CutRule extends ConnectionFilter {
  readonly nth: number;
  readonly direction: 'to-server' | 'to-client';
  readonly atByte: number;
  readonly how: CutKind;
}

interface ArmedRule<T> {
  readonly rule: T;
  readonly onFire: () => void;
  matched: number;
}

/** The network of one simulation: hosts, links, connections and what goes wrong between them. */
export class SimNetwork {
  readonly kernel: Kernel;
  readonly settings: NetworkSettings;
  readonly connections = new Set<SimConnection>();
  readonly #stacks = new Map<string, SocketStack>();
  readonly #aliases = new Map<string, string>();
  readonly #links = new Map<string, Link>();
  readonly #connectionCounts = new Map<string, number>();
  #nextConnection = 1;
  #refusals: ArmedRule<RefuseRule>[] = [];
  #cuts: ArmedRule<CutRule>[] = [];

  constructor(kernel: Kernel, settings: NetworkSettings) {
    this.kernel = kernel;
    this.settings = settings;
  }

  addHost(name: string): SocketStack {
    const stack = new SocketStack(this, name);
    this.#stacks.set(name, stack);
    return stack;
  }

  /** Makes a second name or address of a host known. */
  addAlias(alias: string, host: string): void {
    this.#aliases.set(alias, host);
  }

  /** The stack of the host that `name` means on host `from`, or null. */
  resolve(name: string, from: string): SocketStack | null {
    const own = name === 'localhost' || name === '127.0.0.1' || name === '::1';
    return this.#stacks.get(own ? from : (this.#aliases.get(name) ?? name)) ?? null;
  }

  /** One direction between two hosts. */
  link(from: string, to: string): Link {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link(from, to, from === to ? this.settings.loopback : this.settings.link);
      this.#links.set(key, link);
    }
    return link;
  }

  /** Loses everything from `a` to `b` and back, until `heal`. */
  partition(a: string, b: string): void {
    this.partitionOneWay(a, b);
    this.partitionOneWay(b, a);
  }

  partitionOneWay(from: string, to: string): void {
    this.link(from, to).stop('down', this.kernel.loop.nowUs);
  }

  /** Lets everything between `a` and `b` wait, until `release`. */
  hold(a: string, b: string): void {
    this.link(a, b).stop('held', this.kernel.loop.nowUs);
    this.link(b, a).stop('held', this.kernel.loop.nowUs);
  }

  /** Ends `partition`, `partitionOneWay` and `hold` between two hosts. */
  heal(a: string, b: string): void {
    this.link(a, b).resume();
    this.link(b, a).resume();
  }

  release(a: string, b: string): void {
    this.heal(a, b);
  }

  /** Partitions a host from all others. */
  isolate(host: string): void {
    for (const other of this.#stacks.keys()) if (other !== host) this.partition(host, other);
  }

  /** Lets everything from and to a host wait, until `rejoin`. */
  holdHost(host: string): void {
    for (const other of this.#stacks.keys()) if (other !== host) this.hold(host, other);
  }

  /** Ends `isolate` and `holdHost`. */
  rejoin(host: string): void {
    for (const other of this.#stacks.keys()) if (other !== host) this.heal(host, other);
  }

  healAll(): void {
    for (const link of this.#links.values()) link.resume();
  }

  /** Says how the link between two hosts is, in both directions. */
  setLink(a: string, b: string, settings: Partial<LinkSettings>): void {
    for (const link of [this.link(a, b), this.link(b, a)]) {
      link.normal = { ...link.normal, ...settings };
      link.settings = link.normal;
    }
  }

  /** Changes the link between two hosts in both directions, until `resetLink`. */
  slowLink(a: string, b: string, settings: Partial<LinkSettings>): void {
    for (const link of [this.link(a, b), this.link(b, a)]) link.settings = { ...link.normal, ...settings };
  }

  resetLink(a: string, b: string): void {
    for (const link of [this.link(a, b), this.link(b, a)]) link.settings = link.normal;
  }

  resetLinks(): void {
    for (const { from, to } of this.#links.values()) this.resetLink(from, to);
  }

  refuse(rule: RefuseRule, onFire: () => void = () => {}): void {
    this.#refusals.push({ rule, onFire, matched: 0 });
  }

  cut(rule: CutRule, onFire: () => void = () => {}): void {
    this.#cuts.push({ rule, onFire, matched: 0 });
  }

  /** Forgets the rules that have not fired. */
  dropRules(): void {
    this.#refusals = [];
    this.#cuts = [];
  }

  /** Cuts the living connections between two hosts now. Returns how many. */
  cutNow(a: string, b: string, how: CutKind): number {
    let count = 0;
    for (const connection of [...this.connections]) {
      const { clientHost, serverHost } = connection;
      if (!(clientHost === a && serverHost === b) && !(clientHost === b && serverHost === a)) continue;
      cutConnection(connection, connection.toServer, how);
      count += 1;
    }
    return count;
  }

  /** The network of one task of one process. */
  port(stack: SocketStack, incarnation: Incarnation, labels: Labels): Network {
    return {
      listen: (port, step) => stack.listen(incarnation, labels, port, step),
      connect: (address: HostPort, timeoutUs, step) =>
        new ConnectAttempt(this, stack, incarnation, labels, address, timeoutUs, step).start(),
    };
  }

  /** What happens to this connection attempt by fault, null for nothing. */
  refusalOf(client: string, server: string, port: number): RefuseRule['how'] | null {
    let how: RefuseRule['how'] | null = null;
    for (const armed of this.#refusals) {
      const { rule } = armed;
      if (!matches(rule, client, server, port)) continue;
      armed.matched += 1;
      if (armed.matched < rule.nth || armed.matched >= rule.nth + rule.times) continue;
      armed.onFire();
      how ??= rule.how;
    }
    return how;
  }

  /** Makes the two ends of a connection, known to both kernels and held by no process yet. */
  createConnection(client: SocketStack, server: SocketStack, address: HostPort): SimConnection {
    const id = this.#nextConnection++;
    const key = `${client.name}>${server.name}:${address.port}`;
    const nth = (this.#connectionCounts.get(key) ?? 0) + 1;
    this.#connectionCounts.set(key, nth);
    const { kernel, settings } = this;
    const pipe = (from: SocketStack, to: SocketStack, direction: string) => {
      const random = kernel.random.at('connection', key, nth, direction);
      return new Pipe(kernel, this.link(from.name, to.name), settings, id, random);
    };
    const toServer = pipe(client, server, 'to-server');
    const toClient = pipe(server, client, 'to-client');
    toServer.reverse = toClient;
    toClient.reverse = toServer;
    const changed = () => {
      if (!connection.client.over || !connection.server.over) return;
      toServer.dispose();
      toClient.dispose();
      this.connections.delete(connection);
    };
    const end = (stack: SocketStack, peer: string, inward: Pipe, outward: Pipe, side: string) => {
      const random = kernel.random.at('socket', key, nth, side);
      return new Endpoint(kernel, stack, settings, random, peer, { in: inward, out: outward }, changed);
    };
    const connection: SimConnection = {
      id,
      clientHost: client.name,
      serverHost: server.name,
      port: address.port,
      client: end(client, `${address.host}:${address.port}`, toClient, toServer, 'client'),
      server: end(server, `${client.name}:${client.ephemeralPort()}`, toServer, toClient, 'server'),
      toServer,
      toClient,
    };
    this.connections.add(connection);
    this.#armCuts(connection);
    return connection;
  }

  /** Calls of the network that wait, for reports. */
  waits(): string[] {
    const result: string[] = [];
    for (const stack of this.#stacks.values()) result.push(...stack.waits());
    for (const { client, server } of this.connections) result.push(...client.waits(), ...server.waits());
    return result;
  }

  /** A host lost its power: its kernel's knowledge is gone, and nobody is told. */
  powerLost(host: string): void {
    for (const { clientHost, serverHost, client, server } of [...this.connections]) {
      if (clientHost === host) client.vanish();
      if (serverHost === host) server.vanish();
    }
  }

  /** A host is back: what peers sent to it is sent again. */
  powerRestored(host: string): void {
    for (const link of this.#links.values()) if (link.to === host && link.state === 'up') link.tellWaiters();
  }

  #armCuts(connection: SimConnection): void {
    const { clientHost, serverHost, port } = connection;
    for (const armed of this.#cuts) {
      const { rule } = armed;
      if (!matches(rule, clientHost, serverHost, port)) continue;
      armed.matched += 1;
      if (armed.matched !== rule.nth) continue;
      const pipe = rule.direction === 'to-server' ? connection.toServer : connection.toClient;
      pipe.cutAt(rule.atByte, () => {
        armed.onFire();
        cutConnection(connection, pipe, rule.how);
      });
    }
  }
}

function matches(filter: ConnectionFilter, client: string, server: string, port: number): boolean {
  return (
    (filter.client === null || filter.client === client) &&
    (filter.server === null || filter.server === server) &&
    (filter.port === null || filter.port === port)
  );
}

/**
 * Something between the hosts ends a connection: both ends are reset (`rst`) or told that the other one ended
 * (`fin`), the receiving end of `pipe` at once and the other one after a latency; or nothing arrives any more.
 */
function cutConnection(connection: SimConnection, pipe: Pipe, how: CutKind): void {
  const near = pipe.receiver;
  const back = pipe.reverse;
  if (how === 'silence') {
    connection.toServer.silence();
    connection.toClient.silence();
    return;
  }
  pipe.breakOff();
  back.breakOff();
  if (near.known)
    near.arrive({ kind: how, bytes: new Uint8Array(0), messageId: 0, causeSeq: 0, arriveAtUs: 0 });
  if (how === 'rst') back.sendReset();
  else back.finish();
}
