import type { CreateWdevOptions, WdevControl } from '../core/control/walb-device.ts';
import { formatLdev, type StartParams } from '../core/device/index.ts';
import { NotFoundError } from '../core/errors.ts';
import { walbDevicesOf } from './device-host.ts';
import type { SimHost } from './host.ts';

const DISK_PREFIX = '/dev/disk/';

/** The walb devices of a simulated host for who sets them up. Disks are named `/dev/disk/NAME`. */
export function createWdevControl(host: SimHost): WdevControl {
  const devices = walbDevicesOf(host);
  return {
    exists: async (path) => {
      try {
        await devices.running(path);
        return true;
      } catch (error) {
        if (error instanceof NotFoundError) return false;
        throw error;
      }
    },
    formatLdev: async (ldev, ddev) => {
      const { kernelLife } = host;
      const open = (path: string) => {
        const disk = host.disks.get(diskName(path));
        if (disk === undefined) throw new NotFoundError(`Host ${host.name} has no disk ${path}.`);
        return disk.open(kernelLife, { task: 'wdevc' });
      };
      const { random } = host.kernelWorld();
      const [log, data] = [open(ldev), open(ddev)];
      try {
        await formatLdev({ ldev: log, ddev: data, random, name: '' });
      } finally {
        log.close();
        data.close();
      }
    },
    create: async (ldev, ddev, name, options) => {
      const params = startParams(options);
      const setup = { name, logDisk: diskName(ldev), dataDisk: diskName(ddev), format: false, params };
      await devices.createWalbDevice(setup);
    },
    delete: async (path) => devices.removeWalbDevice((await devices.running(path)).name),
    resize: async (path, sizeLb) => (await devices.running(path)).resize(sizeLb),
    resetWal: async (path) => (await devices.running(path)).resetWal(),
    sizeLb: async (path) => (await devices.running(path)).sizeLb,
    logSizeLb: async (path) => {
      const log = (await devices.running(path)).openLog();
      const sizeLb = log.sizeLb();
      log.close();
      return sizeLb;
    },
    lsids: async (path) => (await devices.running(path)).lsids(),
  };
}

function diskName(path: string): string {
  return path.startsWith(DISK_PREFIX) ? path.slice(DISK_PREFIX.length) : path;
}

/** Zero and missing values are left to the defaults. */
function startParams(options: CreateWdevOptions): Partial<StartParams> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== 0),
  );
}
