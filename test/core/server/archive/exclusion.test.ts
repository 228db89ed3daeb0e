import { describe, expect, it } from 'vitest';
import { US_PER_S } from '../../../../core/units.ts';
import { sendWdiff } from './clients.ts';
import { actionCount, slowDown, withArchive } from './running.ts';
import { iosOf, SIZE_LB, seedSmallVolume, stepDiff } from './small-volume.ts';

describe('what excludes what', () => {
  /** Begins an action that stays under way: its command and the step that is slow. */
  const actions: Record<string, { words: string[]; slow: string; action: string }> = {
    restore: { words: ['restore', 'vol0', '3'], slow: 'archive.restore.write', action: 'Restore' },
    apply: { words: ['apply', 'vol0', '1'], slow: 'archive.apply.write', action: 'Apply' },
    merge: { words: ['merge', 'vol0', '1', 'gid', '4'], slow: 'archive.wdiff.publish', action: 'Merge' },
    resize: {
      words: ['resize', 'vol0', String((SIZE_LB + 8) * 512), 'zeroclear'],
      slow: 'archive.resize.zero',
      action: 'Resize',
    },
  };
  /** What may begin while an action runs. */
  const others: Record<string, string[]> = {
    restore: ['restore', 'vol0', '2'],
    apply: ['apply', 'vol0', '2'],
    merge: ['merge', 'vol0', '1', 'gid', '4'],
    resize: ['resize', 'vol0', String((SIZE_LB + 16) * 512)],
    'del-restored': ['del-restored', 'vol0', '1'],
    'enable-snapshot': ['enable-snapshot', 'vol0', '3'],
    'gc-diff': ['gc-diff', 'vol0'],
    'dbg-reload-metadata': ['dbg-reload-metadata', 'vol0'],
  };
  const allowed: Record<string, readonly string[]> = {
    restore: ['merge', 'enable-snapshot'],
    apply: ['restore'],
    merge: ['restore', 'del-restored', 'resize'],
    resize: ['enable-snapshot'],
  };
  for (const [running, { words, slow, action }] of Object.entries(actions)) {
    for (const [name, other] of Object.entries(others)) {
      const isAllowed = allowed[running].includes(name) || (running === 'apply' && name === 'del-restored');
      it(`${name} while ${running} runs: ${isAllowed ? 'yes' : 'no'}`, async () => {
        await withArchive(
          async (archive) => {
            await archive.action('Restore', 'restore', 'vol0', '1');
            slowDown(archive, slow);
            const [protocol, ...rest] = words;
            expect(await archive.command(protocol, ...rest)).toMatch(/^(accept|ok)$/);
            expect(await actionCount(archive, action)).toBe(1);
            await archive.site.simulation.sleep(US_PER_S);
            expect(await actionCount(archive, action)).toBe(1);
            const [otherProtocol, ...otherRest] = other;
            const reply = await archive.command(otherProtocol, ...otherRest);
            if (isAllowed) expect(reply).toMatch(/^(accept|ok)$/);
            else expect(reply).toMatch(new RegExp(`there are running action:${action}:1`));
            await archive.eventually(async () => (await actionCount(archive, action)) === 0, 'end');
          },
          { options: { maxForegroundTasks: 9 } },
          (archive) => seedSmallVolume(archive, { mergeable: [3, 4] }),
        );
      });
    }
  }

  it('foreground tasks are limited server-wide', async () => {
    await withArchive(
      async (archive) => {
        slowDown(archive, 'archive.restore.write');
        expect(await archive.command('restore', 'vol0', '3')).toBe('accept');
        expect(await archive.command('merge', 'vol0', '1', 'gid', '4')).toBe(
          'c2aMergeServer:exceeds max foreground tasks:1',
        );
        const reply = await sendWdiff(archive, stepDiff(5), iosOf(5));
        expect(reply).toEqual({
          kind: 'error',
          text: 'p2aWdiffTransferServer:exceeds max foreground tasks:1',
        });
        await archive.eventually(async () => (await actionCount(archive, 'Restore')) === 0, 'end');
        expect(await sendWdiff(archive, stepDiff(5), iosOf(5))).toEqual({ kind: 'accept' });
      },
      { options: { maxForegroundTasks: 1 } },
    );
  });
});
