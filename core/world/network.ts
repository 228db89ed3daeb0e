import type { Step } from './step.ts';

/** Where a server listens: a host name or address literal, and a TCP port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Ordered byte streams. Message boundaries do not survive: a read returns any number of bytes that are there.
 *
 * Guarantees: the receiver sees a prefix of the bytes written, each once, and then more, the end, an error or
 * silence. A write that returned means "buffered locally", never "arrived".
 */
export interface Network {
  /** Starts to listen on all addresses of this host. Throws IoError EADDRINUSE when the port is taken. */
  listen(port: number, step: Step): Promise<Listener>;
  /**
   * Connects. Throws TimeoutError after `timeoutUs` (0 = the system's own limit), IoError ECONNREFUSED or
   * EHOSTUNREACH.
   */
  connect(address: HostPort, timeoutUs: number, step: Step): Promise<Connection>;
}

/** Where peers connect to. */
export interface Listener {
  readonly port: number;
  /** The next connection that a peer opened; waits for it. Null once the listener is closed. */
  accept(step: Step): Promise<Connection | null>;
  /** Stops listening; connections that nobody accepted are reset. */
  close(): void;
}

/** One end of a stream between two hosts. */
export interface Connection {
  /** The peer's address, for log lines. */
  readonly peer: string;
  /** Inactivity limits of single reads and writes; 0 = none. Applies to calls that begin later. */
  setTimeouts(readUs: number, writeUs: number): void;
  /**
   * 1 to `maxBytes` bytes that arrived, or null when the peer half-closed and everything was read. Throws
   * TimeoutError when nothing came in time, IoError ECONNRESET when the connection died. One read at a time.
   */
  read(maxBytes: number, step: Step): Promise<Uint8Array | null>;
  /**
   * Buffers all of `bytes` for sending; waits while the send buffer is full. Throws TimeoutError, or IoError
   * ECONNRESET or EPIPE. The view belongs to the callee until the promise settles. One write at a time.
   */
  write(bytes: Uint8Array, step: Step): Promise<void>;
  /** Half-closes: the peer reads the end after everything written; reading goes on. */
  end(step: Step): Promise<void>;
  /** Gives the connection up, at once and from any state; never throws. Unread bytes make it a reset. */
  close(): void;
}
