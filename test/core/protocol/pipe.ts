import { IoError } from '../../../core/errors.ts';
import type { Connection } from '../../../core/world/index.ts';

/** A small deterministic generator of numbers in [0, bound). */
export type Dice = (bound: number) => number;

export function dice(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

const whole: Dice = (bound) => bound - 1;

/** How a pair of connections behaves. */
export interface PipeOptions {
  /** Cuts reads into segments; without it a read gives all there is. */
  readonly segments?: Dice;
  /** Bytes that a write may leave unread; a larger write waits. */
  readonly capacityBytes?: number;
  /** After so many bytes of the client (server) were delivered, the connection is lost. */
  readonly cutClientAfter?: number;
  readonly cutServerAfter?: number;
  /** A lost connection: `reset` for both, or as if the process that spoke had ended its side. */
  readonly cut?: 'reset' | 'end';
}

/** One direction: bytes in flight. */
class Lane {
  readonly log: Uint8Array[] = [];
  readonly #options: { segments: Dice; capacityBytes: number; cutAfter: number; onCut: () => void };
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writtenBytes = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void)[] = [];

  constructor(options: { segments: Dice; capacityBytes: number; cutAfter: number; onCut: () => void }) {
    this.#options = options;
  }

  get bytes(): Uint8Array {
    return concat(this.log);
  }

  get hasUnread(): boolean {
    return this.#queuedBytes > 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    while (this.#queuedBytes >= this.#options.capacityBytes && !this.#broken && !this.#ended)
      await this.#change();
    if (this.#broken || this.#ended) throw new IoError('ECONNRESET', 'write: connection reset');
    const left = Math.max(0, this.#options.cutAfter - this.#writtenBytes);
    const delivered = bytes.slice(0, left);
    this.#writtenBytes += bytes.length;
    if (delivered.length > 0) {
      this.log.push(delivered);
      this.#queue.push(delivered);
      this.#queuedBytes += delivered.length;
    }
    this.#notify();
    if (this.#writtenBytes >= this.#options.cutAfter) this.#options.onCut();
  }

  async read(maxBytes: number): Promise<Uint8Array | null> {
    while (this.#queuedBytes === 0 && !this.#ended && !this.#broken) await this.#change();
    if (this.#queuedBytes === 0) {
      if (this.#broken) throw new IoError('ECONNRESET', 'read: connection reset');
      return null;
    }
    const first = this.#queue[0];
    const size = 1 + this.#options.segments(Math.min(maxBytes, first.length));
    const part = first.slice(0, size);
    if (size === first.length) this.#queue.shift();
    else this.#queue[0] = first.subarray(size);
    this.#queuedBytes -= size;
    this.#notify();
    return part;
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  break(): void {
    this.#broken = true;
    this.#notify();
  }

  /** As break, and what was not read yet is lost. */
  reset(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.break();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** A connected pair, and what each side had delivered to the other. */
export interface Pipe {
  readonly client: Connection;
  readonly server: Connection;
  readonly clientBytes: () => Uint8Array;
  readonly serverBytes: () => Uint8Array;
}

export function pipe(options: PipeOptions = {}): Pipe {
  const lanes: Lane[] = [];
  const lane = (cutAfter: number) =>
    new Lane({
      segments: options.segments ?? whole,
      capacityBytes: options.capacityBytes ?? 256 * 1024,
      cutAfter,
      onCut: () => {
        for (const each of lanes) options.cut === 'end' ? each.end() : each.break();
      },
    });
  const up = lane(options.cutClientAfter ?? Number.POSITIVE_INFINITY);
  const down = lane(options.cutServerAfter ?? Number.POSITIVE_INFINITY);
  lanes.push(up, down);
  return {
    client: end('client', down, up),
    server: end('server', up, down),
    clientBytes: () => up.bytes,
    serverBytes: () => down.bytes,
  };
}

function end(peer: string, input: Lane, output: Lane): Connection {
  return {
    peer,
    setTimeouts() {},
    read: (maxBytes) => input.read(maxBytes),
    write: (bytes) => output.write(bytes),
    end: async () => output.end(),
    close() {
      // Unread bytes make it a reset, as TCP does.
      if (input.hasUnread) output.reset();
      else output.end();
      input.break();
    },
  };
}

/** A connection to a peer that says fixed bytes and then ends; what is written to it is kept. */
export function scripted(
  bytes: Uint8Array,
  segments: Dice = whole,
): { connection: Connection; sent: () => Uint8Array } {
  const sent: Uint8Array[] = [];
  let at = 0;
  return {
    sent: () => concat(sent),
    connection: {
      peer: 'script',
      setTimeouts() {},
      async read(maxBytes) {
        if (at === bytes.length) return null;
        const size = 1 + segments(Math.min(maxBytes, bytes.length - at));
        at += size;
        return bytes.slice(at - size, at);
      },
      async write(piece) {
        sent.push(piece.slice());
      },
      async end() {},
      close() {},
    },
  };
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** What became of one side. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Lets both sides speak and waits for both. Everything here runs on promises alone, so that a side which has
 * not settled when the event loop turns hangs for ever: that is an error.
 */
export async function settleBoth(sides: readonly Promise<unknown>[]): Promise<Outcome[]> {
  const outcomes: (Outcome | undefined)[] = sides.map(() => undefined);
  sides.forEach((side, i) => {
    side.then(
      (value) => (outcomes[i] = { value }),
      (error) => (outcomes[i] = { error }),
    );
  });
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  return outcomes.map((outcome, i) => {
    if (outcome === undefined) throw new Error(`side ${i} of the conversation hangs`);
    return outcome;
  });
}

/** Error of an outcome, or undefined. */
export function errorOf(outcome: Outcome): unknown {
  return 'error' in outcome ? outcome.error : undefined;
}
