import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { FormatError, IoError } from '../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import type { BlockDevice, WriteOptions } from '../core/world/index.ts';
import { alignedBytes, isAligned } from './aligned-memory.ts';
import { type ByteRange, type DeviceCalls, deviceCalls } from './device-calls.ts';
import { asIo } from './errors.ts';
import { newBytes, readInto, writeAll } from './file-bytes.ts';
import { writeBehind } from './write-behind.ts';

/** How a file or device is opened as a block device. */
export interface FileDeviceOptions {
  readonly writable: boolean;
  /**
   * Whether a block device is read and written past the page cache (O_DIRECT), as somebody else may write it too.
   * What is not aligned to its logical blocks goes by way of the cache all the same. Files always do.
   */
  readonly direct?: boolean;
}

/** What a file or device is as a block device. */
interface Shape {
  readonly isFile: boolean;
  readonly physicalBlockBytes: 512 | 4096;
  /** Unit of direct IO. */
  readonly logicalBlockBytes: number;
  readonly sizeLb: Lb;
  readonly supportsDiscard: boolean;
}

/**
 * Opens a regular file or a block device as a block device. A file has physical blocks of 512 bytes, as the original
 * sees it, and its whole blocks count; a discard takes its blocks out of the file, where the file system can. Throws
 * IoError, and FormatError for what is neither.
 */
export async function openFileDevice(path: string, options: FileDeviceOptions): Promise<BlockDevice> {
  const flags = options.writable ? constants.O_RDWR : constants.O_RDONLY;
  const calls = deviceCalls();
  const handle = await asIo(path, () => open(path, flags));
  let direct: FileHandle | null = null;
  try {
    const shape = await shapeOf(handle, path, calls);
    if (options.direct === true && !shape.isFile && calls !== null) {
      direct = await asIo(path, () => open(path, flags | constants.O_DIRECT));
    }
    return fileDevice({ path, handle, direct, calls, shape, writable: options.writable });
  } catch (error) {
    await direct?.close();
    await handle.close();
    throw error;
  }
}

async function shapeOf(handle: FileHandle, path: string, calls: DeviceCalls | null): Promise<Shape> {
  const status = await asIo(path, () => handle.stat());
  if (status.isFile()) {
    const sizeLb = Math.floor(status.size / LOGICAL_BLOCK_BYTES);
    const blocks = { physicalBlockBytes: 512, logicalBlockBytes: 512 } as const;
    return { isFile: true, ...blocks, sizeLb, supportsDiscard: calls !== null };
  }
  if (!status.isBlockDevice()) throw new FormatError(`${path} must be a regular file or a block device`);
  const major = Math.floor(status.rdev / 256) & 0xfff;
  const minor = (status.rdev & 0xff) | (Math.floor(status.rdev / 2 ** 12) & 0xfff00);
  const system = `/sys/dev/block/${major}:${minor}`;
  // A partition has the queue of its disk.
  const queue = (await exists(`${system}/partition`)) ? `${system}/../queue` : `${system}/queue`;
  const discardBytes = await readNumber(`${queue}/discard_max_bytes`).catch(() => 0);
  const found =
    calls === null
      ? {
          sizeLb: await readNumber(`${system}/size`),
          physical: await readNumber(`${queue}/physical_block_size`),
          logicalBlockBytes: await readNumber(`${queue}/logical_block_size`),
        }
      : {
          sizeLb: calls.sizeBytes(handle.fd, path) / LOGICAL_BLOCK_BYTES,
          physical: calls.physicalBlockBytes(handle.fd, path),
          logicalBlockBytes: calls.logicalBlockBytes(handle.fd, path),
        };
  const { sizeLb, physical: physicalBlockBytes, logicalBlockBytes } = found;
  if (physicalBlockBytes !== 512 && physicalBlockBytes !== 4096) {
    throw new FormatError(
      `${path} must have physical blocks of 512 or 4096 bytes, got ${physicalBlockBytes}`,
    );
  }
  const supportsDiscard = calls !== null && discardBytes > 0;
  return { isFile: false, physicalBlockBytes, logicalBlockBytes, sizeLb, supportsDiscard };
}

async function exists(path: string): Promise<boolean> {
  return await readFile(path).then(
    () => true,
    () => false,
  );
}

async function readNumber(path: string): Promise<number> {
  const text = await asIo(path, () => readFile(path, 'utf8'));
  const value = Number(text.trim());
  if (!Number.isSafeInteger(value)) throw new FormatError(`${path} must hold a number, got ${text.trim()}`);
  return value;
}

