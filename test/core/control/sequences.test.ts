import { describe, expect, it } from 'vitest';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../../core/units.ts';
import { newSimulation } from '../../../scenarios/lib/simulate.ts';
import { createSimGroup, type SimGroup, type SimGroupOptions } from '../../../sim/group.ts';

const VOL = 'v';
const MAX = '18446744073709551615';

/** A group that records what the controller says; repeated equal commands in a row are told once. */
interface Recorder {
  readonly group: SimGroup;
  /** What was said since the last call: `server words`, with answers left out. */
  take(): string[];
}

async function withGroup(
  story: (recorder: Recorder) => Promise<void>,
  options: Partial<SimGroupOptions> = {},
): Promise<void> {
  const simulation = await newSimulation(1);
  await simulation.run(async () => {
    let said: string[] = [];
    const group = await createSimGroup(simulation, {
      layout: { storages: ['s0'], proxies: ['p0', 'p1'], archives: ['a0', 'a1'] },
      deviceSizeLb: (8 * MIB) / LOGICAL_BLOCK_BYTES,
      onCommand: (server: ServerConnectionParam, words) => {
        const line = `${server.name} ${words.join(' ')}`;
        if (said.at(-1) !== line) said.push(line);
      },
      ...options,
    });
    const take = () => {
      const taken = said;
      said = [];
      return taken;
    };
    take();
    await story({ group, take });
  });
}

/** Registration of an archive at proxies that have none, and the kick. */
function startSynchronizing(archive: string): string[] {
  return [
    ...['p0', 'p1'].flatMap((px) => [
      `${px} get state v`,
      `${px} archive-info list v`,
      `${px} archive-info add v ${archive}`,
      `${px} get state v`,
      `${px} start v`,
      `${px} get state v`,
    ]),
    's0 kick',
  ];
}

