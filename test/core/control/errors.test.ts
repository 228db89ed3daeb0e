import { describe, expect, it } from 'vitest';
import type { Controller } from '../../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../../core/units.ts';
import { newSimulation } from '../../../scenarios/lib/simulate.ts';
import { createSimGroup, type SimGroup, type SimGroupOptions } from '../../../sim/group.ts';

const VOL = 'v';

interface Story {
  readonly group: SimGroup;
  readonly walbc: Controller;
  readonly at: (name: string) => ServerConnectionParam;
  readonly printed: string[];
}

async function withGroup(story: (made: Story) => Promise<void>, options: Partial<SimGroupOptions> = {}) {
  const simulation = await newSimulation(1);
  await simulation.run(async () => {
    const printed: string[] = [];
    const group = await createSimGroup(simulation, {
      layout: { storages: ['s0', 's1'], proxies: ['p0'], archives: ['a0', 'a1'] },
      deviceSizeLb: (4 * MIB) / LOGICAL_BLOCK_BYTES,
      print: (line) => printed.push(line),
      ...options,
    });
    await story({ group, walbc: group.controller, at: (name) => group.server(name), printed });
  });
}

async function backedUp({ walbc, at }: Story): Promise<void> {
  await walbc.initStorage(at('s0'), VOL, '/dev/walb/0');
  await walbc.fullBackup(at('s0'), VOL);
}

