import { IoError } from '../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import type { BlockDevice, Labels, Step, WriteOptions } from '../core/world/index.ts';
import { type CallInfo, callInfo } from './call-info.ts';
import type { DiskMedium, WriteUnderWay } from './disk-medium.ts';
import { type Incarnation, never } from './incarnation.ts';
import type { Latency } from './latency.ts';

export interface DiskLatencies {
  readonly io: Latency;
  readonly flush: Latency;
}

export const DEFAULT_DISK_LATENCIES: DiskLatencies = {
  io: { minUs: 40, meanUs: 100 },
  flush: { minUs: 300, meanUs: 1000 },
};

export interface OpenMediumOptions {
  readonly latencies: DiskLatencies;
  readonly writable: boolean;
  /** Says how long a call takes; keyed by what is called, not by what happened before. */
  readonly drawUs: (step: Step, latency: Latency) => number;
  /**
   * Asked before a write completes: null when there is room for it, else after how many microseconds to try
   * again. Throws the error of a device that has no room and does not wait (any longer).
   */
  readonly waitForRoomUs?: (addressLb: Lb, sizeLb: Lb, waitedUs: number) => number | null;
  /** What happens to dependants after content changed. */
  readonly onChanged?: (addressLb: Lb, sizeLb: Lb) => void;
  readonly onClose: () => void;
}

/** A handle of one life of one process on a device's medium. */
export function openMedium(
  medium: DiskMedium,
  incarnation: Incarnation,
  labels: Labels,
  options: OpenMediumOptions,
): BlockDevice {
  const { parameters, name } = medium;
  const { latencies, drawUs } = options;
  let isOpen = true;

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    forget();
    options.onClose();
  }
  const forget = incarnation.onDeath(close);

  function checkOpen(): void {
    if (!isOpen) throw new IoError('EINVAL', `${name}: used after close`);
  }

  function info(
    kind: string,
    step: Step,
    addressLb: Lb,
    sizeLb: Lb,
    data: Uint8Array | null = null,
  ): CallInfo {
    const detail = `${name} ${addressLb}+${sizeLb}`;
    const sizeBytes = sizeLb * LOGICAL_BLOCK_BYTES;
    return callInfo(kind, step, labels, detail, sizeBytes, data, kind === 'disk.discard');
  }

  async function read(addressLb: Lb, sizeLb: Lb, step: Step): Promise<Uint8Array> {
    return incarnation.call(info('disk.read', step, addressLb, sizeLb), drawUs(step, latencies.io), () => {
      checkOpen();
      medium.checkRange(addressLb, sizeLb);
      medium.check('read');
      return medium.read(addressLb, sizeLb);
    });
  }

  async function write(addressLb: Lb, data: Uint8Array, step: Step, how: WriteOptions = {}): Promise<void> {
    // What a dead life still tries must not reach the medium.
    if (!incarnation.alive) return never();
    const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
    const about = info('disk.write', step, addressLb, sizeLb, data);
    let under: WriteUnderWay | null = null;
    const refuse = checkWrite(addressLb, sizeLb);
    if (refuse === null) under = medium.beginWrite(addressLb, data, how.fua ?? false, how.preflush ?? false);
    let waitedUs = 0;
    let latencyUs = drawUs(step, latencies.io) + (how.preflush ? drawUs(step, latencies.flush) : 0);
    for (;;) {
      const retryUs: number | null = await incarnation.call(
        about,
        latencyUs,
        () => {
          if (under === null) throw refuse;
          return completeWrite(under, addressLb, sizeLb, waitedUs);
        },
        under === null ? undefined : writeParts(under, addressLb, sizeLb),
      );
      if (retryUs === null) return;
      waitedUs += retryUs;
      latencyUs = retryUs;
    }
  }

  function checkWrite(addressLb: Lb, sizeLb: Lb): unknown {
    try {
      checkOpen();
      if (!options.writable) throw new IoError('EROFS', `${name}: opened for reading only`);
      medium.checkRange(addressLb, sizeLb);
    } catch (error) {
      return error;
    }
    return null;
  }

  function completeWrite(under: WriteUnderWay, addressLb: Lb, sizeLb: Lb, waitedUs: number): number | null {
    try {
      medium.check('write');
      const retryUs = options.waitForRoomUs?.(addressLb, sizeLb, waitedUs) ?? null;
      if (retryUs !== null) return retryUs;
    } catch (error) {
      medium.dropWrite(under);
      throw error;
    }
    medium.finishWrite(under);
    options.onChanged?.(addressLb, sizeLb);
    return null;
  }

  function writeParts(under: WriteUnderWay, addressLb: Lb, sizeLb: Lb) {
    const changed = (change: (write: WriteUnderWay) => void) => () => {
      change.call(medium, under);
      options.onChanged?.(addressLb, sizeLb);
    };
    return {
      torn: changed(medium.tearWrite),
      failed: changed(medium.dropWrite),
      atDeath: changed(medium.abandonWrite),
      dropped: changed(medium.dropWrite),
    };
  }

  async function flush(step: Step): Promise<void> {
    const lastId = medium.beginFlush();
    await incarnation.call(
      callInfo('disk.flush', step, labels, name),
      drawUs(step, latencies.flush),
      () => {
        checkOpen();
        try {
          medium.check('flush');
        } catch (error) {
          medium.failFlush(lastId);
          throw error;
        }
        medium.finishFlush(lastId);
      },
      { failed: () => medium.failFlush(lastId) },
    );
  }

  async function discard(addressLb: Lb, sizeLb: Lb, step: Step): Promise<void> {
    await incarnation.call(info('disk.discard', step, addressLb, sizeLb), drawUs(step, latencies.io), () => {
      checkOpen();
      if (!options.writable) throw new IoError('EROFS', `${name}: opened for reading only`);
      if (!parameters.supportsDiscard) throw new IoError('EOPNOTSUPP', `${name}: does not support discard`);
      medium.checkRange(addressLb, sizeLb);
      medium.check('write');
      medium.discard(addressLb, sizeLb);
      options.onChanged?.(addressLb, sizeLb);
    });
  }

  return {
    physicalBlockBytes: parameters.physicalBlockBytes,
    supportsFlush: parameters.hasVolatileCache,
    supportsDiscard: parameters.supportsDiscard,
    sizeLb: () => medium.sizeLb,
    read,
    write,
    flush,
    discard,
    close,
  };
}
