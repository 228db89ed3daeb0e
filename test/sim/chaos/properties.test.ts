import { describe, expect, it } from 'vitest';
import { encodeWith, writeMetaLsidGid, writeMetaState } from '../../../core/snapshot/meta-codec.ts';
import { PropertyError, type PropertyName } from '../../../sim/chaos/failure.ts';
import { takeSnapshot } from '../../../sim/chaos/images.ts';
import { latestGid } from '../../../sim/chaos/inspect.ts';
import { performOperation } from '../../../sim/chaos/perform.ts';
import { failureOf } from '../../../sim/chaos/run.ts';
import { checkSafety } from '../../../sim/chaos/safety.ts';
import { archiveView, type ChaosSite, proxyView, startAgain, storageView } from '../../../sim/chaos/site.ts';
import { TransitionWatch } from '../../../sim/chaos/transitions.ts';
import type { VolumeTruth } from '../../../sim/chaos/volume-truth.ts';
import { walbDevicesOf } from '../../../sim/device-host.ts';
import { DeadlockError, SpinningError } from '../../../sim/event-loop.ts';
import { BASE_DIRECTORY } from '../../../sim/group.ts';
import { PoisonError } from '../../../sim/kernel.ts';
import { overwrite, type Planting, playPlanted, sabotage, told } from './kit.ts';

/** A violation for each property: something is spoiled from outside, and that property must be told. */
interface Planted extends Planting {
  readonly title: string;
  readonly property: PropertyName;
  readonly place: string;
}

const volume = (site: ChaosSite): VolumeTruth => site.volumes[0] as VolumeTruth;
const folder = `${BASE_DIRECTORY}/v0`;

/** Removes files of a folder whose names end in `.wdiff`. */
function removeWdiffs(host: string, path: string) {
  return (site: ChaosSite) =>
    sabotage(site, host, async ({ files }) => {
      for (const { name } of await files.list(path, 'sabotage')) {
        if (name.endsWith('.wdiff')) await files.unlink(`${path}/${name}`, 'sabotage');
      }
    });
}

async function readWhole(site: ChaosSite, host: string, path: string): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array(0);
  await sabotage(site, host, async ({ files }) => {
    const file = await files.open(path, 'read', 'sabotage');
    bytes = (await file.read(0, await file.sizeBytes('sabotage'), 'sabotage')).slice();
    file.close();
  });
  return bytes;
}

/** Lets diffs wait at the proxy, because the archive is down. */
async function fillProxy(site: ChaosSite): Promise<void> {
  const truth = volume(site);
  site.group.kill('a0');
  const had = latestGid(archiveView(site, 'a0', truth) as NonNullable<ReturnType<typeof archiveView>>);
  await truth.write(0, new Uint8Array(512).fill(1));
  const gid = await takeSnapshot(site, truth);
  for (let i = 0; i < 200 && (storageView(site, truth)?.done.gid ?? 0) < gid; i++) {
    await site.simulation.sleep(100_000);
  }
  expect(had).toBeLessThan(gid);
  expect(proxyView(site, 'p0', truth).get('a0')?.length).toBeGreaterThan(0);
}

