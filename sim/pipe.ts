import { socketCall } from './call-info.ts';
import { type EventOwner, QUIET, type ScheduledEvent } from './event-loop.ts';
import { type Kernel, NO_LABELS, traceEvent } from './kernel.ts';
import type { Link, LinkWaiter } from './link.ts';
import type { RandomStream } from './random.ts';

/** What one direction of a connection carries: bytes of a write, the end (FIN) or a reset (RST). */
export interface Segment {
  readonly kind: 'data' | 'fin' | 'rst';
  readonly bytes: Uint8Array;
  /** Number of the write in this direction, from 1. */
  readonly messageId: number;
  /** Trace line of the write. */
  readonly causeSeq: number;
  arriveAtUs: number;
}

/** What a direction needs of the sockets at its ends. */
export interface PipeEnd {
  readonly host: string;
  /** Name of the process life that holds the socket, or empty. */
  readonly holder: string;
  /** False when its kernel forgot the connection (reset, time-out, loss of power). */
  readonly known: boolean;
  /** Whether its host has power. */
  readonly powered: boolean;
  /** Bytes that arrived and were not read. */
  readonly queuedBytes: number;
  /** Takes a segment that arrived; returns whether a program noticed. */
  arrive(segment: Segment): boolean;
  /** Room in the send buffer; returns whether a program noticed. */
  roomToSend(): boolean;
  /** The peer has not answered for too long; returns whether a program noticed. */
  giveUp(): boolean;
}

export type CutKind = 'rst' | 'fin' | 'silence';

export interface PipeSettings {
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
  /** Upper bound on the wait for the next retransmission after a link came back. */
  readonly retransmitMaxUs: number;
  /** How long a sender repeats before it gives up, drawn between these for each direction. */
  readonly giveUpMinUs: number;
  readonly giveUpMaxUs: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * One direction of a connection: the send buffer, the bytes on their way and the rules of their arrival
 * (docs/fault-model.md, "Network"). The receiver sees a prefix of what was written, then the end, a reset or
 * silence. One event for each write when nothing stands in the way.
 */
export class Pipe implements EventOwner, LinkWaiter {
  readonly tieKey: number;
  tieCount = 0;
  readonly conversation: number;
  readonly link: Link;
  /** The other direction; set once both are made. */
  reverse!: Pipe;
  sender!: PipeEnd;
  receiver!: PipeEnd;
  /** Nothing arrives any more and nobody is told. */
  silent = false;
  /** Called once when the given number of bytes arrived. */
  #cut: { atByte: number; cut: () => void } | null = null;
  #arrivedBytes = 0;
  readonly #kernel: Kernel;
  readonly #settings: PipeSettings;
  readonly #random: RandomStream;
  #unsent: Segment[] = [];
  #unsentBytes = 0;
  #inFlight: Segment[] = [];
  #inFlightBytes = 0;
  /** Arrived while acknowledgements could not come back. */
  #unackedBytes = 0;
  #lastArrivalUs = 0;
  /** When the last piece on a link with a bandwidth has left. */
  #slotFreeAtUs = 0;
  #messageCount = 0;
  #stalled = false;
  #owesReset = false;
  #broken = false;
  #event: ScheduledEvent | null = null;
  #pumpEvent: ScheduledEvent | null = null;
  #giveUpEvent: ScheduledEvent | null = null;
  readonly #fire: () => unknown;

  constructor(
    kernel: Kernel,
    link: Link,
    settings: PipeSettings,
    conversation: number,
    random: RandomStream,
  ) {
    this.#kernel = kernel;
    this.link = link;
    this.#settings = settings;
    this.conversation = conversation;
    this.#random = random;
    this.tieKey = random.u32();
    this.#fire = () => this.#arrivalDue();
    link.waiters.add(this);
  }

  describe(): string {
    return `connection ${this.conversation} ${this.link.name}`;
  }

  get freeBytes(): number {
    return this.#settings.sendBufferBytes - this.#unsentBytes - this.#inFlightBytes - this.#unackedBytes;
  }

  /** Number that the next write of this direction gets. */
  get nextMessageId(): number {
    return this.#messageCount + 1;
  }

  /** Nothing waits to be sent or to arrive. */
  get idle(): boolean {
    return this.#unsent.length === 0 && this.#inFlight.length === 0;
  }

  /** Counts a write. */
  beginMessage(): number {
    this.#messageCount += 1;
    return this.#messageCount;
  }

  /** Takes bytes into the send buffer (the pipe keeps them) and sends what the window allows. */
  push(bytes: Uint8Array, messageId: number): void {
    if (bytes.length === 0) return;
    this.#append('data', bytes, messageId);
    this.pump();
  }

  /** Sends the end after everything pushed. */
  finish(): void {
    this.#append('fin', NO_BYTES, 0);
    this.pump();
  }

