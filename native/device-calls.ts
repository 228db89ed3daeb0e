import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import { errorText } from '../core/errors.ts';
import { toIoError } from './errors.ts';

/**
 * System calls of Linux for block devices and files that Node does not have, by the package koffi. The numbers are
 * those of linux/fs.h and linux/falloc.h.
 */
export interface DeviceCalls {
  /** Size of a block device. */
  sizeBytes(fd: number, path: string): number;
  /** Smallest unit of its IO. */
  logicalBlockBytes(fd: number, path: string): number;
  /** Unit that it writes whole. */
  physicalBlockBytes(fd: number, path: string): number;
  /** Says that nobody wants a range of a block device. */
  discard(fd: number, path: string, range: ByteRange): Promise<void>;
  /** Makes a range of a block device zeros. */
  zeroOut(fd: number, path: string, range: ByteRange): Promise<void>;
  /** Takes the blocks of a range out of a file, which reads as zeros there and keeps its size. */
  punchHole(fd: number, path: string, range: ByteRange): Promise<void>;
  /** Makes a range of a file zeros. */
  zeroRange(fd: number, path: string, range: ByteRange): Promise<void>;
  /** Where the memory of an array lies. */
  addressOf(bytes: Uint8Array): bigint;
}

export interface ByteRange {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const BLKSSZGET = 0x1268;
const BLKDISCARD = 0x1277;
const BLKPBSZGET = 0x127b;
const BLKZEROOUT = 0x127f;
const BLKGETSIZE64 = 0x8008_1272;

const FALLOC_FL_KEEP_SIZE = 0x01;
const FALLOC_FL_PUNCH_HOLE = 0x02;
const FALLOC_FL_ZERO_RANGE = 0x10;

/** A function of the C library; `async` runs it on another thread. */
interface NativeFunction {
  (...values: unknown[]): number;
  async(...values: unknown[]): void;
}

/** What is used of koffi. */
interface Koffi {
  load(name: string): { func(prototype: string): NativeFunction };
  errno(): number;
  address(bytes: Uint8Array): bigint;
}

let calls: DeviceCalls | null | undefined;

/** The calls; null where this is no Linux, or koffi is not installed or has no binary for it. Loaded once. */
export function deviceCalls(): DeviceCalls | null {
  if (calls === undefined) calls = process.platform === 'linux' ? loadCalls() : null;
  return calls;
}

function loadCalls(): DeviceCalls | null {
  let koffi: Koffi;
  let ioctl: NativeFunction;
  let fallocate: NativeFunction;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const libc = loadLibc(koffi);
    ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
    fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  } catch {
    // Not installed, or nothing for this system: sizes come from /sys then, and nothing can be discarded.
    return null;
  }

  const underWay = new Set<readonly unknown[]>();

  function fail(path: string, what: string): never {
    throw systemError(koffi.errno(), path, what);
  }

  function ask(fd: number, path: string, request: number, what: string, answer: Uint8Array): DataView {
    if (ioctl(fd, request, answer) !== 0) fail(path, what);
    return new DataView(answer.buffer, answer.byteOffset, answer.length);
  }

  /** Calls on another thread, since it may take long. */
  function run(call: NativeFunction, values: readonly unknown[], path: string, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      // Arrays whose memory the call works on must not be collected meanwhile.
      underWay.add(values);
      call.async(...values, (error: unknown, status: number) => {
        underWay.delete(values);
        if (error !== null) reject(new Error(errorText(error)));
        else if (status === 0) resolve();
        // The number of an error belongs to the thread where it happened: koffi brings it along to this call.
        else reject(systemError(koffi.errno(), path, what));
      });
    });
  }

  const pairOf = ({ offsetBytes, sizeBytes }: ByteRange) =>
    new Uint8Array(new BigUint64Array([BigInt(offsetBytes), BigInt(sizeBytes)]).buffer);
  const textOf = ({ offsetBytes, sizeBytes }: ByteRange) => `${sizeBytes} bytes from ${offsetBytes}`;
  const alter = (mode: number, what: string) => (fd: number, path: string, range: ByteRange) =>
    run(
      fallocate,
      [fd, mode | FALLOC_FL_KEEP_SIZE, range.offsetBytes, range.sizeBytes],
      path,
      `${what} ${textOf(range)}`,
    );

  return {
    sizeBytes: (fd, path) =>
      Number(ask(fd, path, BLKGETSIZE64, 'BLKGETSIZE64', new Uint8Array(8)).getBigUint64(0, isLittle)),
    logicalBlockBytes: (fd, path) =>
      ask(fd, path, BLKSSZGET, 'BLKSSZGET', new Uint8Array(8)).getInt32(0, isLittle),
    physicalBlockBytes: (fd, path) =>
      ask(fd, path, BLKPBSZGET, 'BLKPBSZGET', new Uint8Array(8)).getInt32(0, isLittle),
    discard: (fd, path, range) =>
      run(ioctl, [fd, BLKDISCARD, pairOf(range)], path, `discarding ${textOf(range)}`),
    zeroOut: (fd, path, range) =>
      run(ioctl, [fd, BLKZEROOUT, pairOf(range)], path, `writing zeros to ${textOf(range)}`),
    punchHole: alter(FALLOC_FL_PUNCH_HOLE, 'discarding'),
    zeroRange: alter(FALLOC_FL_ZERO_RANGE, 'writing zeros to'),
    addressOf: (bytes) => koffi.address(bytes),
  };
}

const isLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** glibc, or musl. */
function loadLibc(koffi: Koffi): ReturnType<Koffi['load']> {
  try {
    return koffi.load('libc.so.6');
  } catch {
    return koffi.load('libc.so');
  }
}

function systemError(errno: number, path: string, what: string): Error {
  const code = getSystemErrorName(-errno);
  return toIoError(Object.assign(new Error(`${code}: ${what} failed`), { code }), path);
}