const PLANTED: readonly Planted[] = [
  {
    title: 'an archive whose image rots',
    property: 'admissible',
    place: 'archive',
    plant: (site) => {
      const medium = 'wb_v0';
      const { nowUs } = site.simulation;
      site.simulation.faults.arm({
        ...{ kind: 'medium-damage', damage: 'rot', atUs: nowUs, host: 'a0', medium },
        ...{ addressLb: 0, sizeLb: 64 },
      });
      return site.simulation.sleep(1000);
    },
  },
  {
    title: 'an archive whose image grows by old data behind the end of the device',
    property: 'admissible',
    place: 'archive',
    layout: { thin: false },
    plant: async (site) => {
      await sabotage(site, 'a0', async ({ volumes }) => {
        await volumes.grow('wb_v0', volume(site).device.sizeLb() + 64, 'sabotage');
      });
      // It learns the size at its start.
      site.group.kill('a0');
    },
  },
  {
    title: 'an archive that loses diffs',
    property: 'restorable-stays',
    place: 'archive',
    isSafetyOnly: true,
    plant: removeWdiffs('a0', folder),
  },
  {
    title: 'a proxy that loses what the storage let go',
    property: 'coverage',
    place: 'chain',
    isSafetyOnly: true,
    plant: async (site) => {
      await fillProxy(site);
      await removeWdiffs('p0', `${folder}/sendto/a0`)(site);
    },
  },
  {
    title: 'a log that is erased before it was delivered',
    property: 'log-order',
    place: 'storage',
    isSafetyOnly: true,
    plant: async (site) => {
      site.group.kill('p0');
      const truth = volume(site);
      await truth.write(0, new Uint8Array(512).fill(1));
      await truth.flush();
      const device = walbDevicesOf(site.group.host('s0')).current(truth.device.path);
      // The device lets go of what it has written back only.
      await site.simulation.sleep(20_000_000);
      await device?.setOldestLsid(device.lsids().written);
    },
  },
  {
    title: 'a storage that says more was delivered than its log ever held',
    property: 'log-order',
    place: 'storage',
    isSafetyOnly: true,
    plant: async (site) => {
      site.group.kill('s0');
      const done = storageView(site, volume(site))?.done;
      if (done === undefined) throw new Error('no done file');
      const late = encodeWith(writeMetaLsidGid, { ...done, lsid: 1_000_000 });
      await sabotage(site, 's0', (world) => overwrite(world, `${folder}/done`, late));
    },
  },
  {
    title: 'a gid that is not above one that was given',
    property: 'gid-order',
    place: 'storage',
    plant: (site) => volume(site).book?.note(1_000_000, 0, 0),
  },
  {
    title: 'a base whose apply cannot be completed',
    property: 'apply-completes',
    place: 'archive',
    isSafetyOnly: true,
    plant: async (site) => {
      site.group.kill('a0');
      volume(site).promisesOf('a0').clear();
      const base = archiveView(site, 'a0', volume(site))?.base;
      if (base === undefined) throw new Error('no base file');
      const end = { gidB: 1_000_000, gidE: 1_000_000 };
      const applying = { ...base, isApplying: true, snapE: end };
      await sabotage(site, 'a0', (world) =>
        overwrite(world, `${folder}/base`, encodeWith(writeMetaState, applying)),
      );
    },
  },
  {
    title: 'a server that ends by itself',
    property: 'no-exit',
    place: 'walb-proxy',
    plant: async (site) => {
      await site.walbc.shutdown(site.group.server('p0'), 'force');
      await site.simulation.sleep(1_000_000);
    },
  },
  {
    title: 'a command that fails with an error of the program',
    property: 'no-program-error',
    place: 'controller',
    plant: async (site) => {
      const broken = { ...site, walbc: { ...site.walbc, kickAll: () => Promise.reject(new TypeError('x')) } };
      await performOperation(broken as unknown as ChaosSite, { kind: 'kick', atUs: 0, key: 1 });
      await site.simulation.sleep(1_000_000);
      throw broken.failure ?? new Error('nothing was told');
    },
  },
  {
    title: 'a link that stays cut',
    property: 'converges',
    place: 'new snapshot',
    plant: async ({ simulation }) => {
      const link = { from: 'p0', to: 'a0', both: true, forUs: null };
      simulation.faults.arm({ kind: 'partition', atUs: simulation.nowUs, ...link });
      await simulation.sleep(1000);
    },
  },
  {
    title: 'a server that cannot start any more',
    property: 'converges',
    place: 'start proxy',
    plant: async (site) => {
      site.group.kill('p0');
      // Its last life is what starts it again.
      site.ended.delete('p0');
      await site.simulation.sleep(1000);
    },
  },
  {
    title: 'files that nobody wants any more',
    property: 'converges',
    place: 'leftovers',
    plant: (site) =>
      sabotage(site, 'a0', (world) => overwrite(world, `${folder}/tmpAbC123`, new Uint8Array(1))),
  },
  {
    title: 'a device that lost a write',
    property: 'device',
    place: 'storage',
    plant: (site) => {
      const { ledger } = volume(site);
      ledger.answered(ledger.write(3, new Uint8Array(512).fill(7)));
    },
  },
  {
    title: 'an archive that counts an action that nobody does',
    property: 'bounded',
    place: 'archive',
    plant: (site) => {
      const { walbc } = site;
      const counts = new Map([['v0', new Map([['Merge', { count: 1, nowRunning: true }]])]]);
      Object.assign(walbc, { getAllActions: async () => counts });
    },
  },
  {
    title: 'a proxy that removes what its archive never took, while the archive is too far behind to be told',
    property: 'wdiff-kept',
    place: 'proxy',
    isSafetyOnly: true,
    plant: async (site) => {
      await fillProxy(site);
      checkSafety(site);
      // Nobody follows any more, so that the chain is nobody's concern; the diff is.
      volume(site).synchronized.clear();
      await removeWdiffs('p0', `${folder}/sendto/a0`)(site);
    },
  },
  {
    title: 'a snapshot that never comes',
    property: 'snapshot-comes',
    place: 'archive',
    plant: (site) => volume(site).book?.note(1_000_000, 0, Number.POSITIVE_INFINITY),
  },
  {
    title: 'a volume that asks for a backup it does not need',
    property: 'backup-needed',
    place: 'operator',
    plant: async (site) => {
      // The archive holds another uuid in its memory than in its file, and says so.
      const path = `${folder}/uuid`;
      const right = await readWhole(site, 'a0', path);
      site.group.kill('a0');
      await sabotage(site, 'a0', (world) =>
        overwrite(
          world,
          path,
          right.map((byte) => byte ^ 1),
        ),
      );
      startAgain(site, 'a0');
      await site.simulation.sleep(2_000_000);
      await site.walbc.getUuid(site.group.server('a0'), 'v0');
      await sabotage(site, 'a0', (world) => overwrite(world, path, right));
    },
  },
  {
    title: 'connections that are never given up',
    property: 'bounded',
    place: 'connections',
    isSafetyOnly: true,
    plant: (site) => {
      const { connections } = site.simulation.network;
      const [one] = connections;
      for (let i = 0; i < 1000; i++) connections.add({ ...one } as NonNullable<typeof one>);
    },
  },
  {
    title: 'timers that pile up',
    property: 'bounded',
    place: 'pending events',
    isSafetyOnly: true,
    plant: ({ simulation }) => {
      for (let i = 0; i < 3000; i++) simulation.at(simulation.nowUs + 1e9, () => {});
    },
  },
  {
    title: 'a device that keeps what it has written',
    property: 'bounded',
    place: 'memory of the device',
    isSafetyOnly: true,
    plant: (site) => {
      const { storage, device } = volume(site);
      const walb = walbDevicesOf(site.group.host(storage)).current(device.path);
      Object.defineProperty(walb, 'heldBytes', { value: 64 * 1024 });
    },
  },
  {
    title: 'files that are never closed',
    property: 'bounded',
    place: 'open files',
    isSafetyOnly: true,
    plant: async (site) => {
      const program = site.group.host('p0').spawn('leaky', async ({ files }) => {
        for (let i = 0; i < 100; i++) await files.open(`${folder}/a0.archive`, 'read', 'leak');
        return new Promise<number>(() => {});
      });
      await site.simulation.sleep(2_000_000);
      expect(program.state).toBe('running');
    },
  },
  {
    title: 'a proxy whose files say something else than its memory',
    property: 'memory-is-disk',
    place: 'proxy',
    plant: (site) =>
      sabotage(site, 'p0', async ({ files }) => {
        const from = await files.open(`${folder}/a0.archive`, 'read', 'sabotage');
        const bytes = await from.read(0, await from.sizeBytes('sabotage'), 'sabotage');
        from.close();
        const to = await files.open(`${folder}/zz.archive`, 'create', 'sabotage');
        await to.write(0, bytes, 'sabotage');
        to.close();
      }),
  },
];

