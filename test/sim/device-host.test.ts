import { describe, expect, it } from 'vitest';
import { DEVICE_STEPS } from '../../core/device/index.ts';
import type { BlockDevice } from '../../core/world/index.ts';
import { walbDevicesOf } from '../../sim/device-host.ts';
import type { SimHost } from '../../sim/host.ts';
import { PoisonError } from '../../sim/kernel.ts';
import type { Simulation, SimulationOptions } from '../../sim/simulation.ts';
import type { SimWorld } from '../../sim/world.ts';
import { tagged, tagsOf } from '../core/device/harness.ts';
import { codeOf, createSimulation, createTraced, forever } from './support.ts';

const STEP = 'test.step';
const PATH = '/dev/walb/vol0';

function addHost(simulation: Simulation): SimHost {
  const host = simulation.addHost('s0');
  host.addDisk('log0', { sizeLb: 128 });
  host.addDisk('data0', { sizeLb: 256 });
  return host;
}

async function setUp(options: Partial<SimulationOptions> = {}, simulation = createSimulation(options)) {
  const host = addHost(simulation);
  const devices = walbDevicesOf(host);
  await simulation.run(() =>
    devices.createWalbDevice({
      name: 'vol0',
      logDisk: 'log0',
      dataDisk: 'data0',
      checkpointIntervalMs: 1000,
    }),
  );
  /** Runs `work` as a process, to its end. */
  const as = <T>(name: string, work: (world: SimWorld) => Promise<T>): Promise<T> =>
    simulation.run(
      () =>
        new Promise((resolve, reject) => {
          host.spawn(name, async (world) => {
            await work(world).then(resolve, reject);
            return 0;
          });
        }),
    );
  return { simulation, host, devices, as };
}

const writeTag = (device: BlockDevice, at: number, sizeLb: number, fua = false) =>
  device.write(at, tagged(at + 1, at, sizeLb), STEP, { fua });

