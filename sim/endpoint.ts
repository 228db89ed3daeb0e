import { IoError, StateError, TimeoutError } from '../core/errors.ts';
import type { Connection, Labels, Step } from '../core/world/index.ts';
import { type CallInfo, socketCall } from './call-info.ts';
import type { ScheduledEvent } from './event-loop.ts';
import { type Incarnation, never } from './incarnation.ts';
import { checkPoison, type Kernel, NO_LABELS, poisonMark } from './kernel.ts';
import type { Pipe, PipeEnd, Segment } from './pipe.ts';
import type { RandomStream } from './random.ts';
import { ReceiveQueue } from './receive-queue.ts';

/** What the sockets of one simulation have in common. */
export interface SocketSettings {
  /** True: a reset throws away what arrived and was not read; false: it stays readable. Both are real. */
  readonly resetDropsQueued: boolean;
  /** How often a read returns fewer bytes than it could. */
  readonly shortReadChance: number;
}

/** The host that a socket is on. */
export interface SocketHost {
  readonly name: string;
  readonly powered: boolean;
}

interface PendingRead {
  readonly info: CallInfo;
  readonly maxBytes: number;
  readonly resolve: (bytes: Uint8Array | null) => void;
  readonly reject: (error: unknown) => void;
  timer: ScheduledEvent | null;
}

interface PendingWrite {
  readonly info: CallInfo;
  readonly bytes: Uint8Array;
  readonly messageId: number;
  readonly mark: number;
  takenBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  timer: ScheduledEvent | null;
}

/**
 * One end of a connection: the socket of a process, or of a kernel that still serves a process that closed it
 * or has not accepted it yet. Rules in docs/fault-model.md, "Network".
 */
export class Endpoint implements Connection, PipeEnd {
  readonly peer: string;
  readonly conversation: number;
  known = true;
  readonly #kernel: Kernel;
  readonly #host: SocketHost;
  readonly #settings: SocketSettings;
  readonly #random: RandomStream;
  readonly #in: Pipe;
  readonly #out: Pipe;
  readonly #onChange: () => void;
  #incarnation: Incarnation | null = null;
  #labels: Labels = NO_LABELS;
  #forget: () => void = () => {};
  readonly #queue = new ReceiveQueue();
  #endArrived = false;
  #endSent = false;
  #closed = false;
  #error: IoError | TimeoutError | null = null;
  #errorTold = false;
  #read: PendingRead | null = null;
  #write: PendingWrite | null = null;
  #readTimeoutUs = 0;
  #writeTimeoutUs = 0;

  /** `onChange` is called when this end may have become over. */
  constructor(
    kernel: Kernel,
    host: SocketHost,
    settings: SocketSettings,
    random: RandomStream,
    peer: string,
    pipes: { in: Pipe; out: Pipe },
    onChange: () => void,
  ) {
    this.#kernel = kernel;
    this.#host = host;
    this.#settings = settings;
    this.#random = random;
    this.peer = peer;
    this.#in = pipes.in;
    this.#out = pipes.out;
    this.#onChange = onChange;
    this.conversation = pipes.in.conversation;
    pipes.out.sender = this;
    pipes.in.receiver = this;
  }

  get host(): string {
    return this.#host.name;
  }

  get powered(): boolean {
    return this.#host.powered;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get holder(): string {
    return this.#incarnation?.name ?? '';
  }

  /** Whether a process holds it. */
  get held(): boolean {
    return this.#incarnation !== null;
  }

