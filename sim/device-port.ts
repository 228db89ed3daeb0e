import type { WalbDevice } from '../core/device/index.ts';
import { NotFoundError } from '../core/errors.ts';
import { LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import type { BlockDevice, DeviceHost, Labels, Step } from '../core/world/index.ts';
import { type CallInfo, callInfo } from './call-info.ts';
import { type Incarnation, never } from './incarnation.ts';
import { checkPoison, poisonMark } from './kernel.ts';

/** Virtual time that a call takes which does no IO. */
const CALL_US = 5;

/**
 * A call from a process into the kernel of its host, `entryUs` after it was made (0: in the order of the
 * calls). What the kernel does with it goes on when the process dies; the process just never hears of it.
 * Crash and error points are as for any port: before it came into the kernel, and after its effect.
 */
function cross<T>(
  incarnation: Incarnation,
  info: CallInfo,
  entryUs: number,
  work: () => Promise<T>,
): Promise<T> {
  const { kernel } = incarnation;
  if (!incarnation.alive || (entryUs === 0 && !kernel.loop.countImmediate(incarnation))) return never();
  const mark = poisonMark(kernel, info.data);
  return new Promise<T>((resolve, reject) => {
    const settled = (settle: () => void, error: unknown) => {
      if (!incarnation.alive) return;
      if (kernel.poison) checkPoison(kernel, info.data, mark, `${incarnation.describe()} ${info.kind}`);
      incarnation.count(info);
      if (kernel.trace !== null) incarnation.traceCall(info, error);
      kernel.faults?.strike(incarnation, info, 'after');
      incarnation.deliver(settle);
    };
    // An event of its own, so that what it throws ends the run.
    const finish = (settle: () => void, error: unknown) =>
      kernel.loop.schedule(kernel.loop.nowUs, () => settled(settle, error), incarnation);
    const enter = () => {
      kernel.faults?.strike(incarnation, info, 'before');
      if (!incarnation.alive) return;
      const failure = kernel.faults?.fail(incarnation, info) ?? null;
      const fail = (error: unknown) => finish(() => reject(error), error);
      if (failure !== null && failure.effect !== 'whole') {
        fail(failure.error);
        return;
      }
      work().then((value) => {
        if (failure === null) finish(() => resolve(value), null);
        else fail(failure.error);
      }, fail);
    };
    const delayUs = kernel.faults?.latencyUs(incarnation, info, entryUs) ?? entryUs;
    if (delayUs === 0) enter();
    else incarnation.schedule(kernel.loop.nowUs + delayUs, enter);
  });
}

/** The walb devices of a host as one task of one process life sees them. */
export function createDevicePort(
  find: (path: string) => Promise<WalbDevice>,
  incarnation: Incarnation,
  labels: Labels,
): DeviceHost {
  const ask = <T>(
    kind: `walb.${string}`,
    path: string,
    step: Step,
    work: (device: WalbDevice) => T | Promise<T>,
  ): Promise<T> => {
    const info = callInfo(kind, step, labels, path);
    return cross(incarnation, info, CALL_US, async () => work(await find(path)));
  };
  const open = (
    kind: `walb.${string}`,
    path: string,
    step: Step,
    opening: (device: WalbDevice) => BlockDevice,
  ) => ask(kind, path, step, (device) => openFor(opening(device), path, incarnation, labels));
  return {
    exists: (path, step) => {
      const info = callInfo('walb.exists', step, labels, path);
      return cross(incarnation, info, CALL_US, () => find(path).then(() => true, isMissing));
    },
    lsids: (path, step) => ask('walb.lsids', path, step, (device) => device.lsids()),
    isOverflow: (path, step) => ask('walb.is-overflow', path, step, (device) => device.isLogOverflow),
    logCapacityPb: (path, step) => ask('walb.log-capacity', path, step, (device) => device.logCapacityPb),
    sizeLb: (path, step) => ask('walb.size', path, step, (device) => device.sizeLb),
    setOldestLsid: (path, lsid, step) =>
      ask('walb.set-oldest', path, step, (device) => device.setOldestLsid(lsid)),
    resize: (path, sizeLb, step) => ask('walb.resize', path, step, (device) => device.resize(sizeLb)),
    resetWal: (path, step) => ask('walb.reset-wal', path, step, (device) => device.resetWal()),
    openDevice: (path, step) => open('walb.open', path, step, (device) => device.openData()),
    openLog: (path, step) => open('walb.open-log', path, step, (device) => device.openLog()),
    watch: (path, onLog, step) =>
      ask('walb.watch', path, step, (device) => {
        let isOpen = true;
        const { loop } = incarnation.kernel;
        const watch = device.watch(() => {
          incarnation.schedule(loop.nowUs + CALL_US, () => {
            if (isOpen) onLog();
          });
        });
        const close = () => {
          isOpen = false;
          forget();
          watch.close();
        };
        const forget = incarnation.onDeath(close);
        return { close };
      }),
  };
}

function isMissing(error: unknown): boolean {
  if (error instanceof NotFoundError) return false;
  throw error;
}

/** An open device as one process sees it; closed when the process ends. */
function openFor(device: BlockDevice, path: string, incarnation: Incarnation, labels: Labels): BlockDevice {
  const about = (
    kind: `walb.${string}`,
    step: Step,
    addressLb: number,
    sizeLb: number,
    data: Uint8Array | null = null,
  ): CallInfo =>
    callInfo(kind, step, labels, `${path} ${addressLb}+${sizeLb}`, sizeLb * LOGICAL_BLOCK_BYTES, data);
  const close = () => {
    forget();
    device.close();
  };
  const forget = incarnation.onDeath(close);
  return {
    physicalBlockBytes: device.physicalBlockBytes,
    supportsFlush: device.supportsFlush,
    supportsDiscard: device.supportsDiscard,
    sizeLb: () => device.sizeLb(),
    read: (addressLb, sizeLb, step) =>
      cross(incarnation, about('walb.read', step, addressLb, sizeLb), 0, () =>
        device.read(addressLb, sizeLb, step),
      ),
    write: (addressLb, data, step, options) => {
      const info = about('walb.write', step, addressLb, data.length / LOGICAL_BLOCK_BYTES, data);
      return cross(incarnation, info, 0, () => device.write(addressLb, data, step, options));
    },
    flush: (step) =>
      cross(incarnation, callInfo('walb.flush', step, labels, path), 0, () => device.flush(step)),
    discard: (addressLb, sizeLb, step) =>
      cross(incarnation, about('walb.discard', step, addressLb, sizeLb), 0, () =>
        device.discard(addressLb, sizeLb, step),
      ),
    close,
  };
}
