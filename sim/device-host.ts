import { formatLdev, openWalbDevice, type WalbDevice, type WalbDeviceOptions } from '../core/device/index.ts';
import { ExistsError, errorText, IoError, NotFoundError, StateError } from '../core/errors.ts';
import type { BlockDevice, Clock, DeviceHost, Labels, Log, Random } from '../core/world/index.ts';
import { createDevicePort } from './device-port.ts';
import type { SimDisk } from './disk.ts';
import type { HostPart, SimHost } from './host.ts';
import type { Incarnation } from './incarnation.ts';

/** A walb device that a scenario sets up on a host. */
export interface WalbDeviceSetup
  extends Pick<WalbDeviceOptions, 'params' | 'module' | 'checkpointIntervalMs'> {
  /** `/dev/walb/NAME` */
  readonly name: string;
  /** Names of disks of the host, each for one device. */
  readonly logDisk: string;
  readonly dataDisk: string;
  /** Format the log disk first (default). Without, its content is taken as it is, and redone. */
  readonly format?: boolean;
}

/** A device that runs or is being made. */
class RunningDevice {
  readonly setup: WalbDeviceSetup;
  /** There is a super sector: the device outlives a power loss. */
  isFormatted: boolean;
  device: WalbDevice | null = null;
  /** Why it could not be made. */
  error = '';
  /** The device once it runs, or null when it could not be made; waits through power losses. */
  ready!: Promise<WalbDevice | null>;
  #settle: ((device: WalbDevice | null) => void) | null = null;

  constructor(setup: WalbDeviceSetup) {
    this.setup = setup;
    this.isFormatted = setup.format === false;
    this.begin();
  }

  /** From now on nobody knows whether it will run. */
  begin(): void {
    this.device = null;
    this.error = '';
    if (this.#settle !== null) return;
    this.ready = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  end(device: WalbDevice | null, error: string): void {
    this.device = device;
    this.error = error;
    this.#settle?.(device);
    this.#settle = null;
  }
}

const PATH_PREFIX = '/dev/walb/';

/**
 * The walb devices of a simulated host. They run in the life of the host's kernel: processes come and go
 * without touching them, a power loss ends them, and when the power is back each is made anew over the same
 * disks, with redo. Calls wait while that is under way.
 */
export class SimDeviceHost implements HostPart<DeviceHost> {
  readonly #host: SimHost;
  readonly #devices = new Map<string, RunningDevice>();

  constructor(host: SimHost) {
    this.#host = host;
  }

  /** Names of the devices, made or being made. */
  get names(): string[] {
    return [...this.#devices.keys()];
  }

  /** Makes a device and waits until it runs. Throws ExistsError, NotFoundError, IoError EBUSY, and what making it throws. */
  async createWalbDevice(setup: WalbDeviceSetup): Promise<WalbDevice> {
    if (!this.#host.powered) throw new StateError(`Host ${this.#host.name} has no power.`, 'off', ['on']);
    if (this.#devices.has(setup.name)) throw new ExistsError(`There is a walb device ${setup.name} already.`);
    this.#disk(setup, setup.logDisk);
    this.#disk(setup, setup.dataDisk);
    const running = new RunningDevice(setup);
    this.#devices.set(setup.name, running);
    this.#make(running);
    const device = await running.ready;
    if (device !== null) return device;
    this.#devices.delete(setup.name);
    throw new StateError(running.error);
  }

  /** Stops a device; its disks are free then. Throws NotFoundError, IoError EBUSY unless forced. */
  async removeWalbDevice(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const device = await this.running(PATH_PREFIX + name);
    await device.stop(options);
    this.#devices.delete(name);
  }

  /** Makes a device again that could not be made, for instance after its disk was repaired. */
  async restartWalbDevice(name: string): Promise<WalbDevice> {
    const running = this.#devices.get(name);
    if (running === undefined) throw new NotFoundError(`There is no walb device ${name}.`);
    if (running.device !== null) await running.device.stop({ force: true });
    running.begin();
    this.#make(running);
    const device = await running.ready;
    if (device === null) throw new StateError(running.error);
    return device;
  }

  /** The device of a path, for set-up and for judges; waits until it runs. Throws NotFoundError. */
  async running(path: string): Promise<WalbDevice> {
    const name = path.startsWith(PATH_PREFIX) ? path.slice(PATH_PREFIX.length) : '';
    const running = this.#devices.get(name);
    const device = running === undefined ? null : await running.ready;
    if (device === null) throw new NotFoundError(`There is no walb device ${path}.`);
    return device;
  }

  /** The device of a path as it is now; null when it does not run. For judges. */
  current(path: string): WalbDevice | null {
    return this.#devices.get(path.slice(PATH_PREFIX.length))?.device ?? null;
  }

  portFor(incarnation: Incarnation, labels: Labels): DeviceHost {
    return createDevicePort((path) => this.running(path), incarnation, labels);
  }

  powerLoss(): void {
    for (const [name, running] of [...this.#devices]) {
      running.begin();
      if (running.isFormatted) continue;
      this.#devices.delete(name);
      running.end(null, `The power failed while the walb device ${name} was being formatted.`);
    }
  }

  powerOn(): void {
    for (const running of this.#devices.values()) this.#make(running);
  }

  /** In the present life of the kernel; if that ends first, nothing more comes of it. */
  #make(running: RunningDevice): void {
    const { name } = running.setup;
    const { clock, random, log } = this.#host.kernelWorld().labelled({ task: `walb/${name}` });
    this.#open(running, clock, random, log).then(
      (device) => running.end(device, ''),
      (error) => {
        const message = `The walb device ${name} could not be made: ${errorText(error)}`;
        log.error(message);
        running.end(null, message);
      },
    );
  }

  async #open(running: RunningDevice, clock: Clock, random: Random, log: Log): Promise<WalbDevice> {
    const { name, logDisk, dataDisk, params, module, checkpointIntervalMs } = running.setup;
    const ldev = this.#openDisk(logDisk, name);
    const ddev = this.#openDisk(dataDisk, name);
    if (!running.isFormatted) await formatLdev({ ldev, ddev, random, name });
    running.isFormatted = true;
    return openWalbDevice({
      ldev,
      ddev,
      clock,
      random,
      log,
      name,
      ...(params === undefined ? {} : { params }),
      ...(module === undefined ? {} : { module }),
      ...(checkpointIntervalMs === undefined ? {} : { checkpointIntervalMs }),
    });
  }

  #openDisk(disk: string, name: string): BlockDevice {
    const { disks, kernelLife } = this.#host;
    return (disks.get(disk) as SimDisk).open(kernelLife, { task: `walb/${name}` });
  }

  /** Throws unless the host has this disk and no other device uses it. */
  #disk(setup: WalbDeviceSetup, name: string): void {
    if (!this.#host.disks.has(name)) throw new NotFoundError(`Host ${this.#host.name} has no disk ${name}.`);
    if (setup.logDisk === setup.dataDisk) throw new IoError('EBUSY', `The disk ${name} cannot be both.`);
    for (const other of this.#devices.values()) {
      if (other.setup.logDisk === name || other.setup.dataDisk === name) {
        throw new IoError('EBUSY', `The disk ${name} belongs to the walb device ${other.setup.name}.`);
      }
    }
  }
}

/** The walb devices of a host; the first call gives the host that part. */
export function walbDevicesOf(host: SimHost): SimDeviceHost {
  if (host.devices instanceof SimDeviceHost) return host.devices;
  const devices = new SimDeviceHost(host);
  host.devices = devices;
  return devices;
}
