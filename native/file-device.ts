import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { FormatError, IoError } from '../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import type { BlockDevice, WriteOptions } from '../core/world/index.ts';
import { asIo } from './errors.ts';
import { readAt, writeAll } from './file-bytes.ts';

/** What a file is opened for as a block device. */
export interface FileDeviceOptions {
  readonly writable: boolean;
}

/** What a file or device is as a block device. */
interface Shape {
  readonly physicalBlockBytes: 512 | 4096;
  readonly sizeLb: Lb;
}

/**
 * Opens a regular file, or a block device by way of the page cache, as a block device. A file has physical blocks of
 * 512 bytes, as the original sees it, and its whole blocks count. Nothing can be discarded. Throws IoError, and
 * FormatError for what is neither.
 */
export async function openFileDevice(path: string, options: FileDeviceOptions): Promise<BlockDevice> {
  const flags = options.writable ? constants.O_RDWR : constants.O_RDONLY;
  const handle = await asIo(path, () => open(path, flags));
  try {
    return fileDevice(handle, path, await shapeOf(handle, path), options.writable);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function shapeOf(handle: FileHandle, path: string): Promise<Shape> {
  const status = await asIo(path, () => handle.stat());
  if (status.isFile()) {
    return { physicalBlockBytes: 512, sizeLb: Math.floor(status.size / LOGICAL_BLOCK_BYTES) };
  }
  if (!status.isBlockDevice()) throw new FormatError(`${path} must be a regular file or a block device`);
  const major = Math.floor(status.rdev / 256) & 0xfff;
  const minor = (status.rdev & 0xff) | (Math.floor(status.rdev / 2 ** 12) & 0xfff00);
  const system = `/sys/dev/block/${major}:${minor}`;
  const sizeLb = await readNumber(`${system}/size`);
  // A partition has the queue of its disk.
  const queue = (await exists(`${system}/partition`)) ? `${system}/../queue` : `${system}/queue`;
  const physicalBlockBytes = await readNumber(`${queue}/physical_block_size`);
  if (physicalBlockBytes !== 512 && physicalBlockBytes !== 4096) {
    throw new FormatError(
      `${path} must have physical blocks of 512 or 4096 bytes, got ${physicalBlockBytes}`,
    );
  }
  return { physicalBlockBytes, sizeLb };
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

function fileDevice(handle: FileHandle, path: string, shape: Shape, writable: boolean): BlockDevice {
  const { physicalBlockBytes, sizeLb } = shape;
  let isOpen = true;

  function checkRange(addressLb: Lb, countLb: Lb): void {
    if (!Number.isInteger(countLb) || addressLb < 0 || addressLb + countLb > sizeLb) {
      throw new IoError(
        'EINVAL',
        `${path}: ${countLb} blocks at ${addressLb} are not inside the ${sizeLb} of it`,
      );
    }
  }

  async function write(addressLb: Lb, data: Uint8Array, how: WriteOptions = {}): Promise<void> {
    if (!writable) throw new IoError('EROFS', `${path}: opened for reading only`);
    checkRange(addressLb, data.length / LOGICAL_BLOCK_BYTES);
    if (how.preflush === true) await flush();
    await writeAll(handle, path, addressLb * LOGICAL_BLOCK_BYTES, data);
    if (how.fua === true) await flush();
  }

  const flush = (): Promise<void> => asIo(path, () => handle.datasync());

  return {
    physicalBlockBytes,
    supportsFlush: true,
    supportsDiscard: false,
    sizeLb: () => sizeLb,
    async read(addressLb, countLb) {
      checkRange(addressLb, countLb);
      const bytes = await readAt(
        handle,
        path,
        addressLb * LOGICAL_BLOCK_BYTES,
        countLb * LOGICAL_BLOCK_BYTES,
      );
      if (bytes.length < countLb * LOGICAL_BLOCK_BYTES)
        throw new IoError('EIO', `${path} was cut while open`);
      return bytes;
    },
    write: (addressLb, data, _step, how) => write(addressLb, data, how),
    flush,
    async discard() {
      throw new IoError('EOPNOTSUPP', `${path}: discard is not supported`);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      handle.close().catch(() => undefined);
    },
  };
}