describe('what the controller says', () => {
  it('in a day of one volume', async () => {
    await withGroup(async ({ group, take }) => {
      const walbc = group.controller;
      const [s0, a0, a1] = ['s0', 'a0', 'a1'].map((name) => group.server(name)) as [
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
      ];
      await walbc.initStorage(s0, VOL, '/dev/walb/0');
      expect(take()).toEqual([
        's0 init-vol v /dev/walb/0',
        's0 get state v',
        's0 start v standby',
        's0 get state v',
      ]);

      await walbc.fullBackup(s0, VOL, { bulkSizeU: '256K' });
      expect(take()).toEqual([
        's0 get state v',
        's0 stop v graceful',
        's0 get state v',
        ...['a0', 'a1'].flatMap(() => ['p0 archive-info list v', 'p1 archive-info list v']),
        'a0 get state v',
        'a0 init-vol v',
        ...startSynchronizing('a0 a0:10200'),
        's0 full-bkp v 256K',
        's0 get state v',
        'a0 get state v',
        'p0 kick v a0',
        'p1 kick v a0',
        'a0 get restorable v',
      ]);

      await group.devices('s0')[0]?.write(0, new Uint8Array(4096).fill(1));
      const gid = await walbc.snapshot(s0, VOL, [a0]);
      expect(take()).toEqual(['a0 get state v', 's0 snapshot v', 's0 get state v', 'a0 get restorable v']);

      await walbc.restore(a0, VOL, gid);
      expect(take()).toEqual([
        'a0 get restored v',
        `a0 restore v ${gid}`,
        'a0 get num-action v Restore',
        'a0 get restored v',
      ]);
      await expect(walbc.restore(a0, VOL, gid)).rejects.toThrow('already restored');
      expect(take()).toEqual(['a0 get restored v']);
      await walbc.delRestored(a0, VOL, gid);
      expect(take()).toEqual(['a0 get restored v', `a0 del-restored v ${gid}`, 'a0 get restored v']);
      await expect(walbc.delRestored(a0, VOL, gid)).rejects.toThrow('not found');
      take();

      // A copy at an archive that knows nothing.
      await walbc.replicateOnce(a0, VOL, a1);
      expect(take()).toEqual([
        'a1 get state v',
        'a1 init-vol v',
        'a1 get exists-base-image v',
        'a0 get restorable v',
        `a0 replicate v gid ${gid} a1:10201 0 0`,
        'a0 get num-action v ReplSyncAsClient',
        'a1 get state v',
        // The original looks at the diffs, which says nothing of a copy without any.
        'a1 get meta-snap v',
      ]);
      // Again: uuids and sizes are compared.
      await walbc.replicateOnce(a0, VOL, a1);
      expect(take().slice(0, 7)).toEqual([
        'a1 get state v',
        'a0 get archive-uuid v',
        'a1 get archive-uuid v',
        'a1 get exists-base-image v',
        'a0 get vol-size v',
        'a1 get vol-size v',
        'a0 get restorable v',
      ]);

      await walbc.synchronize(a0, VOL, a1);
      const said = take();
      expect(said.slice(0, 10)).toEqual([
        'p0 get state v',
        'p0 stop v empty',
        'p1 get state v',
        'p1 stop v empty',
        'p0 get state v',
        'p0 archive-info list v',
        'p0 archive-info add v a1 a1:10201',
        'p1 get state v',
        'p1 archive-info list v',
        'p1 archive-info add v a1 a1:10201',
      ]);
      expect(said.slice(-5)).toEqual(
        ['p0 start v', 'p0 get state v', 'p1 get state v', 'p1 start v', 'p1 get state v', 's0 kick'].slice(
          -5,
        ),
      );
      expect(await walbc.isSynchronizing(a1, VOL)).toBe(true);
      take();

      const gid2 = await walbc.snapshot(s0, VOL, [a0, a1]);
      expect(take()).toEqual([
        'a0 get state v',
        'a1 get state v',
        's0 snapshot v',
        's0 get state v',
        'a0 get restorable v',
        'a1 get restorable v',
      ]);

      await walbc.disableSnapshot(a0, VOL, [gid]);
      expect(take()).toEqual([`a0 disable-snapshot v ${gid}`]);
      const diffs = await walbc.getApplicableDiffList(a0, VOL);
      const gidB = diffs.find((diff) => diff.snapE.gidB === gid)?.snapB.gidB as number;
      take();
      await walbc.merge(a0, VOL, gidB, gid2);
      expect(take()).toEqual([
        `a0 get applicable-diff v ${gid2}`,
        `a0 merge v ${gidB} gid ${gid2}`,
        'a0 get num-action v Merge',
        `a0 get exists-diff v ${gidB} ${gidB} ${gid2} ${gid2}`,
      ]);

      await walbc.apply(a0, VOL, gid2);
      expect(take()).toEqual([
        `a0 get applicable-diff v ${MAX}`,
        `a0 apply v ${gid2}`,
        'a0 get num-action v Apply',
        'a0 get base v',
        'a0 get restorable v',
      ]);
      expect(await walbc.applyAll(a0, VOL)).toBe(null);
      take();

      await group.devices('s0')[0]?.growDataDevice((16 * MIB) / LOGICAL_BLOCK_BYTES);
      await walbc.resize(VOL, 16, false);
      expect(take()).toEqual([
        ...['a0', 'a1'].flatMap((ax) => [
          `${ax} get state v`,
          `${ax} get vol-size v`,
          `${ax} resize v 16m`,
          `${ax} get num-action v Resize`,
          `${ax} get vol-size v`,
        ]),
        's0 get state v',
        's0 resize v 16m',
      ]);

      await walbc.stopSynchronizing(a1, VOL);
      take();
      await walbc.goStandby(s0, VOL);
      expect(take()).toEqual([
        's0 get state v',
        's0 stop v force',
        's0 get state v',
        ...['p0', 'p1'].flatMap((px) => [
          `${px} get state v`,
          `${px} stop v force`,
          `${px} get state v`,
          `${px} archive-info list v`,
          `${px} archive-info delete v a0`,
          `${px} get state v`,
        ]),
        's0 kick',
        's0 reset-vol v',
        's0 get state v',
        's0 start v standby',
        's0 get state v',
      ]);

      // A hash backup asks what is restorable before.
      await walbc.hashBackup(s0, VOL);
      const hash = take();
      expect(hash.filter((line) => /hash-bkp|restorable|init-vol/.test(line))).toEqual([
        'a0 get restorable v',
        's0 hash-bkp v',
        'a0 get restorable v',
      ]);

      for (const name of ['s0', 'p0', 'p1', 'a0', 'a1']) await walbc.clearVol(group.server(name), VOL);
      const cleared = take();
      expect(cleared.filter((line) => line.includes('clear-vol'))).toEqual(
        ['s0', 'p0', 'p1', 'a0', 'a1'].map((name) => `${name} clear-vol v`),
      );
      expect(cleared.slice(0, 7)).toEqual([
        's0 get state v',
        's0 stop v force',
        's0 get state v',
        's0 reset-vol v',
        's0 get state v',
        's0 clear-vol v',
        'p0 get state v',
      ]);
      await walbc.clearVolEverywhere(VOL);
      expect(take()).toEqual(['s0', 'p0', 'p1', 'a0', 'a1'].map((name) => `${name} get state v`));
    });
  });

  it('in starts and stops, copies of settings, removals and small commands', async () => {
    await withGroup(async ({ group, take }) => {
      const walbc = group.controller;
      const at = (name: string) => group.server(name);
      const [s0, p0, p1, a0] = [at('s0'), at('p0'), at('p1'), at('a0')];
      const says = async (act: () => Promise<unknown>, lines: readonly string[]) => {
        take();
        await act();
        expect(take()).toEqual(lines);
      };
      await walbc.initStorage(s0, VOL, '/dev/walb/0');
      const base = (await walbc.fullBackup(s0, VOL)) as number;
      const gid = await walbc.snapshot(s0, VOL, [a0]);

      const stopped = (name: string, mode: string) => [
        `${name} get state v`,
        `${name} stop v ${mode}`,
        `${name} get state v`,
      ];
      await says(() => walbc.stop(s0, VOL), stopped('s0', 'graceful'));
      await says(() => walbc.start(s0, VOL), ['s0 start v target', 's0 get state v']);
      await says(() => walbc.stop(a0, VOL, 'force'), stopped('a0', 'force'));
      await says(() => walbc.start(a0, VOL), ['a0 start v', 'a0 get state v']);
      await says(() => walbc.stop(p0, VOL, 'empty'), stopped('p0', 'empty'));
      const { syncOpt } = await walbc.getArchiveInfo(p0, VOL, a0);
      await says(
        () => walbc.updateArchiveInfo(p0, VOL, a0, { ...syncOpt, delayS: 2 }),
        ['p0 get state v', 'p0 archive-info list v', 'p0 archive-info update v a0 a0:10200 snappy:0:1 2'],
      );
      await says(() => walbc.start(p0, VOL), ['p0 start v', 'p0 get state v']);
      await says(
        () => walbc.copyArchiveInfo(p0, VOL, p1),
        [
          'p0 archive-info list v',
          'p0 archive-info get v a0',
          ...['p1 get state v', 'p1 stop v force', 'p1 get state v'],
          'p1 archive-info list v',
          'p1 archive-info update v a0 a0:10200 snappy:0:1 2',
          'p1 get state v',
          'p1 start v',
          'p1 get state v',
        ],
      );
      await says(
        () => walbc.delArchiveFromProxy(p1, VOL, a0, true),
        [
          ...stopped('p1', 'empty'),
          'p1 archive-info list v',
          'p1 archive-info delete v a0',
          'p1 get state v',
        ],
      );
      await says(
        () => walbc.addArchiveToProxy(p1, VOL, a0, { doStart: false }),
        ['p1 get state v', 'p1 archive-info list v', 'p1 archive-info add v a0 a0:10200', 'p1 get state v'],
      );
      await walbc.start(p1, VOL);
      await says(() => walbc.kickAll([s0, p0]), ['s0 kick', 'p0 kick']);
      await says(() => walbc.kickStorageAll(), ['s0 kick']);
      await says(() => walbc.kickProxy(VOL, a0), ['p0 kick v a0', 'p1 kick v a0']);
      await says(() => walbc.setFullScanBps(s0, '10m'), ['s0 set-full-scan-bps 10m']);
      await says(() => walbc.gcDiff(a0, VOL), ['a0 gc-diff v']);
      await says(() => walbc.enableSnapshot(a0, VOL, [base]), [`a0 enable-snapshot v ${base}`]);

      await walbc.restore(a0, VOL, gid);
      await says(
        () => walbc.delRestoredAll(a0, VOL),
        ['a0 get restored v', `a0 del-restored v ${gid}`, 'a0 get restored v'],
      );
      await says(
        () => walbc.applyAll(a0, VOL),
        [
          `a0 get applicable-diff v ${MAX}`,
          `a0 apply v ${gid}`,
          'a0 get num-action v Apply',
          'a0 get base v',
          'a0 get restorable v',
        ],
      );
      await says(
        () => walbc.replicate(a0, VOL, at('a1'), false, { doResync: true, dontMerge: true, syncOpt }),
        [
          'a1 get state v',
          'a1 init-vol v',
          'a1 get exists-base-image v',
          'a0 get restorable v',
          `a0 replicate v gid ${gid} a1:10201 1 1 snappy:0:1 1G 64K`,
          'a0 get num-action v ReplSyncAsClient',
          'a1 get state v',
          'a1 get meta-snap v',
        ],
      );

      await walbc.stop(s0, VOL);
      await says(
        () => walbc.hashBackup(s0, VOL),
        [
          's0 get state v',
          's0 reset-vol v',
          's0 get state v',
          ...['p0 archive-info list v', 'p1 archive-info list v'],
          // Synchronising: what waits there is given up.
          ...['p0', 'p1'].flatMap((px) => [
            ...stopped(px, 'force'),
            `${px} archive-info list v`,
            `${px} archive-info delete v a0`,
            `${px} get state v`,
          ]),
          's0 kick',
          ...['p0 archive-info list v', 'p1 archive-info list v'],
          'a0 get state v',
          ...startSynchronizing('a0 a0:10200'),
          'a0 get restorable v',
          's0 hash-bkp v',
          's0 get state v',
          'a0 get state v',
          ...['p0 kick v a0', 'p1 kick v a0'],
          'a0 get restorable v',
        ],
      );
      await walbc.stop(s0, VOL);
      await says(() => walbc.resetVol(s0, VOL), ['s0 reset-vol v', 's0 get state v']);
      await says(() => walbc.goStandby(s0, VOL), ['s0 get state v', 's0 start v standby', 's0 get state v']);
      await says(() => walbc.goStandby(s0, VOL), ['s0 get state v']);
      await says(() => walbc.shutdown(s0, 'force'), ['s0 shutdown force']);
      await says(
        () => walbc.shutdownAll('empty'),
        [
          'p0 get vol',
          ...stopped('p0', 'empty').slice(0, 3),
          'p0 shutdown graceful',
          'p1 get vol',
          ...stopped('p1', 'empty').slice(0, 3),
          ...['p1 shutdown graceful', 's0 shutdown graceful', 'a0 shutdown graceful', 'a1 shutdown graceful'],
        ],
      );
    });
  });
});
