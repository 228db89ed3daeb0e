import { blockHashes } from '../../core/engine/block-hash.ts';
import type { ByteSource } from '../../core/engine/byte-stream.ts';
import { hexOf } from '../../core/format/binary.ts';
import { ScanSleeper } from '../../core/server/archive/scan-sleeper.ts';
import { KIB, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { inputError } from './files.ts';
import { meteredSource } from './metered.ts';
import { flag, integer, optionalArgument } from './options.ts';
import { deviceSource, limitedSource } from './sources.ts';
import { defineTool } from './tool.ts';

const READ_STEP = 'bhash.read';
/** Digits of a chunk's place. */
const PLACE_DIGITS = 16;

export const bhash = defineTool({
  name: 'bhash',
  summary: 'prints hashes of an image or device, as a whole or by chunks',
  notes: ['Lines of chunks are the place of the chunk in blocks (hexadecimal), a tab, and the hash.'],
  examples: ['bhash disk.img', 'bhash -chunk 1M disk.img', 'cat disk.img | bhash -'],
  options: {
    ioBytes: integer('ios', 'BYTES', 'unit of -off, -size and -chunk', 64 * KIB),
    offsetBytes: integer('off', 'BYTES', 'where to begin; only a label for standard input', 0),
    sizeBytes: integer('size', 'BYTES', 'how much, 0 = to the end', 0),
    chunkBytes: integer('chunk', 'BYTES', 'size of chunks, 0 = one hash of all', 0),
    sleepPercent: integer('scan-sleep-pct', 'PERCENT', 'share of the time to sleep', 0, { max: 99 }),
    aio: flag('aio', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    path: optionalArgument('FILE', 'file or block device, - for standard input', '-'),
  },
  async body(values, { io, out }) {
    const { ioBytes, offsetBytes, sizeBytes, chunkBytes, path } = values;
    if (ioBytes === 0 || ioBytes % LOGICAL_BLOCK_BYTES !== 0) throw new Error(`bad ioSize:${ioBytes}`);
    if (offsetBytes % ioBytes !== 0) throw new Error(`bad offset:${offsetBytes}`);
    if (sizeBytes % ioBytes !== 0) throw new Error(`bad scan size:${sizeBytes}`);
    if (chunkBytes % ioBytes !== 0) throw new Error(`bad chunk size:${chunkBytes}`);
    const sleeper = new ScanSleeper(io.clock, values.sleepPercent);
    const offsetLb = offsetBytes / LOGICAL_BLOCK_BYTES;

    async function hash(source: ByteSource): Promise<void> {
      const slow: ByteSource = {
        async read(maxBytes) {
          await sleeper.sleep();
          return await source.read(maxBytes);
        },
      };
      for await (const { addressLb, digest } of blockHashes(slow, chunkBytes, offsetLb)) {
        const place = chunkBytes === 0 ? '' : `${addressLb.toString(16).padStart(PLACE_DIGITS, '0')}\t`;
        out.line(place + hexOf(digest));
        await out.drain();
      }
    }

    if (path === '-') {
      try {
        io.progress.expect(sizeBytes === 0 ? null : sizeBytes);
        const source = meteredSource(io.stdin, io.progress);
        await hash(sizeBytes === 0 ? source : limitedSource(source, sizeBytes));
      } catch (error) {
        throw inputError(error, path);
      }
      return 0;
    }
    const device = await openFileDevice(path, { writable: false });
    try {
      if (offsetLb > device.sizeLb()) {
        throw new Error(
          `bad offset:${offsetBytes}: ${path} has ${device.sizeLb() * LOGICAL_BLOCK_BYTES} bytes`,
        );
      }
      const sizeLb = sizeBytes === 0 ? device.sizeLb() - offsetLb : sizeBytes / LOGICAL_BLOCK_BYTES;
      if (offsetLb + sizeLb > device.sizeLb()) {
        throw new Error(`specified scanLb is larger than maxLb:${sizeLb}:${device.sizeLb() - offsetLb}`);
      }
      io.progress.expect(sizeLb * LOGICAL_BLOCK_BYTES);
      const source = deviceSource(device, offsetLb, offsetLb + sizeLb, READ_STEP);
      await hash(meteredSource(source, io.progress));
    } finally {
      device.close();
    }
    return 0;
  },
});