/** Larger writes past the page cache are copied into aligned memory a piece at a time. */
const PIECE_BYTES = 1024 * 1024;

/** A read costs about as much as so many bytes more of it. */
const READ_PIECE_BYTES = 128 * 1024;

interface Opened {
  readonly path: string;
  /** By way of the page cache. */
  readonly handle: FileHandle;
  /** Past it. */
  readonly direct: FileHandle | null;
  readonly calls: DeviceCalls | null;
  readonly shape: Shape;
  readonly writable: boolean;
}

function fileDevice({ path, handle, direct, calls, shape, writable }: Opened): BlockDevice {
  const { isFile, physicalBlockBytes, logicalBlockBytes, sizeLb, supportsDiscard } = shape;
  let isOpen = true;

  function checkRange(addressLb: Lb, countLb: Lb): ByteRange {
    if (!Number.isInteger(countLb) || addressLb < 0 || addressLb + countLb > sizeLb) {
      throw new IoError(
        'EINVAL',
        `${path}: ${countLb} blocks at ${addressLb} are not inside the ${sizeLb} of it`,
      );
    }
    return { offsetBytes: addressLb * LOGICAL_BLOCK_BYTES, sizeBytes: countLb * LOGICAL_BLOCK_BYTES };
  }

  function checkWritable(): void {
    if (!writable) throw new IoError('EROFS', `${path}: opened for reading only`);
  }

  /** The handle past the page cache where it can take the range. */
  function directFor({ offsetBytes, sizeBytes }: ByteRange): FileHandle | null {
    return (offsetBytes | sizeBytes) % logicalBlockBytes === 0 ? direct : null;
  }

  async function read(range: ByteRange): Promise<Uint8Array> {
    const past = directFor(range);
    const bytes =
      past === null || calls === null ? newBytes(range.sizeBytes) : alignedBytes(calls, range.sizeBytes);
    const found = await readInto(past ?? handle, path, range.offsetBytes, bytes);
    if (found < range.sizeBytes) throw new IoError('EIO', `${path} was cut while open`);
    return bytes;
  }

  async function write(range: ByteRange, data: Uint8Array): Promise<void> {
    const past = directFor(range);
    if (past === null || calls === null || isAligned(calls, data)) {
      await writeAll(past ?? handle, path, range.offsetBytes, data);
      if (past === null) behind.wrote(data.length);
      return;
    }
    const piece = alignedBytes(calls, Math.min(PIECE_BYTES, data.length));
    for (let at = 0; at < data.length; at += piece.length) {
      const part = data.subarray(at, at + piece.length);
      piece.set(part);
      await writeAll(past, path, range.offsetBytes + at, piece.subarray(0, part.length));
    }
  }

  // The disk works while the next data are read and decompressed, instead of all at the end.
  const behind = writeBehind(() => asIo(path, () => handle.datasync()));
  const { flush } = behind;

  async function writeWith(addressLb: Lb, data: Uint8Array, how: WriteOptions): Promise<void> {
    checkWritable();
    const range = checkRange(addressLb, data.length / LOGICAL_BLOCK_BYTES);
    if (how.preflush === true) await flush();
    await write(range, data);
    if (how.fua === true) await flush();
  }

  return {
    physicalBlockBytes,
    supportsFlush: true,
    supportsDiscard,
    pieceBytes: READ_PIECE_BYTES,
    sizeLb: () => sizeLb,
    read: async (addressLb, countLb) => read(checkRange(addressLb, countLb)),
    write: (addressLb, data, _step, how = {}) => writeWith(addressLb, data, how),
    flush,
    async discard(addressLb, countLb) {
      checkWritable();
      const range = checkRange(addressLb, countLb);
      if (calls === null || !supportsDiscard) {
        throw new IoError('EOPNOTSUPP', `${path}: discard is not supported`);
      }
      if (countLb === 0) return;
      await (isFile ? calls.punchHole : calls.discard)(handle.fd, path, range);
    },
    ...(calls !== null && {
      async zeroOut(addressLb: Lb, countLb: Lb) {
        checkWritable();
        const range = checkRange(addressLb, countLb);
        if (countLb === 0) return;
        await (isFile ? calls.zeroRange : calls.zeroOut)(handle.fd, path, range);
      },
    }),
    close() {
      if (!isOpen) return;
      isOpen = false;
      handle.close().catch(() => undefined);
      direct?.close().catch(() => undefined);
    },
  };
}
