import { describe, expect, it } from 'vitest';
import { FormatError } from '../../core/errors.ts';
import { checkFault, FAULT_FIELDS, type Fault } from '../../sim/fault-kinds.ts';
import { SimVolumeStore } from '../../sim/volume-store.ts';
import type { SimWorld } from '../../sim/world.ts';
import { codeOf, connectPair, createSimulation, forever, pattern, readAll } from './support.ts';

const STEP = 'test';
const AT_CALL = { host: 'a', process: null, step: null, call: 'file.open', nth: 2 };

/** Opens ten files one after another and says what happened. */
async function openTen(world: SimWorld, note: (text: string) => void): Promise<number> {
  for (let i = 1; i <= 10; i++) {
    try {
      (await world.files.open(`/f${i}`, 'create', 'ten.open')).close();
      note(`ok ${i}`);
    } catch (error) {
      note(`${codeOf(error)} ${i}`);
    }
  }
  return 0;
}

describe('faults at calls', () => {
  const crash = (
    phase: 'before' | 'after' | 'delivered',
    how: 'kill' | 'power-loss',
    downUs: number | null,
  ) =>
    createSimulation().run(async (simulation) => {
      const a = simulation.addHost('a');
      simulation.faults.arm({ kind: 'crash', ...AT_CALL, phase, how, downUs });
      const notes: string[] = [];
      a.spawn('p', (world) => openTen(world, (text) => notes.push(text)));
      await simulation.sleep(10_000_000);
      const files = [...a.files.tree().keys()].length;
      return { notes, files, powered: a.powered, fired: [...simulation.faults.fired.values()] };
    });

  it('kill before the effect, after it, and after its delivery', async () => {
    expect(await crash('before', 'kill', null)).toMatchObject({ notes: ['ok 1'], files: 1, fired: [1] });
    expect(await crash('after', 'kill', null)).toMatchObject({ notes: ['ok 1'], files: 2, fired: [1] });
    const delivered = await crash('delivered', 'kill', null);
    expect(delivered.notes).toEqual(['ok 1', 'ok 2']);
    // The third call was in flight: it may have had its effect.
    expect([2, 3]).toContain(delivered.files);
  });

  it('start the process or the host again after the down time, once', async () => {
    const killed = await crash('before', 'kill', 1_000_000);
    expect(killed.notes.length).toBe(11);
    expect(killed.files).toBe(10);
    const powerless = await crash('after', 'power-loss', 1_000_000);
    expect(powerless.notes.length).toBe(11);
    expect(powerless.powered).toBe(true);
    expect((await crash('after', 'power-loss', null)).powered).toBe(false);
  });

  it('fail the calls that they name, with or without effect, and no others', async () => {
    for (const effect of ['none', 'whole'] as const) {
      await createSimulation().run(async (simulation) => {
        const a = simulation.addHost('a');
        simulation.faults.arm({ kind: 'error', ...AT_CALL, nth: 3, times: 2, code: 'EMFILE', effect });
        const notes: string[] = [];
        await a.spawn('p', (world) => openTen(world, (text) => notes.push(text))).exited;
        expect(notes.filter((text) => !text.startsWith('ok'))).toEqual(['EMFILE 3', 'EMFILE 4']);
        expect(a.files.tree().size).toBe(effect === 'none' ? 8 : 10);
        expect([...simulation.faults.fired]).toEqual([['error a p#1 ten.open file.open', 2]]);
      });
    }
  });

  it('make calls slow', async () => {
    const took = (addUs: number | null) =>
      createSimulation().run(async (simulation) => {
        const a = simulation.addHost('a');
        if (addUs !== null) simulation.faults.arm({ kind: 'delay', ...AT_CALL, times: 3, addUs });
        await a.spawn('p', (world) => openTen(world, () => {})).exited;
        return simulation.nowUs;
      });
    expect((await took(1_000_000)) - (await took(null))).toBe(3_000_000);
  });

  it('cost nothing when none is armed', async () => {
    const simulation = createSimulation();
    expect(simulation.kernel.faults).toBeNull();
    simulation.faults.arm({ kind: 'delay', ...AT_CALL, times: 1, addUs: 1 });
    expect(simulation.kernel.faults).toBe(simulation.faults);
    simulation.faults.disarm();
    expect(simulation.kernel.faults).toBeNull();
  });
});

