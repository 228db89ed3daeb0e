import type { Group } from '../../core/control/group.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { NotFoundError } from '../../core/errors.ts';
import type { Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { KeyedRandom } from '../../sim/random.ts';
import { Operator, VOL } from './operator.ts';
import { RecordedDevice } from './recorded-device.ts';
import type { ScenarioInput } from './scenario.ts';
import { type Story, StoryError } from './story.ts';
import { RandomLoad } from './workload.ts';

type Server = ServerConnectionParam;

/** Logical blocks in a MiB. */
export const LB_PER_MIB: Lb = MIB / LOGICAL_BLOCK_BYTES;

/** An operator of a group with applications on its storages, whose every write goes into a ledger. */
export class Applications extends Operator {
  readonly input: ScenarioInput;
  readonly random: KeyedRandom;
  readonly #devices = new Map<string, RecordedDevice>();
  readonly #indexByVolume = new Map<string, number>();
  readonly #loads: RandomLoad[] = [];
  #loadCount = 0;

  constructor(group: Group, story: Story, input: ScenarioInput) {
    super(group, story);
    this.input = input;
    this.random = new KeyedRandom(input.seed);
  }

  /** The application's device on a storage. */
  device(storage: Server, index = 0): RecordedDevice {
    const key = `${storage.name} ${index}`;
    let device = this.#devices.get(key);
    if (device === undefined) {
      const found = this.group.devices(storage.name)[index];
      if (found === undefined) throw new NotFoundError(`${storage.name} has no walb device ${index}.`);
      device = new RecordedDevice(found, { discardIsZero: true });
      this.#devices.set(key, device);
    }
    return device;
  }

  /** The device that a volume is on: what `useDevice` said, else `vol0` is on the first one and so on. */
  deviceOf(storage: Server, vol = VOL): RecordedDevice {
    const index = this.#indexByVolume.get(`${storage.name} ${vol}`);
    return this.device(storage, index ?? Number(/\d+$/.exec(vol)?.[0] ?? 0));
  }

  /** A volume of a storage is on the device of a path. */
  useDevice(storage: Server, vol: string, path: string): void {
    const index = this.group.devices(storage.name).findIndex((device) => device.path === path);
    if (index >= 0) this.#indexByVolume.set(`${storage.name} ${vol}`, index);
  }

  /** An application writes at random, until `quiet`. */
  protected get isLoaded(): boolean {
    return this.#loads.length > 0;
  }

  /**
   * The application writes at random places of the whole device: data, zeros and discards, and flushes at the
   * end, so that all of it is answered.
   */
  async write(sx: Server, vol = VOL, count = 24): Promise<void> {
    const device = this.deviceOf(sx, vol);
    await this.writeIn(device, { beginLb: 0, endLb: device.device.sizeLb() }, count);
    this.story.note(`the application on ${sx.name} has written ${count} times`);
  }

  /** As `write`, in a part of a device. */
  async writeIn(
    device: RecordedDevice,
    { beginLb, endLb }: { beginLb: Lb; endLb: Lb },
    count = 24,
  ): Promise<void> {
    const random = this.#nextRandom('write');
    for (let i = 0; i < count; i++) {
      const sizeLb = random.between(1, Math.min(32, endLb - beginLb));
      const addressLb = random.between(beginLb, endLb - sizeLb);
      if (random.chance(0.1)) await device.discard(addressLb, sizeLb);
      else {
        const sizeBytes = sizeLb * LOGICAL_BLOCK_BYTES;
        await device.write(
          addressLb,
          random.chance(0.1) ? new Uint8Array(sizeBytes) : random.bytes(sizeBytes),
        );
      }
    }
    await device.flush();
  }

  /** The application overwrites so many MiB from the beginning of the device on (default: all of it). */
  async overwrite(sx: Server, mib?: number, vol = VOL): Promise<void> {
    const endLb = await this.overwriteDevice(this.deviceOf(sx, vol), mib);
    this.story.note(`the application on ${sx.name} has overwritten ${endLb / LB_PER_MIB} MiB`);
  }

  /** As `overwrite`, without a word; returns where it ended. */
  async overwriteDevice(device: RecordedDevice, mib?: number): Promise<Lb> {
    const endLb = mib === undefined ? device.device.sizeLb() : mib * LB_PER_MIB;
    const random = this.#nextRandom('overwrite');
    for (let addressLb = 0; addressLb < endLb; addressLb += 128) {
      const sizeLb = Math.min(128, endLb - addressLb);
      await device.write(addressLb, random.bytes(sizeLb * LOGICAL_BLOCK_BYTES));
    }
    await device.flush();
    return endLb;
  }

  /**
   * The application goes on writing at random until `finish` or `quiet`. The log is sent at least every ten
   * seconds (the interval of implicit snapshots), which a small log must have room for.
   */
  load(sx: Server, vol = VOL, intervalS = 0.1): RandomLoad {
    const load = this.loadDevice(this.deviceOf(sx, vol), intervalS);
    this.story.note(`an application on ${sx.name} begins to write at random`);
    return load;
  }

  /** As `load`, without a word. */
  loadDevice(device: RecordedDevice, intervalS = 0.1): RandomLoad {
    const load = new RandomLoad(this.group, device, this.#nextRandom('load'), {
      beginLb: 0,
      endLb: device.device.sizeLb(),
      maxIoLb: 16,
      intervalS,
    });
    this.#loads.push(load);
    load.start();
    return load;
  }

  /** All applications stop writing. */
  async quiet(): Promise<void> {
    if (this.#loads.length === 0) return;
    for (const load of this.#loads.splice(0)) await load.stop();
    this.story.note('the applications have stopped writing');
  }

  /** Writes until the log has overflowed. */
  async overflow(sx: Server, vol = VOL): Promise<void> {
    for (let i = 0; !(await this.walbc.isOverflow(sx, vol)); i++) {
      if (i === 64) throw new StoryError('the log does not overflow');
      await this.overwrite(sx, undefined, vol);
    }
    this.story.note(`the log of ${sx.name} has overflowed`);
  }

  /** Writes `timesLog` times the log's room, and lets the proxies take it in time. */
  async writeMuch(sx: Server, timesLog = 1.2): Promise<void> {
    const capacityPb = (await this.logUsage(sx)).capacityPb;
    const device = this.device(sx);
    const random = this.#nextRandom('much');
    let writtenPb = 0;
    while (writtenPb < capacityPb * timesLog) {
      const sizeLb = 64;
      const addressLb = random.below(device.device.sizeLb() - sizeLb);
      await device.write(addressLb, random.bytes(sizeLb * LOGICAL_BLOCK_BYTES));
      writtenPb += sizeLb;
      if (writtenPb % (sizeLb * 8) === 0) {
        await this.eventually(async () => (await this.logUsage(sx)).usedPb < capacityPb / 4, 600, 'log sent');
      }
    }
    await device.flush();
    this.story.note(`the application has written ${writtenPb} blocks; the log has room for ${capacityPb}`);
  }

  /** How much of a log is in use, as `status` says. */
  async logUsage(sx: Server, vol = VOL): Promise<{ usedPb: number; capacityPb: number }> {
    const text = (await this.walbc.runCtl(sx, ['status', vol])).join(' ');
    const number = (name: string) => Number(new RegExp(`${name} (\\d+)`).exec(text)?.[1] ?? Number.NaN);
    return { usedPb: number('logUsagePb'), capacityPb: number('logCapacityPb') };
  }

  #nextRandom(purpose: string) {
    this.#loadCount += 1;
    return this.random.at('scenario', purpose, this.#loadCount);
  }
}
