import { describe, expect, it } from 'vitest';
import { verifyRestorable } from './crash-kit.ts';
import { replicate, withArchive, withReplica } from './running.ts';
import type { TestArchive } from './support.ts';

/** Lets `times` calls in a step of an archive fail from the `nth` on, with or without their effect. */
function fail(
  archive: TestArchive,
  step: string,
  {
    call = null,
    nth = 1,
    times = 1,
    effect = 'none',
  }: {
    call?: string | null;
    nth?: number;
    times?: number;
    effect?: 'none' | 'whole';
  } = {},
): void {
  archive.site.simulation.faults.arm({
    ...{ kind: 'error', host: archive.host.name, process: null, step, call, nth, times, code: 'EIO', effect },
  });
}

/** The state before and behind a restart. */
async function statesAroundRestart(archive: TestArchive, volId = 'vol0'): Promise<string[]> {
  const before = await archive.get('state', volId);
  archive.kill();
  await archive.start();
  return [...before, ...(await archive.get('state', volId))];
}

describe('a state that was replaced, but whose directory could not be synced', () => {
  it.each(['clear-vol', 'reset-vol'])('is put back: %s', async (command) => {
    await withArchive(async (archive) => {
      expect(await archive.command('stop', 'vol0', 'graceful')).toBe('accept');
      await archive.eventually(
        async () => (await archive.get('state', 'vol0'))[0] === 'Stopped',
        'vol0 must stop',
      );
      fail(archive, 'archive.clear.intent', { call: 'file.sync-directory' });
      expect(await archive.command(command, 'vol0')).toMatch(/injected EIO/);
      expect(await statesAroundRestart(archive)).toEqual(['Stopped', 'Stopped']);
    });
  });

  it('is put back: the image that a resync gives up', async () => {
    await withReplica(async (source, replica) => {
      await replicate(source, replica, { bulk: '2k' });
      fail(replica, 'archive.resync.reset-state', { call: 'file.sync-directory' });
      await replicate(source, replica, { doResync: true, bulk: '2k' }).catch(() => {});
      expect(await statesAroundRestart(replica)).toEqual(['Archived', 'Archived']);
      expect(await verifyRestorable(replica)).toEqual([0, 1, 2, 3, 4]);
    });
  });
});

describe('a diff that could not be renamed when nobody could look', () => {
  it.each(['none', 'whole'] as const)('is found again (the effect of the renaming: %s)', async (effect) => {
    await withArchive(async (archive) => {
      fail(archive, 'archive.wdiff.rename', { effect, call: 'file.rename' });
      fail(archive, 'archive.wdiff.rename', { call: 'file.stat' });
      expect(await archive.command('disable-snapshot', 'vol0', '1')).toMatch(/change snapshot failed/);
      expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4]);
      expect(await archive.command('enable-snapshot', 'vol0', '1')).toBe('ok');
      const before = await archive.get('diff', 'vol0');
      archive.kill();
      await archive.start();
      expect(await archive.get('diff', 'vol0')).toEqual(before);
      expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4]);
    });
  });
});
