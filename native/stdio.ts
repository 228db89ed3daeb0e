import { fstatSync, read } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { ByteSink, ByteSource, RandomReader } from '../core/engine/byte-stream.ts';
import { toIoError } from './errors.ts';
import { handleReader } from './file-stream.ts';

/** A readable stream of Node as a source. Nothing is read before it is asked for. */
export function streamSource(stream: Readable, name: string): ByteSource & { close(): void } {
  let rest: Uint8Array = new Uint8Array(0);
  let iterator: AsyncIterator<Uint8Array> | null = null;
  return {
    async read(maxBytes) {
      try {
        iterator ??= stream[Symbol.asyncIterator]();
        while (rest.length === 0) {
          const next = await iterator.next();
          if (next.done === true) return null;
          // A Buffer's slice would not copy.
          rest = new Uint8Array(next.value.buffer, next.value.byteOffset, next.value.length);
        }
      } catch (error) {
        throw toIoError(error, name);
      }
      const bytes = rest.subarray(0, maxBytes);
      rest = rest.subarray(bytes.length);
      return bytes;
    },
    close: () => {
      if (iterator !== null) stream.destroy();
    },
  };
}

/** A writable stream of Node as a sink, which takes the next bytes once the last ones are on their way. */
export function streamSink(stream: Writable, name: string): ByteSink {
  let failure: unknown = null;
  stream.on('error', (error) => {
    failure ??= error;
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(toIoError(failure, name));
          return;
        }
        stream.write(bytes, (error) => (error ? reject(toIoError(error, name)) : resolve()));
      }),
    writeMany: (pieces) =>
      new Promise((resolve, reject) => {
        if (failure !== null) {
          reject(toIoError(failure, name));
          return;
        }
        const last = pieces.length - 1;
        if (last < 0) {
          resolve();
          return;
        }
        // Corked, the stream hands them to the system by one call where it can.
        stream.cork();
        for (let i = 0; i < last; i++) stream.write(pieces[i]);
        stream.write(pieces[last], (error) => (error ? reject(toIoError(error, name)) : resolve()));
        stream.uncork();
      }),
  };
}

const readDescriptor = promisify(read);

/** Standard input when it is a regular file, for reading at any place; else null. */
export async function stdinReader(): Promise<RandomReader | null> {
  const status = fstatSync(0);
  if (!status.isFile()) return null;
  const handle = {
    read: (bytes: Uint8Array, at: number, sizeBytes: number, position: number | null) =>
      readDescriptor(0, bytes, at, sizeBytes, position),
  };
  return handleReader(handle, 'standard input', status.size);
}