describe('operations that cannot be', () => {
  it('on volumes that nobody made', async () => {
    await withGroup(async ({ walbc, at, printed }) => {
      const [s0, p0, a0, a1] = ['s0', 'p0', 'a0', 'a1'].map(at) as [
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
      ];
      expect(await walbc.getStateAll(VOL)).toEqual([
        's0 s0:10000 storage Clear',
        's1 s1:10001 storage Clear',
        'p0 p0:10100 proxy Clear',
        'a0 a0:10200 archive Clear',
        'a1 a1:10201 archive Clear',
      ]);
      expect(printed.length).toBe(5);
      await expect(walbc.snapshot(s0, VOL, [a0])).rejects.toThrow('snapshot:bad state:a0:v');
      await expect(walbc.snapshotNbk(s0, VOL)).rejects.toThrow('c2sSnapshotServer:bad state:Clear');
      await expect(walbc.fullBackup(s0, VOL)).rejects.toThrow('prepare_backup:bad state');
      await expect(walbc.goStandby(s0, VOL)).rejects.toThrow('go_standby:bad state:s0:v:Clear');
      await expect(walbc.start(p0, VOL)).rejects.toThrow('bad state:Clear');
      await expect(walbc.updateArchiveInfo(p0, VOL, a0, { ...SYNC })).rejects.toThrow(
        'update_archive_info: bad state',
      );
      await expect(walbc.getArchiveInfo(p0, VOL, a0)).rejects.toThrow('archive info not exists:a0');
      await expect(walbc.getLatestCleanSnapshot(a0, VOL)).rejects.toThrow(
        'get_latest_clean_snapshot:not found',
      );
      await expect(walbc.replicateOnce(a0, VOL, a1)).rejects.toThrow();
      await expect(walbc.resizeArchive(a0, VOL, 8, false)).rejects.toThrow('resize_archive:bad state');
      await expect(walbc.verifyState(s0, VOL, 'Target')).rejects.toThrow('verify_state: differ');
      await walbc.resizeStorage(s0, VOL, 8);
      await walbc.clearVolEverywhere(VOL);
      expect(await walbc.isSynchronizing(a0, VOL)).toBe(false);
      expect(await walbc.getArchiveInfoList(p0, VOL)).toEqual([]);
      expect(await walbc.getVolList(s0)).toEqual([]);
    });
  });

  it('with words that cannot be sent', async () => {
    await withGroup(async ({ walbc, at }) => {
      const [s0, a0] = [at('s0'), at('a0')];
      await expect(walbc.fullBackup(s0, VOL, { bulkSizeU: '64KB' })).rejects.toThrow('bad size unit:64KB');
      await expect(walbc.setFullScanBps(s0, '12 m')).rejects.toThrow('bad size unit');
      await expect(walbc.resizeStorage(s0, VOL, 0)).rejects.toThrow('at least 1 MiB');
      await expect(walbc.resizeArchive(a0, VOL, 0.5, false)).rejects.toThrow('at least 1 MiB');
      await expect(walbc.merge(a0, VOL, 5, 4)).rejects.toThrow('merge:bad gid range:5:4');
      await expect(walbc.getNumDiff(a0, VOL, 5, 4)).rejects.toThrow('bad gid range');
      await expect(walbc.getRestorable(a0, VOL, 'some' as never)).rejects.toThrow('get_restorable:bad opt');
      await expect(walbc.stop(s0, VOL, 'quick' as never)).rejects.toThrow('stop:bad mode:quick');
      await expect(walbc.stop(s0, VOL, 'empty')).rejects.toThrow('stop empty is not allowed');
      await expect(walbc.waitForStopped(s0, VOL)).rejects.toThrow('prevSt not specified');
      await expect(walbc.shutdown(s0, 'quick' as never)).rejects.toThrow('shutdown bad mode');
      await expect(walbc.shutdown(s0, 'empty')).rejects.toThrow('for proxies only');
      await expect(walbc.shutdownList([s0], 'empty')).rejects.toThrow('for proxies only');
      await expect(walbc.getState(s0, 'bad_name')).rejects.toThrow('bad volId format');
      await expect(walbc.disableSnapshot(a0, VOL, [])).rejects.toThrow('specify gid list');
      await expect(walbc.runRemoteCommand(s0, ['/bin/true'])).rejects.toThrow('exec command is disabled');
      await expect(walbc.getRunRemoteCommand(s0)(['/bin/true'])).rejects.toThrow('exec command is disabled');
    });
  });

  it('twice, or in another order', async () => {
    await withGroup(async (made) => {
      const { walbc, at } = made;
      const [s0, p0, a0, a1] = ['s0', 'p0', 'a0', 'a1'].map(at) as [
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
      ];
      await backedUp(made);
      await expect(walbc.initStorage(s0, VOL, '/dev/walb/0')).rejects.toThrow(
        'bad state:Target:Clear:InitVol',
      );
      await expect(walbc.start(s0, VOL)).rejects.toThrow('bad state:Target:Stopped:StartTarget');
      await expect(walbc.fullBackup(s0, VOL)).rejects.toThrow('call stop if target');
      await expect(walbc.hashBackup(at('s1'), VOL)).rejects.toThrow('prepare_backup:bad state');
      await expect(walbc.apply(a0, VOL, 99)).rejects.toThrow('apply: gid is not restorable');
      await expect(walbc.merge(a0, VOL, 0, 99)).rejects.toThrow('merge: specify exact ranges');
      await expect(walbc.restore(a0, VOL, 99)).rejects.toThrow('bad gid');
      await expect(walbc.delCold(a0, VOL, 99)).rejects.toThrow('not found');
      await expect(walbc.resizeArchive(a0, VOL, 2, false)).rejects.toThrow('shrink is not supported');
      await expect(walbc.updateArchiveInfo(p0, VOL, a0, SYNC)).rejects.toThrow(
        'update_archive_info: bad state',
      );
      await expect(
        walbc.verifyNotRestorable(a0, VOL, await walbc.getLatestCleanSnapshot(a0, VOL), 1, 'test'),
      ).rejects.toThrow('test:gid must not be restorable');
      await walbc.verifyNotRestorable(a0, VOL, 99, 1, 'test');
      await walbc.verifyNotOverflow(s0, VOL);
      // Nothing of it has changed anything.
      expect(await walbc.getState(s0, VOL)).toBe('Target');
      expect(await walbc.getState(p0, VOL)).toBe('Started');
      expect(await walbc.getState(a0, VOL)).toBe('Archived');

      // Another lineage is not overwritten without being asked for.
      await walbc.replicateOnce(a0, VOL, a1);
      await walbc.stop(a1, VOL);
      await walbc.resetVol(a1, VOL);
      await walbc.stop(s0, VOL);
      await walbc.stop(s0, VOL);
      expect(await walbc.getState(s0, VOL)).toBe('Stopped');
    });
  });

  it('in a state, a lineage or a history that does not allow them', async () => {
    await withGroup(async (made) => {
      const { walbc, at, group } = made;
      const [s0, p0, a0, a1] = ['s0', 'p0', 'a0', 'a1'].map(at) as [
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
        ServerConnectionParam,
      ];
      await walbc.initVol(a0, VOL);
      await expect(walbc.replicateOnce(a0, VOL, a1)).rejects.toThrow('replicate: nothing is restorable:a0:v');
      await backedUp(made);
      const first = await walbc.snapshot(s0, VOL, [a0]);
      const second = await walbc.snapshot(s0, VOL, [a0]);
      const third = await walbc.snapshot(s0, VOL, [a0]);
      await expect(walbc.merge(a0, VOL, first, third)).rejects.toThrow(
        `merge: diff must mergeable and not comp diff:${second}:${third}`,
      );
      await expect(walbc.waitForRestored(a0, VOL, 99, 5)).rejects.toThrow('wait_for_restored:failed:a0:v:99');
      await walbc.replicateOnce(a0, VOL, a1);
      await expect(walbc.waitForReplicated(a0, VOL, a1, 99, 5)).rejects.toThrow(
        'wait_for_replicated:replicate failed:a0:v:a1:99',
      );
      await expect(walbc.monitorProgress(a0, VOL, 0)).rejects.toThrow('monitor_progress:timeout');
      await walbc.resizeArchive(a1, VOL, 8, false);
      await expect(walbc.replicateOnce(a0, VOL, a1)).rejects.toThrow(
        'Volume size of aDst is larger than that of aSrc',
      );

      // What cannot be waited for exists all the same.
      await walbc.stop(s0, VOL);
      await expect(walbc.snapshot(s0, VOL, [a0])).rejects.toThrow(
        'snapshot: state is not target and can not wait:s0:v:Stopped',
      );
      await walbc.start(s0, VOL);
      await walbc.waitForRestorable(a0, VOL, third + 1, 60);

      group.kill('a0');
      await walbc.snapshotNbk(s0, VOL);
      await group.clock.sleep(3);
      await walbc.stopNbk(p0, VOL, 'empty');
      await expect(walbc.clearVol(p0, VOL)).rejects.toThrow('clear:p0:v:WaitForEmpty');
      await group.startServer('a0');
      await walbc.waitForStopped(p0, VOL);
      await walbc.clearVol(p0, VOL);
      await expect(walbc.waitForStopped(p0, VOL)).rejects.toThrow(
        'wait_for_state_change:bad goal:p0:v:[Started,WlogRecv,Stop,WaitForEmpty]:[Stopped]:Clear',
      );

      // A history that began anew is not mixed with the old one.
      await walbc.stop(a0, VOL);
      await walbc.resetVol(a0, VOL);
      await walbc.stop(s0, VOL);
      await walbc.fullBackup(s0, VOL);
      await expect(walbc.replicateOnce(a0, VOL, a1)).rejects.toThrow(
        'Archive uuids differ. Try call this with doResync=True:a0:a1',
      );
    });
  });

  it('where only some proxies know an archive', async () => {
    await withGroup(
      async ({ walbc, at }) => {
        await walbc.addArchiveToProxy(at('p0'), VOL, at('a0'));
        await expect(walbc.isSynchronizing(at('a0'), VOL)).rejects.toThrow('some proxies are synchronizing');
        await walbc.copyArchiveInfo(at('p0'), VOL, at('p1'));
        expect(await walbc.isSynchronizing(at('a0'), VOL)).toBe(true);
        await walbc.stop(at('p0'), VOL);
        const syncOpt = { ...SYNC, delayS: 5 };
        await walbc.updateArchiveInfo(at('p0'), VOL, at('a0'), syncOpt);
        expect(await walbc.getArchiveInfo(at('p0'), VOL, at('a0'))).toEqual({
          hostPort: 'a0:10200',
          syncOpt: { ...syncOpt, maxWdiffMergeSizeU: '1G', bulkSizeU: '64K' },
        });
        await expect(walbc.updateArchiveInfo(at('p0'), VOL, at('a1'), SYNC)).rejects.toThrow('not exists');
        await walbc.delArchiveFromProxy(at('p0'), VOL, at('a0'), true);
        expect(await walbc.getState(at('p0'), VOL)).toBe('Clear');
      },
      { layout: { storages: ['s0'], proxies: ['p0', 'p1'], archives: ['a0', 'a1'] } },
    );
  });
});

