import { describe, expect, it } from 'vitest';
import { verifyContent } from './crash-kit.ts';
import { stateOf, withArchive } from './running.ts';
import type { TestArchive } from './support.ts';

/** Commands that change the metadata by hand. */

const OTHER_UUID = '00112233445566778899aabbccddeeff';

/** What holds now and after a power loss. */
async function durably(archive: TestArchive, verify: () => Promise<void>): Promise<void> {
  await verify();
  archive.host.powerLoss();
  archive.host.powerOn();
  await archive.start();
  await verify();
}

describe('debug commands', () => {
  it('dbg-set-uuid gives the log another uuid', async () => {
    await withArchive(async (archive) => {
      expect(await archive.command('dbg-set-uuid', 'vol0', OTHER_UUID)).toBe('ok');
      await durably(archive, async () => expect(await archive.get('uuid', 'vol0')).toEqual([OTHER_UUID]));
    });
  });

  it('dbg-set-state puts the volume into a steady state', async () => {
    await withArchive(async (archive) => {
      expect(await archive.command('dbg-set-state', 'vol0', 'Stopped')).toBe('ok');
      await durably(archive, async () => expect(await stateOf(archive)).toBe('Stopped'));
      expect(await archive.command('dbg-set-state', 'vol0', 'Merge')).toContain('bad state:Merge');
      expect(await stateOf(archive)).toBe('Stopped');
    });
  });

  it('dbg-set-base says which snapshot the image is', async () => {
    await withArchive(async (archive) => {
      await archive.action('Apply', 'apply', 'vol0', '2');
      verifyContent(archive, 'wb_vol0', 2);
      expect(await archive.command('dbg-set-base', 'vol0', '<|3|>-20231114221323')).toBe('ok');
      await durably(archive, async () =>
        expect(await archive.get('base', 'vol0')).toEqual(['<|3|>-20231114221323']),
      );
    });
  });

  it('refuse a volume that is not there', async () => {
    await withArchive(async (archive) => {
      for (const [command, word] of [
        ['dbg-set-uuid', OTHER_UUID],
        ['dbg-set-state', 'SyncReady'],
        ['dbg-set-base', '<|3|>-20231114221323'],
      ]) {
        expect(await archive.command(command, 'nothing', word), command).toContain('bad state:Clear');
      }
      expect(await archive.get('vol')).toEqual(['vol0']);
    });
  });
});
