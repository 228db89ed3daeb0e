import { IoError, TimeoutError } from '../core/errors.ts';
import type { Connection, HostPort, Labels, Step } from '../core/world/index.ts';
import { type CallInfo, callInfo } from './call-info.ts';
import { QUIET, type ScheduledEvent } from './event-loop.ts';
import { type Incarnation, never } from './incarnation.ts';
import type { SimConnection, SimNetwork } from './network.ts';
import type { RandomStream } from './random.ts';
import type { SocketStack } from './socket-stack.ts';

/** Waits before a lost request to connect, or its answer, is sent again. */
const RETRY_AFTER_US = [1, 2, 4, 8, 16, 32, 64].map((seconds) => seconds * 1_000_000);

/**
 * One connect: the request travels, is answered or refused, may get lost and be sent again; the caller may
 * have given up meanwhile, and the server then sees a connection on which nothing comes, or a reset.
 */
export class ConnectAttempt {
  readonly #network: SimNetwork;
  readonly #stack: SocketStack;
  readonly #incarnation: Incarnation;
  readonly #labels: Labels;
  readonly #address: HostPort;
  readonly #timeoutUs: number;
  readonly #info: CallInfo;
  #random!: RandomStream;
  #target!: SocketStack;
  #connection: SimConnection | null = null;
  #resolve!: (connection: Connection) => void;
  #reject!: (error: unknown) => void;
  #forget: () => void = () => {};
  #timer: ScheduledEvent | null = null;
  #next: ScheduledEvent | null = null;
  #done = false;
  #tries = 0;
  /** The request is on its way. */
  #travels = false;

  constructor(
    network: SimNetwork,
    stack: SocketStack,
    incarnation: Incarnation,
    labels: Labels,
    address: HostPort,
    timeoutUs: number,
    step: Step,
  ) {
    this.#network = network;
    this.#stack = stack;
    this.#incarnation = incarnation;
    this.#labels = labels;
    this.#address = address;
    this.#timeoutUs = timeoutUs;
    this.#info = callInfo('net.connect', step, labels, `${address.host}:${address.port}`);
  }