const SYNC = {
  compression: { type: 'gzip', level: 3, cpuCount: 2 },
  delayS: 1,
  maxWdiffMergeSizeU: '1G',
  bulkSizeU: '64K',
} as const;

describe('waits', () => {
  it('of no time ask nothing', async () => {
    const said: string[] = [];
    await withGroup(
      async (made) => {
        const { walbc, at } = made;
        await backedUp(made);
        said.length = 0;
        await expect(walbc.waitForRestorable(at('a0'), VOL, 99, 0)).rejects.toThrow(
          'wait_for_gid: timeout:a0:v:99:0:undefined',
        );
        expect(said).toEqual([]);
        await expect(walbc.waitForRestorable(at('a0'), VOL, 99, 2)).rejects.toThrow('wait_for_gid: timeout');
        // Looked at every 0.3 s for 2 s.
        expect(said.length).toBe(7);
      },
      { onCommand: (server, words) => said.push(`${server.name} ${words.join(' ')}`) },
    );
  });

  it('end by the error of a server that is away; a short absence is not noticed', async () => {
    await withGroup(async (made) => {
      const { walbc, at, group } = made;
      await backedUp(made);
      group.kill('a0');
      await expect(walbc.waitForRestorable(at('a0'), VOL, 99, 100)).rejects.toThrow('command error: a0');
      expect(await walbc.getAliveServer()).toEqual(['s0', 's1', 'p0', 'a1']);
      expect((await walbc.getStateAll(VOL)).find((line) => line.startsWith('a0'))).toBe(
        'a0 a0:10200 archive err',
      );
      // Questions are asked three times, 0.1 s apart.
      group.kill('p0');
      void group.clock.sleep(0.05).then(() => group.startServer('p0'));
      expect(await walbc.getState(at('p0'), VOL)).toBe('Started');
    });
  });

  it('for a stop that the server gives up end too', async () => {
    await withGroup(async (made) => {
      const { walbc, at, group } = made;
      await backedUp(made);
      // A diff that cannot be sent keeps the proxy from being emptied.
      group.kill('a0');
      await group.devices('s0')[0]?.write(0, new Uint8Array(512).fill(1));
      await walbc.snapshotNbk(at('s0'), VOL);
      await group.clock.sleep(3);
      const beganUs = group.clock.nowUs();
      await expect(walbc.stop(at('p0'), VOL, 'empty')).rejects.toThrow('wait_for_state_cond:p0:v');
      expect((group.clock.nowUs() - beganUs) / 1e6).toBeLessThan(160);
      expect(await walbc.getState(at('p0'), VOL)).toBe('Started');
    });
  });

  it('for a synchronisation that fails start the proxies again', async () => {
    await withGroup(async (made) => {
      const { walbc, at, group } = made;
      await backedUp(made);
      group.kill('a1');
      await expect(walbc.synchronize(at('a0'), VOL, at('a1'))).rejects.toThrow('command error: a1');
      expect(await walbc.getState(at('p0'), VOL)).toBe('Started');
      await group.startServer('a1');
      await walbc.synchronize(at('a0'), VOL, at('a1'));
      expect(await walbc.isSynchronizing(at('a1'), VOL)).toBe(true);
    });
  });

  it('for a synchronisation that fails start every proxy again that can be, and tell what failed', async () => {
    let onReplicate = () => {};
    await withGroup(
      async (made) => {
        const { walbc, at, group } = made;
        await backedUp(made);
        onReplicate = () => {
          group.kill('p0');
          group.kill('a1');
        };
        await expect(walbc.synchronize(at('a0'), VOL, at('a1'))).rejects.toThrow('replicate v gid');
        expect(await walbc.getState(at('p1'), VOL)).toBe('Started');
        // Nothing failed but the start: that is told then.
        await group.startServer('p0');
        await group.startServer('a1');
        onReplicate = () => {
          void group.clock.sleep(0.2).then(() => group.kill('p0'));
        };
        await expect(walbc.synchronize(at('a0'), VOL, at('a1'))).rejects.toThrow('command error: p0');
        expect(await walbc.getState(at('p1'), VOL)).toBe('Started');
      },
      {
        layout: { storages: ['s0'], proxies: ['p0', 'p1'], archives: ['a0', 'a1'] },
        onCommand: (_, [command]) => {
          if (command === 'replicate') onReplicate();
        },
      },
    );
  });
});

