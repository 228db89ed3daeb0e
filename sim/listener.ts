import type { Connection, Labels, Listener, Step } from '../core/world/index.ts';
import { type CallInfo, callInfo } from './call-info.ts';
import type { Endpoint } from './endpoint.ts';
import { type Incarnation, never } from './incarnation.ts';

interface WaitingAccept {
  readonly info: CallInfo;
  readonly resolve: (connection: Connection | null) => void;
  readonly reject: (error: unknown) => void;
}

/** A listening socket of a process, with the connections that its kernel completed and nobody accepted yet. */
export class SimListener implements Listener {
  readonly port: number;
  readonly #incarnation: Incarnation;
  readonly #labels: Labels;
  readonly #backlogSize: number;
  readonly #onClose: () => void;
  readonly #forget: () => void;
  #backlog: Endpoint[] = [];
  #waiting: WaitingAccept[] = [];
  #closed = false;

  constructor(
    incarnation: Incarnation,
    labels: Labels,
    port: number,
    backlogSize: number,
    onClose: () => void,
  ) {
    this.port = port;
    this.#incarnation = incarnation;
    this.#labels = labels;
    this.#backlogSize = backlogSize;
    this.#onClose = onClose;
    this.#forget = incarnation.onDeath(() => {
      this.#waiting = [];
      this.#shut();
    });
  }

  /** Whether the kernel takes another connection: it drops the attempt else. */
  get hasRoom(): boolean {
    return this.#backlog.length < this.#backlogSize;
  }

  /** Takes a connection that a peer opened. */
  offer(endpoint: Endpoint): void {
    this.#backlog.push(endpoint);
    while (this.#backlog.length > 0) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#incarnation.effect(waiting.info, () => this.#take(), waiting.resolve, waiting.reject);
    }
  }

  accept(step: Step): Promise<Connection | null> {
    const incarnation = this.#incarnation;
    if (!incarnation.alive) return never();
    const info = callInfo('net.accept', step, this.#labels, `port ${this.port}`);
    this.#dropDead();
    if (this.#closed || this.#backlog.length > 0) return incarnation.callNow(info, () => this.#take());
    return new Promise((resolve, reject) => this.#waiting.push({ info, resolve, reject }));
  }

  close(): void {
    if (this.#closed || !this.#incarnation.alive) return;
    this.#incarnation.traceCall(callInfo('net.unlisten', '', this.#labels, `port ${this.port}`));
    this.#forget();
    this.#shut();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { info, resolve, reject } of waiting)
      this.#incarnation.effect(info, () => null, resolve, reject);
  }

  /** The accepts that wait, for reports. */
  waits(): string[] {
    const who = `${this.#incarnation.host} ${this.#incarnation.name}`;
    return this.#waiting.map(
      ({ info }) => `${who} ${info.labels.task ?? ''}: ${info.step} net.accept ${info.detail}`,
    );
  }

  #take(): Connection | null {
    this.#dropDead();
    const endpoint = this.#backlog.shift();
    if (endpoint === undefined) return null;
    endpoint.adopt(this.#incarnation, this.#labels);
    return endpoint;
  }

  /** Connections that died before anybody accepted them are not handed out, unless they hold bytes. */
  #dropDead(): void {
    if (this.#backlog.some((endpoint) => !endpoint.known)) {
      this.#backlog = this.#backlog.filter((endpoint) => endpoint.known || endpoint.queuedBytes > 0);
    }
  }

  #shut(): void {
    this.#closed = true;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const endpoint of backlog) endpoint.resetPeer();
    this.#onClose();
  }
}
