import type { GroupDevice, WalbDisk } from '../core/control/group.ts';
import { IoError } from '../core/errors.ts';
import type { Lb } from '../core/units.ts';
import type { BlockDevice } from '../core/world/index.ts';
import { type SimDeviceHost, walbDevicesOf } from './device-host.ts';
import type { SimHost } from './host.ts';

const STEP = 'application.io';

/** A walb device as an application on the storage host uses it; the application dies with the host's power. */
export class SimGroupDevice implements GroupDevice {
  readonly storage: string;
  readonly path: string;
  readonly #host: SimHost;
  readonly #name: string;
  #open: Promise<BlockDevice> | null = null;
  #sizeLb: Lb = 0;
  #lossCount = 0;
  /** Calls that are not answered: told when the application dies. */
  readonly #waiting = new Set<(error: Error) => void>();

  private constructor(host: SimHost, name: string) {
    this.#host = host;
    this.#name = name;
    this.storage = host.name;
    this.path = `/dev/walb/${name}`;
  }

  /** Makes the walb device over the disks `logNAME` and `dataNAME` of the host. */
  static async create(host: SimHost, name: string): Promise<SimGroupDevice> {
    const devices: SimDeviceHost = walbDevicesOf(host);
    await devices.createWalbDevice(setupOf(name, true));
    const device = new SimGroupDevice(host, name);
    device.#sizeLb = (await device.#device()).sizeLb();
    return device;
  }

  sizeLb(): Lb {
    return this.#sizeLb;
  }

  read(addressLb: Lb, sizeLb: Lb): Promise<Uint8Array> {
    return this.#call((device) => device.read(addressLb, sizeLb, STEP));
  }

  write(addressLb: Lb, data: Uint8Array): Promise<void> {
    return this.#call((device) => device.write(addressLb, data, STEP));
  }

  discard(addressLb: Lb, sizeLb: Lb): Promise<void> {
    return this.#call((device) => device.discard(addressLb, sizeLb, STEP));
  }

  flush(): Promise<void> {
    return this.#call((device) => device.flush(STEP));
  }

  async growDataDevice(sizeLb: Lb): Promise<void> {
    this.#host.medium(`data${this.#name}`).grow(sizeLb);
  }

  async setCheckpointInterval(milliseconds: number): Promise<void> {
    const device = await walbDevicesOf(this.#host).running(this.path);
    device.setCheckpointInterval(milliseconds);
  }

  setDiskMode(disk: WalbDisk, mode: 'up' | 'error-all' | 'error-writes' | 'error-reads'): void {
    this.#medium(disk).mode = mode;
  }

  loseUnflushed(disk: WalbDisk, lossPercent: number): void {
    this.#lossCount += 1;
    this.#medium(disk).powerLoss({
      kind: lossPercent === 100 ? 'none' : 'random',
      fromId: 0,
      newestProbability: 1 - lossPercent / 100,
      seed: this.#host.kernel.random.at('lose-unflushed', this.path, this.#lossCount).u32(),
    });
  }

  async remake({ format }: { readonly format: boolean }): Promise<void> {
    const devices = walbDevicesOf(this.#host);
    await devices.removeWalbDevice(this.#name, { force: true });
    this.#host.processes.get(this.#program)?.kill();
    await devices.createWalbDevice(setupOf(this.#name, format));
  }

  async isWrittenBack(): Promise<boolean> {
    const { written, latest } = (await walbDevicesOf(this.#host).running(this.path)).lsids();
    return written >= latest;
  }

  get #program(): string {
    return `application ${this.#name}`;
  }

  #medium(disk: WalbDisk) {
    return this.#host.medium(`${disk}${this.#name}`);
  }

  #call<T>(work: (device: BlockDevice) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      this.#device()
        .then(async (device) => {
          const result = await work(device);
          this.#sizeLb = device.sizeLb();
          return result;
        })
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  /** The device as it is opened by the application, which is started when it does not run. */
  #device(): Promise<BlockDevice> {
    if (this.#open !== null) return this.#open;
    if (!this.#host.powered) {
      return Promise.reject(new IoError('EIO', `${this.storage} has no power: ${this.path} is gone`));
    }
    const name = `application ${this.#name}`;
    // A host that starts again what ran at its power loss starts an application that nobody holds.
    this.#host.processes.get(name)?.kill();
    this.#open = new Promise((resolve, reject) => {
      const process = this.#host.spawn(name, async (world) => {
        try {
          resolve(await world.devices.openDevice(this.path, STEP));
        } catch (error) {
          reject(error);
          return 1;
        }
        return new Promise<number>(() => {});
      });
      void process.exited.then(() => {
        this.#open = null;
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const tell of waiting)
          tell(new IoError('EIO', `${this.storage} lost power: ${this.path} is gone`));
      });
    });
    return this.#open;
  }
}

function setupOf(name: string, format: boolean) {
  return { name, logDisk: `log${name}`, dataDisk: `data${name}`, format };
}