describe('the end of servers', () => {
  it('is told one by one, and failures are passed over', async () => {
    await withGroup(async (made) => {
      const { walbc, at, group, printed } = made;
      await backedUp(made);
      group.kill('a1');
      printed.length = 0;
      expect(await walbc.shutdownList([at('a1'), at('s1')])).toEqual(['a1']);
      expect(printed[0]).toMatch(/^shutdown failed a1 /);
      expect(printed[1]).toBe('shutdown succeeded s1');
      await group.clock.sleep(1);
      expect(group.isRunning('s1')).toBe(false);
      expect(await walbc.shutdownAll('empty')).toEqual(['s1', 'a1']);
      await group.clock.sleep(1);
      for (const name of ['s0', 'p0', 'a0']) expect(group.isRunning(name)).toBe(false);
      // And everything is where it was.
      for (const name of ['a0', 'p0', 's0']) await group.startServer(name);
      expect(await walbc.getState(at('s0'), VOL)).toBe('Target');
      expect(await walbc.getState(at('p0'), VOL)).toBe('Started');
      expect(await walbc.getState(at('a0'), VOL)).toBe('Archived');
    });
  });

  it('status prints a banner and the text of each server', async () => {
    await withGroup(async (made) => {
      const { walbc, at, printed } = made;
      await backedUp(made);
      printed.length = 0;
      await walbc.status([at('s0'), at('p0')], VOL);
      expect(printed.filter((line) => line.startsWith('+++'))).toEqual([
        '++++++++++++++++++++ s0 ++++++++++++++++++++',
        '++++++++++++++++++++ p0 ++++++++++++++++++++',
      ]);
      expect(printed).toContain('hostType storage');
      expect(printed).toContain('hostType proxy');
    });
  });
});

it('a replica follows a source of any size, whole MiB or not', async () => {
  await withGroup(
    async (made) => {
      const { walbc, at } = made;
      await backedUp(made);
      const [a0, a1] = [at('a0'), at('a1')] as const;
      await walbc.replicateOnce(a0, VOL, a1);
      const sizeLb = await walbc.getVolSizeLb(a0, VOL);
      expect(sizeLb).toBe(4 * 2048 + 8);
      for (const grownLb of [sizeLb + 3 * 8, 6 * 2048]) {
        await walbc.runCtl(a0, ['resize', VOL, String(grownLb * LOGICAL_BLOCK_BYTES)]);
        await walbc.replicateOnce(a0, VOL, a1);
        expect(await walbc.getVolSizeLb(a1, VOL)).toBe(grownLb);
      }
      await expect(walbc.resizeArchive(a1, VOL, 6.5, false)).rejects.toThrow('a size of at least 1 MiB');
    },
    { deviceSizeLb: 4 * 2048 + 8 },
  );
});