describe('faults by time and connection', () => {
  it('fire, are counted, and end by calm', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      const a = simulation.host('a');
      const b = simulation.host('b');
      const disk = b.addDisk('data', { sizeLb: 1024 });
      const at = { atUs: 1_000_000 };
      const faults: Fault[] = [
        { kind: 'clock-step', ...at, host: 'a', byUs: -5_000_000 },
        { kind: 'clock-drift', ...at, host: 'a', driftPpm: 100 },
        { kind: 'pause', ...at, host: 'a', process: null, forUs: 1e12 },
        {
          kind: 'slow-link',
          ...at,
          from: 'a',
          to: 'b',
          latencyMinUs: 500_000,
          latencyMeanUs: 500_000,
          bytesPerS: null,
          quantumBytes: 1000,
          forUs: 1e12,
        },
        { kind: 'hold', ...at, from: 'a', to: 'b', both: true, forUs: null },
        { kind: 'files-mode', ...at, host: 'a', mode: 'read-only', forUs: null },
        { kind: 'files-full', ...at, host: 'b', leaveBytes: 0, forUs: 1e12 },
        { kind: 'medium-mode', ...at, host: 'b', medium: 'data', mode: 'error-all', forUs: null },
        {
          kind: 'medium-damage',
          ...at,
          host: 'b',
          medium: 'data',
          damage: 'unreadable',
          addressLb: 8,
          sizeLb: 1,
        },
        { kind: 'freeze', ...at, host: 'b', forUs: 1e12 },
        { kind: 'kill', ...at, host: 'b', process: 'nobody', downUs: null },
      ];
      for (const fault of faults) simulation.faults.arm(fault);
      await near.write(pattern(5), STEP);
      await simulation.sleep(3_000_000);
      expect(simulation.faults.fired.size).toBe(10);
      expect(disk.medium.mode).toBe('error-all');
      let heard = false;
      const reading = far
        .read(100, STEP)
        .then(() => far.read(100, STEP))
        .then(() => {
          heard = true;
        });
      void near.write(pattern(5), STEP);
      await simulation.sleep(30_000_000);
      expect(heard).toBe(false);
      simulation.faults.calm();
      await reading;
      expect(disk.medium.mode).toBe('up');
      const writer = a.spawn('writer', (world) => openTen(world, () => {}));
      expect(await writer.exited).toBe(0);
      expect(a.files.tree().size).toBe(10);
    });
  });

  it('of volumes that are not there do nothing and are not counted', async () => {
    await createSimulation().run(async (simulation) => {
      const volumes = new SimVolumeStore({
        ...{ name: 'a/volumes', random: simulation.random, thin: true, group: 'vg0', pool: 'tp0' },
      });
      simulation.addHost('a', { volumes });
      const at = { atUs: 1000, host: 'a', medium: 'wb_v0' } as const;
      simulation.faults.arm({ kind: 'medium-mode', ...at, mode: 'error-all', forUs: 10 });
      simulation.faults.arm({ kind: 'medium-damage', ...at, damage: 'rot', addressLb: 0, sizeLb: 1 });
      await simulation.sleep(5000);
      expect(simulation.faults.fired.size).toBe(0);
    });
  });

  it('power loss by time, with restart', async () => {
    await createSimulation().run(async (simulation) => {
      const a = simulation.addHost('a');
      let starts = 0;
      a.spawn('p', async () => {
        starts += 1;
        return forever();
      });
      simulation.faults.arm({ kind: 'power-loss', atUs: 1000, host: 'a', downUs: 5000 });
      simulation.faults.arm({ kind: 'kill', atUs: 20_000, host: 'a', process: 'p', downUs: 5000 });
      await simulation.sleep(5999);
      expect([a.powered, starts]).toEqual([false, 1]);
      await simulation.sleep(2);
      expect([a.powered, starts]).toEqual([true, 2]);
      await simulation.sleep(20_000);
      expect(starts).toBe(3);
    });
  });

  it('refuse and cut the connections that they name', async () => {
    await createSimulation().run(async (simulation) => {
      const a = simulation.addHost('a');
      const b = simulation.addHost('b');
      const where = { client: 'a', server: 'b', port: 1 };
      simulation.faults.arm({ kind: 'refuse', ...where, nth: 2, times: 1, how: 'refused' });
      simulation.faults.arm({ kind: 'refuse', ...where, nth: 3, times: 1, how: 'unreachable' });
      simulation.faults.arm({ kind: 'refuse', ...where, nth: 4, times: 1, how: 'timeout' });
      simulation.faults.arm({
        kind: 'cut',
        ...where,
        nth: 2,
        direction: 'to-client',
        atByte: 40,
        how: 'fin',
      });
      simulation.faults.arm({
        kind: 'cut',
        ...where,
        nth: 3,
        direction: 'to-client',
        atByte: 60,
        how: 'rst',
      });
      b.spawn('server', async (world) => {
        const listener = await world.network.listen(1, STEP);
        for (;;) {
          const connection = await listener.accept(STEP);
          await connection?.write(pattern(100), STEP).then(() => connection.end(STEP));
        }
      });
      await simulation.sleep(1);
      const outcomes: string[] = [];
      const client = a.spawn('client', async (world) => {
        for (let i = 1; i <= 7; i++) {
          try {
            const connection = await world.network.connect({ host: 'b', port: 1 }, 8_000_000, STEP);
            const { bytes, error } = await readAll(connection);
            outcomes.push(`${bytes.length} ${error}`.trim());
          } catch (error) {
            outcomes.push(codeOf(error));
          }
        }
        return 0;
      });
      await client.exited;
      expect(outcomes).toEqual([
        '100',
        'ECONNREFUSED',
        'EHOSTUNREACH',
        'TimeoutError',
        '40',
        '60 ECONNRESET',
        '100',
      ]);
      expect(simulation.faults.fired).toEqual(
        new Map([
          ['refuse a>b', 3],
          ['cut a>b', 2],
        ]),
      );
    });
  });

  it('cut all living connections between two hosts', async () => {
    await createSimulation().run(async (simulation) => {
      const { near, far } = await connectPair(simulation);
      simulation.faults.arm({ kind: 'cut-all', atUs: 1_000_000, from: 'b', to: 'a', how: 'rst' });
      expect((await readAll(near)).error).toBe('ECONNRESET');
      expect((await readAll(far)).error).toBe('ECONNRESET');
    });
  });
});

describe('checking faults', () => {
  it('names what is wrong', () => {
    const good = { kind: 'kill', atUs: 1, host: 'a', process: 'p', downUs: null };
    expect(checkFault(good, 'fault 0')).toEqual(good);
    const bad: [unknown, string][] = [
      [null, 'fault 0: expected an object'],
      [[], 'expected an object'],
      [{ kind: 'explode' }, '"explode" is not one of'],
      [{ kind: 'toString' }, 'is not one of'],
      [{ ...good, atUs: -1 }, 'field atUs is -1; expected a whole number from 0 on.'],
      [{ ...good, host: undefined }, 'field host is undefined; expected a text.'],
      [{ ...good, downUs: -1 }, 'field downUs is -1; expected a whole number from 0 on, or null.'],
      [{ ...good, extra: 1 }, 'there is no field extra'],
      [{ kind: 'cut-all', atUs: 0, from: 'a', to: 'b', how: 'x' }, 'expected rst or fin or silence'],
    ];
    for (const [value, message] of bad) {
      expect(() => checkFault(value, 'fault 0')).toThrow(FormatError);
      expect(() => checkFault(value, 'fault 0')).toThrow(message);
    }
    expect(Object.keys(FAULT_FIELDS).length).toBe(22);
  });
});