describe('walb devices of a simulated host', () => {
  it('are written and read by processes, which may die without touching them', async () => {
    const { simulation, host, devices, as } = await setUp();
    let acked = 0;
    host.spawn('app', async (world) => {
      const device = await world.devices.openDevice(PATH, STEP);
      for (let at = 0; at < 200; at += 2) {
        await writeTag(device, at, 2);
        acked += 1;
      }
      return forever();
    });
    await simulation.run(() => simulation.sleep(5_000));
    host.processes.get('app')?.kill();
    const ackedThen = acked;
    expect(ackedThen).toBeGreaterThan(2);
    await simulation.run(() => simulation.sleep(500_000));
    expect(acked).toBe(ackedThen);
    await as('reader', async (world) => {
      expect(await world.devices.exists(PATH, STEP)).toBe(true);
      const device = await world.devices.openDevice(PATH, STEP);
      const tags = tagsOf(await device.read(0, 256, STEP), 0);
      const written = tags.filter((tag) => tag > 0).length;
      // The write under way may have gone through.
      expect([2 * ackedThen, 2 * ackedThen + 2]).toContain(written);
      const lsids = await world.devices.lsids(PATH, STEP);
      expect(lsids.written).toBe(lsids.latest);
      expect(await world.devices.logCapacityPb(PATH, STEP)).toBe(118);
      expect(await world.devices.sizeLb(PATH, STEP)).toBe(256);
      expect(await world.devices.isOverflow(PATH, STEP)).toBe(lsids.latest > 118);
    });
    // Nobody has it open any more: dead processes do not.
    await simulation.run(() => devices.removeWalbDevice('vol0'));
    expect(await as('late', (world) => world.devices.exists(PATH, STEP))).toBe(false);
  });

  it('are made anew with redo when the power is back; calls wait for that', async () => {
    const { simulation, host, devices, as } = await setUp();
    await as('app', async (world) => {
      const device = await world.devices.openDevice(PATH, STEP);
      await writeTag(device, 0, 8);
      await writeTag(device, 20, 3, true);
      void writeTag(device, 100, 4);
    });
    host.powerLoss();
    await simulation.run(() => simulation.sleep(1_000));
    host.powerOn();
    await as('app', async (world) => {
      const device = await world.devices.openDevice(PATH, STEP);
      const tags = tagsOf(await device.read(0, 32, STEP), 0);
      expect(tags.slice(0, 8)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
      expect(tags.slice(20, 23)).toEqual([21, 21, 21]);
      await world.devices.resetWal(PATH, STEP);
      expect((await world.devices.lsids(PATH, STEP)).latest).toBe(0);
    });
    expect((await devices.running(PATH)).redone.packCount).toBeGreaterThan(0);
  });

  it('tell a process of new log, as long as it lives and watches', async () => {
    const { simulation, host, as } = await setUp();
    const told = { dead: 0, closed: 0, open: 0 };
    const watch = (name: keyof typeof told, closes: boolean) =>
      host.spawn(name, async (world) => {
        const watching = await world.devices.watch(PATH, () => void (told[name] += 1), STEP);
        if (closes) watching.close();
        return forever();
      });
    watch('open', false);
    watch('closed', true);
    const dying = watch('dead', false);
    await simulation.run(() => simulation.sleep(10_000));
    dying.kill();
    await as('app', async (world) => writeTag(await world.devices.openDevice(PATH, STEP), 0, 1, true));
    await simulation.run(() => simulation.sleep(10_000));
    expect(told).toEqual({ dead: 0, closed: 0, open: 1 });
  });

  it('grow with their disk, show their log, and let it be forgotten', async () => {
    const { simulation, host, as } = await setUp();
    host.medium('data0').grow(512);
    await as('app', async (world) => {
      await world.devices.resize(PATH, 0, STEP);
      expect(await world.devices.sizeLb(PATH, STEP)).toBe(512);
      const device = await world.devices.openDevice(PATH, STEP);
      await writeTag(device, 511, 1);
      expect(device.sizeLb()).toBe(512);
      const log = await world.devices.openLog(PATH, STEP);
      const ring = await log.read(10, 2, STEP);
      expect(ring.slice(4, 8)).toEqual(new Uint8Array([3, 0, 1, 0]));
      expect(tagsOf(ring.subarray(512), 511)).toEqual([512]);
      expect(codeOf(await log.write(0, new Uint8Array(512), STEP).catch((error) => error))).toBe('EIO');
    });
    await simulation.run(() => simulation.sleep(2_000_000));
    await as('storage', async (world) => {
      const { prevWritten } = await world.devices.lsids(PATH, STEP);
      expect(prevWritten).toBe(2);
      await world.devices.setOldestLsid(PATH, prevWritten, STEP);
      expect((await world.devices.lsids(PATH, STEP)).oldest).toBe(2);
      expect(codeOf(await world.devices.setOldestLsid(PATH, 1, STEP).catch((error) => error))).toBe('EFAULT');
    });
  });

  it('refuse what is not there, and disks in use', async () => {
    const { simulation, devices, as } = await setUp();
    await as('app', async (world) => {
      for (const path of ['/dev/walb/other', '/dev/sda', '/dev/walb/']) {
        expect(await world.devices.exists(path, STEP)).toBe(false);
        expect(codeOf(await world.devices.lsids(path, STEP).catch((error) => error))).toBe('NotFoundError');
      }
    });
    const create = (name: string, logDisk: string, dataDisk: string) =>
      simulation.run(() => devices.createWalbDevice({ name, logDisk, dataDisk }));
    await expect(create('vol0', 'log1', 'data1')).rejects.toThrow('already');
    await expect(create('vol1', 'log0', 'data1')).rejects.toMatchObject({ code: 'EBUSY' });
    await expect(create('vol1', 'log1', 'data1')).rejects.toThrow('no disk log1');
    const host = simulation.host('s0');
    host.addDisk('log1', { sizeLb: 11 });
    host.addDisk('data1', { sizeLb: 64 });
    await expect(create('vol1', 'log1', 'data1')).rejects.toThrow(
      'a log device must have at least 12 blocks',
    );
    expect(devices.names).toEqual(['vol0']);
  });

  it('that cannot be made after a power loss are not there, until somebody repairs them', async () => {
    const { simulation, host, devices, as } = await setUp();
    await as('app', async (world) => writeTag(await world.devices.openDevice(PATH, STEP), 5, 1, true));
    simulation.faults.arm({
      kind: 'error',
      host: 's0',
      process: 'kernel',
      step: DEVICE_STEPS.openSuper,
      call: null,
      nth: 1,
      times: 1,
      code: 'EIO',
      effect: 'none',
    });
    host.powerLoss();
    host.powerOn();
    expect(await as('app', (world) => world.devices.exists(PATH, STEP))).toBe(false);
    await simulation.run(() => devices.restartWalbDevice('vol0'));
    const tags = await as('app', async (world) =>
      tagsOf(await (await world.devices.openDevice(PATH, STEP)).read(5, 1, STEP), 5),
    );
    expect(tags).toEqual([6]);
  });

  it('end a run in poison mode when a process changes bytes that it is writing', async () => {
    const { as } = await setUp({ poison: true });
    const writing = as('app', async (world) => {
      const device = await world.devices.openDevice(PATH, STEP);
      const data = tagged(1, 0, 1);
      const written = device.write(0, data, STEP);
      data[0] = 9;
      await written;
    });
    await expect(writing).rejects.toThrow(PoisonError);
  });
});

/** A story of writes, with everything the device does; tells what was acknowledged before the power failed. */
async function story(simulation: Simulation, host: SimHost): Promise<void> {
  const acked = new Map<number, number>();
  const submitted = new Map<number, number>();
  const devices = walbDevicesOf(host);
  const main = async (world: SimWorld): Promise<number> => {
    const device = await world.devices.openDevice(PATH, STEP);
    for (let i = 0; i < 30; i++) {
      const at = (i * 5) % 20;
      const tag = i + 1;
      submitted.set(at, tag);
      const write = device.write(at, tagged(tag, at, 2), STEP, { fua: i % 4 === 3 });
      if (i % 4 === 3) {
        await write;
        // Everything before is durable too.
        for (const [block, value] of submitted) acked.set(block, value);
      } else if (i % 4 === 1) await write;
      if (i % 10 === 9)
        await world.devices.setOldestLsid(PATH, (await world.devices.lsids(PATH, STEP)).oldest, STEP);
    }
    await device.flush(STEP);
    for (const [block, value] of submitted) acked.set(block, value);
    return 0;
  };
  const app = host.spawn('app', main);
  await app.exited;
  simulation.faults.disarm();
  host.powerOn();
  const device = await devices.running(PATH);
  const opened = device.openData();
  const tags = tagsOf(await opened.read(0, 32, STEP), 0);
  opened.close();
  for (const [at, tag] of acked) expect(tags[at], `block ${at}`).toBeGreaterThanOrEqual(tag);
  for (const [at, tag] of submitted) expect(tags[at], `block ${at}`).toBeLessThanOrEqual(tag);
}

describe('crash points of the device', () => {
  it('at every step that it does, before and after and torn: what was flushed is there', async () => {
    const params = { logFlushIntervalMs: 1 };
    const seen = new Set<string>();
    const run = async (fault: { step: string; phase: 'before' | 'torn' | 'after'; nth: number } | null) => {
      const simulation = createSimulation({ seed: 5 });
      const host = addHost(simulation);
      const devices = walbDevicesOf(host);
      await simulation.run(() =>
        devices.createWalbDevice({
          name: 'vol0',
          logDisk: 'log0',
          dataDisk: 'data0',
          checkpointIntervalMs: 3,
          params,
        }),
      );
      if (fault !== null) {
        simulation.faults.arm({
          kind: 'crash',
          host: 's0',
          process: 'kernel',
          call: null,
          how: 'power-loss',
          downUs: null,
          ...fault,
        });
      }
      await simulation.run(() => story(simulation, host));
      if (fault === null) for (const key of simulation.kernel.stepCounts.keys()) seen.add(key.split(' ')[0]);
      return [...simulation.faults.fired.values()].reduce((sum, n) => sum + n, 0);
    };
    await run(null);
    const steps = Object.values(DEVICE_STEPS).filter(
      (step) => seen.has(step) && !/format|open|redo/.test(step),
    );
    expect(steps.length).toBeGreaterThanOrEqual(8);
    let fired = 0;
    for (const step of steps) {
      for (const phase of ['before', 'torn', 'after'] as const) {
        for (const nth of [1, 3, 6]) fired += await run({ step, phase, nth });
      }
    }
    expect(fired).toBeGreaterThan(steps.length * 5);
  });

  it('at every step of making it anew: the next one finds everything', async () => {
    const steps = Object.values(DEVICE_STEPS).filter((step) => /open|redo|stale|super/.test(step));
    let fired = 0;
    for (const step of steps) {
      for (const phase of ['before', 'torn', 'after'] as const) {
        const { simulation, host, devices, as } = await setUp({ seed: 7 });
        await as('app', async (world) => {
          const device = await world.devices.openDevice(PATH, STEP);
          for (let at = 0; at < 20; at += 2) await writeTag(device, at, 2);
          await device.flush(STEP);
          await device.discard(6, 2, STEP);
        });
        host.powerLoss();
        simulation.faults.arm({
          kind: 'crash',
          host: 's0',
          process: 'kernel',
          call: null,
          how: 'power-loss',
          downUs: 1_000,
          nth: 1,
          step,
          phase,
        });
        host.powerOn();
        const device = await simulation.run(() => devices.running(PATH));
        const tags = tagsOf(await simulation.run(() => device.openData().read(0, 20, STEP)), 0);
        const expected = Array.from({ length: 20 }, (_, at) => 1 + at - (at % 2));
        tags.forEach((tag, at) => {
          if (at === 6 || at === 7) expect([0, expected[at]]).toContain(tag);
          else expect(tag).toBe(expected[at]);
        });
        fired += simulation.faults.fired.size;
      }
    }
    expect(fired).toBeGreaterThan(20);
  });

  it('give the same trace for the same seed', async () => {
    const traced = async () => {
      const { simulation, lines } = createTraced({ seed: 11 });
      const { host } = await setUp({}, simulation);
      simulation.faults.arm({
        kind: 'power-loss',
        atUs: simulation.nowUs + 20_000,
        host: 's0',
        downUs: 1_000,
      });
      await simulation.run(() => story(simulation, host));
      return lines;
    };
    const first = await traced();
    expect(first.length).toBeGreaterThan(100);
    expect(await traced()).toEqual(first);
  });
});