  start(): Promise<Connection> {
    if (!this.#incarnation.alive) return never();
    return new Promise<Connection>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#forget = this.#incarnation.onDeath(() => this.#giveUp());
      const { kernel, settings } = this.#network;
      const { host, port } = this.#address;
      const limitUs = this.#timeoutUs > 0 ? this.#timeoutUs : settings.connectTimeoutUs;
      this.#timer = kernel.loop.schedule(
        kernel.loop.nowUs + limitUs,
        () => this.#fail(new TimeoutError(`Connecting to ${host}:${port} took more than ${limitUs} us.`)),
        this.#incarnation,
      );
      const target = this.#network.resolve(host, this.#stack.name);
      const refusal = target === null ? null : this.#network.refusalOf(this.#stack.name, target.name, port);
      if (target === null || refusal === 'unreachable') {
        const waitUs = target === null ? 0 : settings.unreachableAfterUs;
        this.#plan(waitUs, () => this.#fail(this.#unreachable()));
        return;
      }
      if (refusal === 'timeout') return;
      this.#target = target;
      const attempt = this.#stack.attempts++;
      this.#random = kernel.random.at('connect', this.#stack.name, target.name, port, attempt);
      const refused = refusal === 'refused';
      this.#request(refused);
    });
  }

  /** The request leaves. */
  #request(refused: boolean): void {
    const link = this.#network.link(this.#stack.name, this.#target.name);
    this.#plan(link.latencyUs(this.#random), () => this.#requestArrives(refused));
    this.#travels = true;
  }

  #requestArrives(refused: boolean): unknown {
    this.#travels = false;
    const link = this.#network.link(this.#stack.name, this.#target.name);
    if (!this.#target.powered) {
      if (this.#done) return QUIET;
      const { unreachableAfterUs } = this.#network.settings;
      this.#plan(unreachableAfterUs, () => this.#fail(this.#unreachable()));
      return QUIET;
    }
    const again = () => this.#request(refused);
    if (link.state !== 'up') return this.#retry(again);
    const listener = this.#target.listeners.get(this.#address.port);
    if (refused || listener === undefined) return this.#answer(() => this.#fail(this.#refused()), again);
    if (!listener.hasRoom) return this.#retry(again);
    const connection = this.#network.createConnection(this.#stack, this.#target, this.#address);
    this.#connection = connection;
    if (!this.#done) this.#answer(() => this.#established(connection));
    listener.offer(connection.server);
    if (this.#done) this.#abandon();
    return undefined;
  }

  /** The answer travels back; lost, it is sent again (by the server, or because the client asks `again`). */
  #answer(arrives: () => unknown, again: (() => unknown) | null = null): unknown {
    const link = this.#network.link(this.#target.name, this.#stack.name);
    this.#plan(link.latencyUs(this.#random), () => {
      if (this.#done) return QUIET;
      if (link.state === 'up') return arrives();
      return this.#retry(again ?? (() => this.#answer(arrives)));
    });
    return QUIET;
  }

  #established(connection: SimConnection): unknown {
    if (!connection.client.known) return this.#fail(this.#refused());
    const incarnation = this.#incarnation;
    this.#settle();
    incarnation.effect(
      this.#info,
      () => {
        connection.client.adopt(incarnation, this.#labels);
        return connection.client;
      },
      this.#resolve,
      this.#reject,
    );
    if (!connection.client.held) connection.client.resetPeer();
    connection.toServer.checkCut();
    connection.toClient.checkCut();
    return undefined;
  }

  #retry(again: () => unknown): unknown {
    if (this.#done) return QUIET;
    const waitUs = RETRY_AFTER_US[this.#tries];
    this.#tries += 1;
    if (waitUs === undefined) return QUIET;
    this.#plan(waitUs, again);
    return QUIET;
  }

  #plan(waitUs: number, then: () => unknown): void {
    const { loop } = this.#network.kernel;
    this.#next = loop.schedule(
      loop.nowUs + waitUs,
      () => {
        this.#next = null;
        return then() === QUIET ? QUIET : undefined;
      },
      this.#incarnation,
    );
  }

  #fail(error: Error): unknown {
    if (this.#done) return QUIET;
    this.#abandon();
    this.#settle();
    const fail = (): Connection => {
      throw error;
    };
    this.#incarnation.effect(this.#info, fail, this.#resolve, this.#reject);
    return undefined;
  }

  /** The process died. */
  #giveUp(): void {
    this.#abandon();
    this.#settle();
  }

  /**
   * Nobody waits for the answer any more: this kernel knows no connection, and tells the server so when the
   * answer arrives. A request that travels may still open a connection at the server.
   */
  #abandon(): void {
    if (this.#next !== null && !this.#travels) this.#network.kernel.loop.cancel(this.#next);
    const connection = this.#connection;
    if (connection === null || !connection.client.known) return;
    connection.client.vanish();
    const { loop } = this.#network.kernel;
    const link = this.#network.link(this.#target.name, this.#stack.name);
    loop.schedule(loop.nowUs + link.latencyUs(this.#random), () => {
      if (link.state === 'up' && this.#stack.powered && connection.server.known)
        connection.toServer.sendReset();
      return QUIET;
    });
  }

  #settle(): void {
    this.#done = true;
    this.#forget();
    if (this.#timer !== null) this.#network.kernel.loop.cancel(this.#timer);
    this.#timer = null;
  }

  #refused(): IoError {
    return new IoError('ECONNREFUSED', `${this.#info.detail} refused the connection.`);
  }

  #unreachable(): IoError {
    return new IoError('EHOSTUNREACH', `${this.#info.detail} cannot be reached.`);
  }
}