  /** Nothing more can come of this end: its kernel forgot it, or both directions ended in order. */
  get over(): boolean {
    return !this.known || (this.#closed && this.#endArrived && this.#out.idle);
  }

  /** Gives the socket to a process. */
  adopt(incarnation: Incarnation, labels: Labels): void {
    this.#incarnation = incarnation;
    this.#labels = labels;
    this.#forget = incarnation.onDeath(() => this.#release());
  }

  /** Waits of this socket, for reports. */
  waits(): string[] {
    const result: string[] = [];
    for (const call of [this.#read, this.#write]) {
      if (call === null || this.#incarnation === null) continue;
      const { kind, step, labels } = call.info;
      const who = `${this.host} ${this.holder} ${labels.task ?? ''}`.trimEnd();
      result.push(`${who}: ${step} ${kind} (connection ${this.conversation} with ${this.peer})`);
    }
    return result;
  }

  setTimeouts(readUs: number, writeUs: number): void {
    this.#readTimeoutUs = readUs;
    this.#writeTimeoutUs = writeUs;
  }

  read(maxBytes: number, step: Step): Promise<Uint8Array | null> {
    const incarnation = this.#incarnation;
    if (incarnation === null || !incarnation.alive) return never();
    if (this.#read !== null)
      return Promise.reject(new StateError('A read of this connection is already waiting.'));
    if (maxBytes < 1)
      return Promise.reject(new StateError(`A read of ${maxBytes} bytes was asked; expected at least 1.`));
    const info = this.#info('net.read', step, maxBytes);
    if (this.#readable) return incarnation.callNow(info, () => this.#take(maxBytes));
    const { loop } = this.#kernel;
    return new Promise((resolve, reject) => {
      const read: PendingRead = { info, maxBytes, resolve, reject, timer: null };
      this.#read = read;
      if (this.#readTimeoutUs <= 0) return;
      read.timer = loop.schedule(loop.nowUs + this.#readTimeoutUs, () => this.#readTimedOut(), incarnation);
    });
  }

  write(bytes: Uint8Array, step: Step): Promise<void> {
    const incarnation = this.#incarnation;
    if (incarnation === null || !incarnation.alive) return never();
    if (this.#write !== null)
      return Promise.reject(new StateError('A write to this connection is already waiting.'));
    const messageId = this.#out.nextMessageId;
    const info = this.#writeInfo('net.write', step, bytes, messageId);
    const writable = this.#error === null && !this.#closed && !this.#endSent;
    if (!writable || bytes.length <= this.#out.freeBytes) {
      return incarnation.callNow(info, () => this.#accept(bytes), { torn: () => this.#acceptPart(bytes) });
    }
    this.#out.beginMessage();
    incarnation.traceCall(this.#writeInfo('net.write-wait', step, bytes, messageId));
    const mark = poisonMark(this.#kernel, bytes);
    return new Promise((resolve, reject) => {
      this.#write = { info, bytes, messageId, mark, takenBytes: 0, resolve, reject, timer: null };
      this.#continueWrite(this.#write);
    });
  }

  end(step: Step): Promise<void> {
    const incarnation = this.#incarnation;
    if (incarnation === null || !incarnation.alive) return never();
    if (this.#write !== null)
      return Promise.reject(new StateError('A write to this connection is still waiting.'));
    return incarnation.callNow(this.#info('net.end', step, 0), () => {
      const error = this.#writeError();
      if (error !== null) throw error;
      this.#endSent = true;
      this.#out.finish();
    });
  }

  close(): void {
    if (this.#closed || this.#incarnation?.alive !== true) return;
    if (this.#kernel.trace !== null) this.#incarnation.traceCall(this.#info('net.close', '', 0));
    this.#release();
    // An error costs a stack trace, and mostly nobody waits.
    if (this.#read === null && this.#write === null) return;
    this.#settleAll(new IoError('EPIPE', `The connection with ${this.peer} was closed on this side.`));
  }

  /** The process is gone, or does not want the socket any more, or never accepted it: the kernel ends it. */
  #release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    if (this.#incarnation?.alive !== true) this.#dropCalls();
    if (this.known) {
      if (this.queuedBytes > 0) this.resetPeer();
      else if (!this.#endSent) {
        this.#endSent = true;
        this.#out.finish();
      }
      if (this.#out.silent) this.vanish();
    }
    this.#queue.clear();
    this.#onChange();
  }

  /** Resets the connection from this side: the peer is told, this kernel forgets it. */
  resetPeer(): void {
    if (!this.known) return;
    this.#out.sendReset();
    this.vanish();
  }

  /** This side's kernel forgets the connection; nobody is told (loss of power). */
  vanish(): void {
    if (!this.known) return;
    this.known = false;
    this.#out.forgetUnsent();
    this.#onChange();
  }

  /** What a socket does with a connection that died: calls fail from now on. Returns whether somebody noticed. */
  fail(error: IoError | TimeoutError): boolean {
    if (!this.known) return false;
    this.vanish();
    this.#error = error;
    if (this.#settings.resetDropsQueued) {
      this.#queue.clear();
    }
    const write = this.#write;
    if (write !== null) this.#failWrite(write, error);
    return this.#wakeRead() || write !== null;
  }

  arrive(segment: Segment): boolean {
    if (!this.known) return false;
    if (segment.kind === 'rst') {
      return this.fail(new IoError('ECONNRESET', `The connection with ${this.peer} was reset by the peer.`));
    }
    if (segment.kind === 'fin') {
      this.#endArrived = true;
      if (this.#closed) this.#onChange();
      return this.#wakeRead();
    }
    if (this.#closed) {
      this.#out.sendReset(true);
      this.vanish();
      return false;
    }
    this.#queue.push(segment.bytes);
    return this.#wakeRead();
  }

  roomToSend(): boolean {
    if (this.#closed && this.#endArrived) this.#onChange();
    const write = this.#write;
    if (write === null) return false;
    this.#continueWrite(write);
    return this.#write === null;
  }

  giveUp(): boolean {
    return this.fail(
      new IoError('ETIMEDOUT', `The connection with ${this.peer} died: no answer for too long.`),
    );
  }

  #info(kind: string, step: Step, sizeBytes: number): CallInfo {
    return socketCall(kind, step, this.#labels, this.peer, sizeBytes, null, this.conversation);
  }

  #writeInfo(kind: string, step: Step, bytes: Uint8Array, messageId: number): CallInfo {
    return socketCall(kind, step, this.#labels, this.peer, null, bytes, this.conversation, messageId);
  }

  get #readable(): boolean {
    return this.queuedBytes > 0 || this.#endArrived || this.#error !== null || this.#closed;
  }

  #take(maxBytes: number): Uint8Array | null {
    if (this.queuedBytes === 0) {
      if (this.#error !== null) {
        this.#errorTold = true;
        throw this.#error;
      }
      if (this.#closed)
        throw new IoError('EPIPE', `The connection with ${this.peer} was closed on this side.`);
      return null;
    }
    let wanted = Math.min(maxBytes, this.queuedBytes);
    const { shortReadChance } = this.#settings;
    if (shortReadChance > 0 && wanted > 1 && this.#random.chance(shortReadChance)) {
      wanted = this.#random.between(1, wanted - 1);
    }
    const bytes = this.#queue.take(wanted);
    this.#in.windowGrew();
    return bytes;
  }

  #wakeRead(): boolean {
    const read = this.#read;
    if (read === null || !this.#readable) return false;
    this.#read = null;
    this.#stopTimer(read);
    this.#incarnation?.effect(read.info, () => this.#take(read.maxBytes), read.resolve, read.reject);
    return true;
  }

  #readTimedOut(): void {
    const read = this.#read;
    if (read === null) return;
    this.#read = null;
    this.#failCall(read, new TimeoutError(`Nothing came from ${this.peer} in ${this.#readTimeoutUs} us.`));
  }

  #writeError(): IoError | TimeoutError | null {
    if (this.#error !== null) {
      if (this.#errorTold) return new IoError('EPIPE', `The connection with ${this.peer} is dead.`);
      this.#errorTold = true;
      return this.#error;
    }
    if (!this.#closed && !this.#endSent) return null;
    return new IoError('EPIPE', `The connection with ${this.peer} was ended on this side.`);
  }

  /** Takes a write that fits. */
  #accept(bytes: Uint8Array): void {
    const error = this.#writeError();
    if (error !== null) throw error;
    if (bytes.length > 0) this.#out.push(bytes.slice(), this.#out.beginMessage());
  }

  /** Takes a prefix of a write that a crash or an error ends in its middle. */
  #acceptPart(bytes: Uint8Array): void {
    if (this.#error !== null || this.#closed || this.#endSent || bytes.length === 0) return;
    this.#out.push(bytes.slice(0, this.#random.below(bytes.length)), this.#out.beginMessage());
  }

  /** Takes of a waiting write what fits now; settles it when all is taken. */
  #continueWrite(write: PendingWrite): void {
    if (this.#kernel.poison)
      checkPoison(this.#kernel, write.bytes, write.mark, `${this.host} ${this.holder} net.write`);
    const { loop } = this.#kernel;
    const sizeBytes = Math.min(this.#out.freeBytes, write.bytes.length - write.takenBytes);
    if (sizeBytes > 0) {
      const from = write.takenBytes;
      write.takenBytes += sizeBytes;
      this.#out.push(write.bytes.slice(from, from + sizeBytes), write.messageId);
      this.#stopTimer(write);
    }
    const incarnation = this.#incarnation as Incarnation;
    if (write.takenBytes === write.bytes.length) {
      this.#write = null;
      incarnation.effect(write.info, () => undefined, write.resolve, write.reject);
    } else if (write.timer === null && this.#writeTimeoutUs > 0) {
      write.timer = loop.schedule(
        loop.nowUs + this.#writeTimeoutUs,
        () => this.#writeTimedOut(write),
        incarnation,
      );
    }
  }

  #writeTimedOut(write: PendingWrite): void {
    write.timer = null;
    if (this.#write === write) {
      this.#failWrite(write, new TimeoutError(`${this.peer} took nothing in ${this.#writeTimeoutUs} us.`));
    }
  }

  #failWrite(write: PendingWrite, error: IoError | TimeoutError): void {
    this.#write = null;
    this.#errorTold ||= error === this.#error;
    this.#failCall(write, error);
  }

  #failCall(call: PendingRead | PendingWrite, error: Error): void {
    this.#stopTimer(call);
    const fail = () => {
      throw error;
    };
    this.#incarnation?.effect(call.info, fail, call.reject, call.reject);
  }

  #settleAll(error: IoError): void {
    const read = this.#read;
    const write = this.#write;
    this.#read = null;
    this.#write = null;
    if (read !== null) this.#failCall(read, error);
    if (write !== null) this.#failCall(write, error);
  }

  /** Forgets the calls of a dead process. */
  #dropCalls(): void {
    if (this.#read !== null) this.#stopTimer(this.#read);
    if (this.#write !== null) this.#stopTimer(this.#write);
    this.#read = null;
    this.#write = null;
  }

  #stopTimer(call: PendingRead | PendingWrite): void {
    if (call.timer !== null) this.#kernel.loop.cancel(call.timer);
    call.timer = null;
  }
}