describe('a planted violation is told', () => {
  it('and a day without one passes', async () => {
    expect(told(await playPlanted({}))).toBe('nothing');
  });

  it.each(PLANTED.map((planted) => [planted.title, planted] as const))('%s', async (_, planted) => {
    const found = await playPlanted(planted);
    expect(told(found), found?.message).toBe(`${planted.property} ${planted.place}`);
    expect(found?.message.length).toBeGreaterThan(10);
  });
});

describe('changes of state', () => {
  it('along the tables are allowed, others are told', () => {
    const watch = new TransitionWatch();
    watch.note('walb-storage', 'v0', 'Clear', 'InitVol');
    watch.note('walb-storage', 'v0', 'InitVol', 'SyncReady');
    watch.note('saboteur', 'v0', 'Target', 'Clear');
    expect([...watch.seen.keys()]).toEqual(['storage Clear>InitVol', 'storage InitVol>SyncReady']);
    for (const [program, from, to] of [
      ['walb-storage', 'SyncReady', 'Target'],
      ['walb-proxy', 'Clear', 'ProxyRecv'],
      ['walb-archive', 'SyncReady', 'Archived'],
    ] as const) {
      expect(() => watch.note(program, 'v0', from, to), program).toThrow(PropertyError);
    }
  });
});

describe('how a run ended', () => {
  it('without an end is told as that, anything unknown as an error of the program', () => {
    const place = (error: unknown) => told(failureOf(error, null));
    expect(place(new PropertyError('coverage', 'chain', 'x'))).toBe('coverage chain');
    expect(place(new DeadlockError('x'))).toBe('run-ends DeadlockError');
    expect(place(new SpinningError('x'))).toBe('run-ends SpinningError');
    expect(place(new PoisonError('x'))).toBe('run-ends PoisonError');
    expect(place(new TypeError('x'))).toBe('no-program-error TypeError');
    expect(place('text')).toBe('no-program-error unknown');
  });
});