  /**
   * Sends a reset now; what was not sent is dropped. A reset is never repeated by itself: only the next
   * segment of the peer is answered by another one. `answering` says that such a segment came.
   */
  sendReset(answering = false): void {
    this.forgetUnsent();
    if (answering) this.reverse.#owesReset = true;
    if (this.silent || this.link.state === 'down') return;
    this.#send(this.#segment('rst', NO_BYTES, 0), this.#kernel.loop.nowUs);
    this.#arm();
  }

  /** Drops what was not sent yet (the sender's kernel forgot it). */
  forgetUnsent(): void {
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#cancelGiveUp();
  }

  /** Calls `cut` when `atByte` bytes have arrived and `checkCut` is asked; later bytes do not arrive before. */
  cutAt(atByte: number, cut: () => void): void {
    this.#cut = { atByte, cut };
  }

  /** Something on the way gave the connection up: what is here is lost, what comes later is answered by a reset. */
  breakOff(): void {
    this.#broken = true;
    if (!this.idle) this.#owesReset = true;
    this.forgetUnsent();
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    this.#cut = null;
    const { loop } = this.#kernel;
    if (this.#event !== null) loop.cancel(this.#event);
    this.#event = null;
    loop.schedule(loop.nowUs, () => (this.sender.roomToSend() ? undefined : QUIET), this);
  }

  /** Lets nothing arrive any more. */
  silence(): void {
    this.silent = true;
    if (this.#inFlight.length > 0) this.#stall();
  }

  /** Forgets everything: the connection is over on both sides. */
  dispose(): void {
    this.link.waiters.delete(this);
    this.forgetUnsent();
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    this.#cut = null;
    for (const event of [this.#event, this.#pumpEvent]) if (event !== null) this.#kernel.loop.cancel(event);
    this.#event = null;
    this.#pumpEvent = null;
  }

  /** Sends as much as window and link allow. */
  pump(): void {
    const { loop } = this.#kernel;
    const capacity = this.#settings.receiveBufferBytes;
    const paced = this.link.settings.bytesPerS !== null;
    while (this.#unsent.length > 0) {
      const head = this.#unsent[0] as Segment;
      let sizeBytes = head.bytes.length;
      if (head.kind === 'data') {
        const window = capacity - this.receiver.queuedBytes - this.#inFlightBytes - this.#unackedBytes;
        if (window <= 0 || (window < sizeBytes && window < capacity / 4)) break;
        if (paced && loop.nowUs < this.#slotFreeAtUs) {
          this.#pumpEvent ??= loop.schedule(
            this.#slotFreeAtUs,
            () => {
              this.#pumpEvent = null;
              this.pump();
              return QUIET;
            },
            this,
          );
          break;
        }
        sizeBytes = Math.min(sizeBytes, window, paced ? this.link.settings.quantumBytes : window);
      }
      let segment = head;
      if (sizeBytes < head.bytes.length) {
        segment = { ...head, bytes: head.bytes.subarray(0, sizeBytes) };
        this.#unsent[0] = { ...head, bytes: head.bytes.subarray(sizeBytes) };
      } else this.#unsent.shift();
      this.#unsentBytes -= sizeBytes;
      this.#slotFreeAtUs = this.link.departureUs(loop.nowUs, sizeBytes);
      this.#send(segment, this.#slotFreeAtUs);
    }
    this.#arm();
  }

  linkResumed(): void {
    this.#resume();
    this.reverse.#acknowledged();
  }

  /** The receiver's process read something: the window is larger. */
  windowGrew(): void {
    if (this.#unsent.length > 0) this.pump();
  }

  #segment(kind: Segment['kind'], bytes: Uint8Array, messageId: number): Segment {
    return { kind, bytes, messageId, causeSeq: this.#kernel.loop.causeSeq, arriveAtUs: 0 };
  }

  #append(kind: Segment['kind'], bytes: Uint8Array, messageId: number): void {
    this.#unsent.push(this.#segment(kind, bytes, messageId));
    this.#unsentBytes += bytes.length;
  }

  #send(segment: Segment, departureUs: number): void {
    const atUs = Math.ceil(departureUs + this.link.latencyUs(this.#random));
    segment.arriveAtUs = Math.max(atUs, this.#lastArrivalUs);
    this.#lastArrivalUs = segment.arriveAtUs;
    this.#inFlight.push(segment);
    this.#inFlightBytes += segment.bytes.length;
  }

  #arm(): void {
    const head = this.#inFlight[0];
    if (head === undefined || this.#event !== null) return;
    if (this.#stalled) {
      this.#awaitAnswer();
      return;
    }
    this.#event = this.#kernel.loop.schedule(head.arriveAtUs, this.#fire, this);
  }

  get #passes(): boolean {
    return !this.silent && this.link.state === 'up' && this.receiver.powered;
  }

  #arrivalDue(): unknown {
    this.#event = null;
    if (!this.#passes) {
      this.#stall();
      return QUIET;
    }
    const { loop } = this.#kernel;
    let noticed = false;
    while (this.#inFlight.length > 0) {
      const head = this.#inFlight[0] as Segment;
      if (head.arriveAtUs > loop.nowUs || !this.#passes) break;
      if (this.#arrived(head)) noticed = true;
    }
    this.#arm();
    return noticed ? undefined : QUIET;
  }

  /** Hands the first segment over, or its part before a cut. Returns whether a program noticed. */
  #arrived(head: Segment): boolean {
    let segment = head;
    const cut = this.#cut;
    if (cut !== null && head.kind === 'data' && this.#arrivedBytes + head.bytes.length > cut.atByte) {
      segment = { ...head, bytes: head.bytes.subarray(0, cut.atByte - this.#arrivedBytes) };
    }
    this.#inFlight.shift();
    this.#inFlightBytes -= head.bytes.length;
    this.#arrivedBytes += segment.bytes.length;
    this.#kernel.loop.causeSeq = segment.causeSeq;
    if (this.#kernel.trace !== null) this.#trace(segment);
    if (segment.kind === 'rst') this.reverse.#owesReset = false;
    else if (!this.receiver.known || (this.#broken && segment.kind === 'data')) {
      if (this.sender.known) this.reverse.sendReset(true);
      return false;
    }
    const acknowledged = this.reverse.#passes;
    if (!acknowledged) this.#unackedBytes += segment.bytes.length;
    const isEmpty = segment.kind === 'data' && segment.bytes.length === 0;
    let noticed = isEmpty ? false : this.receiver.arrive(segment);
    if (this.checkCut()) noticed = true;
    if (acknowledged) {
      if (this.sender.roomToSend()) noticed = true;
      if (this.#unsent.length > 0) this.pump();
    }
    return noticed;
  }

  /** Cuts if it is time. Returns whether it did. */
  checkCut(): boolean {
    const cut = this.#cut;
    if (cut === null || this.#arrivedBytes < cut.atByte) return false;
    this.#cut = null;
    cut.cut();
    return true;
  }

  /** The link does not carry: what is on its way waits for it, if anybody is there to send it again. */
  #stall(): void {
    this.#stalled = true;
    if (this.#event !== null) this.#kernel.loop.cancel(this.#event);
    this.#event = null;
    if (this.link.state !== 'held' || this.silent) {
      this.#inFlight = this.sender.known ? this.#inFlight.filter(({ kind }) => kind !== 'rst') : [];
      this.#inFlightBytes = 0;
      for (const { bytes } of this.#inFlight) this.#inFlightBytes += bytes.length;
    }
    this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    if (this.#inFlight.length === 0 || this.#giveUpEvent !== null || !this.sender.known) return;
    const { loop } = this.#kernel;
    const { giveUpMinUs, giveUpMaxUs } = this.#settings;
    this.#giveUpEvent = loop.schedule(
      loop.nowUs + this.#random.between(giveUpMinUs, giveUpMaxUs),
      () => {
        this.#giveUpEvent = null;
        return this.sender.giveUp() ? undefined : QUIET;
      },
      this,
    );
  }

  #cancelGiveUp(): void {
    if (this.#giveUpEvent !== null) this.#kernel.loop.cancel(this.#giveUpEvent);
    this.#giveUpEvent = null;
  }

  /** The link or the receiver's host is back: sends again what got lost. */
  #resume(): void {
    if (!this.#passes) return;
    if (this.#stalled) {
      this.#stalled = false;
      this.#cancelGiveUp();
      const { loop } = this.#kernel;
      if (this.link.lost && !this.sender.known) {
        this.#inFlight = [];
        this.#inFlightBytes = 0;
      }
      const outageUs = this.link.lost ? loop.nowUs - this.link.stoppedAtUs : 0;
      const waitUs = this.#random.below(Math.min(outageUs, this.#settings.retransmitMaxUs) + 1);
      const atUs = Math.ceil(loop.nowUs + waitUs + this.link.latencyUs(this.#random));
      for (const segment of this.#inFlight) segment.arriveAtUs = Math.max(segment.arriveAtUs, atUs);
      this.#lastArrivalUs = Math.max(this.#lastArrivalUs, atUs);
    }
    if (this.reverse.#owesReset && !this.sender.known && this.receiver.known) this.sendReset(true);
    this.pump();
  }

  /** The direction that carries this one's acknowledgements is back. */
  #acknowledged(): void {
    if (!this.reverse.#passes || this.#unackedBytes === 0) return;
    this.#unackedBytes = 0;
    const { loop } = this.#kernel;
    loop.schedule(loop.nowUs, () => (this.sender.roomToSend() ? undefined : QUIET), this);
    this.pump();
  }

  #trace(segment: Segment): void {
    const { kind, bytes, messageId } = segment;
    const [id, data] = kind === 'data' ? [messageId, bytes] : [0, null];
    const { name } = this.link;
    const info = socketCall(`net.arrive-${kind}`, '', NO_LABELS, name, null, data, this.conversation, id);
    traceEvent(this.#kernel, this.receiver.host, this.receiver.holder, info);
  }
}
