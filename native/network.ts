import { connect, createServer, type Server, type Socket } from 'node:net';
import { IoError, StateError, TimeoutError } from '../core/errors.ts';
import { US_PER_MS } from '../core/units.ts';
import type { Connection, HostPort, Listener, Network } from '../core/world/index.ts';
import { systemCode, toIoError } from './errors.ts';

/** Connections that wait to be accepted; more are reset. */
const MAX_WAITING = 128;

/** TCP of this host. See core/world/network.ts for what callers may rely on. */
export function nodeNetwork(): Network {
  return { listen, connect: connectTo };
}

function listen(port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.once('error', (error) => reject(toIoError(error, `port ${port}`)));
    server.listen({ port }, () => {
      server.removeAllListeners('error');
      // Errors of single connections on their way in concern nobody.
      server.on('error', () => {});
      resolve(listenerOf(server));
    });
  });
}

function listenerOf(server: Server): Listener {
  const address = server.address();
  const backlog: Connection[] = [];
  const resets = new Map<Connection, () => void>();
  const waiting: ((connection: Connection | null) => void)[] = [];
  let isClosed = false;
  server.on('connection', (socket) => {
    const connection = connectionOf(socket);
    const next = waiting.shift();
    if (next !== undefined) next(connection);
    else if (isClosed || backlog.length >= MAX_WAITING) socket.resetAndDestroy();
    else {
      backlog.push(connection);
      resets.set(connection, () => socket.resetAndDestroy());
    }
  });
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    accept: async () => {
      const connection = backlog.shift();
      if (connection !== undefined) {
        resets.delete(connection);
        return connection;
      }
      return isClosed ? null : new Promise((resolve) => waiting.push(resolve));
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      server.close();
      backlog.length = 0;
      for (const reset of resets.values()) reset();
      resets.clear();
      for (const resolve of waiting.splice(0)) resolve(null);
    },
  };
}

function connectTo(address: HostPort, timeoutUs: number): Promise<Connection> {
  const what = `${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true, noDelay: true });
    const cancel = startTimer(timeoutUs, () => {
      socket.destroy();
      reject(new TimeoutError(`Connecting to ${what} took more than ${timeoutUs} us.`));
    });
    const onError = (error: Error) => {
      cancel();
      reject(connectError(error, what));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      cancel();
      socket.off('error', onError);
      socket.pause();
      resolve(connectionOf(socket));
    });
  });
}

function connectError(error: Error, what: string): Error {
  const code = systemCode(error);
  if (code === 'ETIMEDOUT') return new TimeoutError(`Connecting to ${what} took too long.`);
  if (['ENOTFOUND', 'EAI_AGAIN', 'EHOSTDOWN', 'ENETDOWN'].includes(code)) {
    return new IoError('EHOSTUNREACH', `${what} cannot be found.`);
  }
  return toIoError(error, what);
}

interface Waiting {
  readonly wake: () => void;
  readonly reject: (error: Error) => void;
}

/** A connected socket. It hears of everything that happens to the socket, also while nobody waits. */
function connectionOf(socket: Socket): Connection {
  const peer = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
  let readUs = 0;
  let writeUs = 0;
  let rest: Uint8Array | null = null;
  let isEnded = false;
  let isClosed = false;
  let failure: Error | null = null;
  let reading: Waiting | null = null;
  let writing: Waiting | null = null;

  const closedError = () => new IoError('EPIPE', `The connection with ${peer} was closed on this side.`);
  const stop = (error: Error) => {
    failure ??= error;
    reading?.reject(failure);
    writing?.reject(failure);
  };
  socket.on('readable', () => reading?.wake());
  socket.on('end', () => {
    isEnded = true;
    reading?.wake();
  });
  socket.on('error', (error) => stop(toIoError(error, `The connection with ${peer}`)));
  socket.on('close', () => {
    if (!isEnded || writing !== null)
      stop(new IoError('ECONNRESET', `The connection with ${peer} has ended.`));
  });

  /** What is there; null when nothing is yet, `end` at the end. */
  const take = (maxBytes: number): Uint8Array | 'end' | null => {
    const bytes: Uint8Array | null = rest ?? (socket.read() as Buffer | null);
    if (bytes === null) return isEnded ? 'end' : null;
    rest = bytes.length > maxBytes ? bytes.subarray(maxBytes) : null;
    // A plain view: a Buffer's slice would not copy.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxBytes));
  };

  return {
    peer,
    setTimeouts: (forReadsUs, forWritesUs) => {
      readUs = forReadsUs;
      writeUs = forWritesUs;
    },
    read: (maxBytes) =>
      new Promise((resolve, reject) => {
        if (reading !== null) {
          reject(new StateError('A read of this connection is already waiting.'));
          return;
        }
        const look = (): boolean => {
          if (isClosed) {
            reject(closedError());
            return true;
          }
          const bytes = take(maxBytes);
          if (bytes !== null) resolve(bytes === 'end' ? null : bytes);
          else if (failure !== null) reject(failure);
          else return false;
          return true;
        };
        if (look()) return;
        const done = () => {
          cancel();
          reading = null;
        };
        const cancel = startTimer(readUs, () => {
          done();
          reject(new TimeoutError(`Nothing came from ${peer} in ${readUs} us.`));
        });
        reading = {
          wake: () => {
            if (look()) done();
          },
          reject: (error) => {
            done();
            reject(error);
          },
        };
      }),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (isClosed || failure !== null || socket.writableEnded) {
          reject(isClosed || failure === null ? closedError() : failure);
          return;
        }
        if (writing !== null) {
          reject(new StateError('A write to this connection is already waiting.'));
          return;
        }
        const done = () => {
          cancel();
          writing = null;
        };
        const cancel = startTimer(writeUs, () => {
          done();
          reject(new TimeoutError(`${peer} took nothing in ${writeUs} us.`));
          // The bytes are the caller's again, and must not be sent any more.
          failure ??= closedError();
          socket.resetAndDestroy();
        });
        writing = {
          wake: () => {},
          reject: (error) => {
            done();
            reject(error);
          },
        };
        socket.write(bytes, (error) => {
          if (writing === null) return;
          if (error) writing.reject(toIoError(error, `The connection with ${peer}`));
          else {
            done();
            resolve();
          }
        });
      }),
    end: () =>
      new Promise((resolve, reject) => {
        if (isClosed || failure !== null || socket.writableEnded) {
          reject(isClosed || failure === null ? closedError() : failure);
          return;
        }
        socket.end(() => (failure === null ? resolve() : reject(failure)));
      }),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      if (rest !== null || socket.readableLength > 0) socket.resetAndDestroy();
      else socket.destroy();
      stop(closedError());
    },
  };
}

/** Calls `onDue` once after `afterUs`; never for 0. Returns the function that cancels it. */
function startTimer(afterUs: number, onDue: () => void): () => void {
  if (afterUs <= 0) return () => {};
  const timer = setTimeout(onDue, Math.ceil(afterUs / US_PER_MS));
  return () => clearTimeout(timer);
}
