import type { Lb, Lsid, Pb } from '../units.ts';
import type { BlockDevice } from './block-device.ts';
import type { Step } from './step.ts';

/** The positions of a walb device's log, see docs/formats.md. oldest <= prevWritten <= written <= permanent <= flush <= completed <= latest. */
export interface LsidSet {
  readonly latest: Lsid;
  readonly completed: Lsid;
  readonly flush: Lsid;
  readonly permanent: Lsid;
  readonly written: Lsid;
  readonly prevWritten: Lsid;
  readonly oldest: Lsid;
}

/**
 * The walb devices of a host, as the kernel driver offers them (ioctl, sysfs). Devices are named by the path
 * of the wrapper device, `/dev/walb/NAME`. Every call throws NotFoundError when there is no such device and
 * IoError EFAULT when the driver refuses.
 */
export interface DeviceHost {
  exists(path: string, step: Step): Promise<boolean>;
  lsids(path: string, step: Step): Promise<LsidSet>;
  isOverflow(path: string, step: Step): Promise<boolean>;
  /** Ring buffer size. */
  logCapacityPb(path: string, step: Step): Promise<Pb>;
  sizeLb(path: string, step: Step): Promise<Lb>;
  /** Lets the driver forget the log below `lsid`; durable when it returns. */
  setOldestLsid(path: string, lsid: Lsid, step: Step): Promise<void>;
  /** Grows the wrapper device; 0 = to the size of its data device. */
  resize(path: string, sizeLb: Lb, step: Step): Promise<void>;
  /** Empties the log: lsids 0, new uuid and salt, overflow cleared. */
  resetWal(path: string, step: Step): Promise<void>;
  /** The wrapper device, for reading a whole volume (and for writing it, by applications). */
  openDevice(path: string, step: Step): Promise<BlockDevice>;
  /** The log device (`/dev/walb/LNAME`), read-only. */
  openLog(path: string, step: Step): Promise<BlockDevice>;
  /**
   * Watches for the log going from empty to non-empty. A hint: look at the lsids when it comes, and once
   * after the watch began.
   */
  watch(path: string, onLog: () => void, step: Step): Promise<DeviceWatch>;
}

/** Somebody who is told of a device's events, until it is closed. */
export interface DeviceWatch {
  close(): void;
}
