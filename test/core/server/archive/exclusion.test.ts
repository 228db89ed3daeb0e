import { describe, expect, it } from 'vitest';
import { requestBackup } from '../../../../core/protocol/backup-parts.ts';
import { requestReplication } from '../../../../core/protocol/repl-sync.ts';
import { DEFAULT_COMPRESS_OPT } from '../../../../core/snapshot/host-info.ts';
import { US_PER_S } from '../../../../core/units.ts';
import { sendWdiff } from './clients.ts';
import { actionCount, SMALL, slowDown, stateOf, withArchive } from './running.ts';
import { iosOf, SIZE_LB, seedSmallVolume, stepDiff, TIME_S } from './small-volume.ts';
import type { TestArchive } from './support.ts';

/** Actions of which none may run when a row begins: the column "Deny" of the original's matrix. */
const ALL = ['Merge', 'Apply', 'Restore', 'ReplSyncAsClient', 'Resize'];
const DENIED_BY: Record<string, readonly string[]> = {
  restore: ['Restore', 'Resize'],
  apply: ALL,
  merge: ['Apply', 'Merge', 'Resize'],
  replicate: ALL,
  resize: ['Restore', 'ReplSyncAsClient', 'Apply', 'Resize'],
  'del-restored': ['Restore', 'Resize'],
  'del-cold': ['Restore', 'Resize'],
  'enable-snapshot': ['Apply', 'Merge'],
  'disable-snapshot': ['Apply', 'Merge'],
  'gc-diff': ALL,
  'dbg-reload-metadata': ALL,
  'virt-full-scan': [],
  bhash: [],
  'dirty-hash-sync2': ALL,
  'repl-sync3': ALL,
  'wdiff-transfer': [],
};

/** Begins an action that stays under way: its command and the step that is slow. */
const RUNNING: Record<string, { words: string[]; slow: string }> = {
  Restore: { words: ['restore', 'vol0', '3'], slow: 'archive.restore.write' },
  Apply: { words: ['apply', 'vol0', '1'], slow: 'archive.apply.write' },
  Merge: { words: ['merge', 'vol0', '1', 'gid', '4'], slow: 'archive.wdiff.publish' },
  Resize: {
    words: ['resize', 'vol0', String((SIZE_LB + 8) * 512), 'zeroclear'],
    slow: 'archive.resize.zero',
  },
  ReplSyncAsClient: {
    words: ['replicate', 'vol0', 'gid', '4', 'a1:10201'],
    slow: 'archive.repl.read-base',
  },
};

const BACKUP = {
  volId: 'vol0',
  sizeLb: SIZE_LB,
  timestamp: TIME_S,
  bulkLb: 8,
  compression: DEFAULT_COMPRESS_OPT,
};

/** Asks for a row; `ok`, `accept`, or why it may not begin. */
const ASK: Record<string, (archive: TestArchive) => Promise<string>> = {
  restore: (archive) => archive.command('restore', 'vol0', '2'),
  apply: (archive) => archive.command('apply', 'vol0', '2'),
  merge: (archive) => archive.command('merge', 'vol0', '1', 'gid', '4'),
  replicate: (archive) => archive.command('replicate', 'vol0', 'gid', '4', 'a1:10201'),
  resize: (archive) => archive.command('resize', 'vol0', String((SIZE_LB + 16) * 512)),
  'del-restored': (archive) => archive.command('del-restored', 'vol0', '4'),
  'del-cold': (archive) => archive.command('del-cold', 'vol0', '4'),
  'enable-snapshot': (archive) => archive.command('enable-snapshot', 'vol0', '3'),
  'disable-snapshot': (archive) => archive.command('disable-snapshot', 'vol0', '3'),
  'gc-diff': (archive) => archive.command('gc-diff', 'vol0'),
  'dbg-reload-metadata': (archive) => archive.command('dbg-reload-metadata', 'vol0'),
  'virt-full-scan': (archive) => archive.command('virt-full-scan', 'vol0', '4'),
  bhash: (archive) => archive.command('bhash', 'vol0', '4'),
  'dirty-full-sync3': (archive) => askBackup(archive, 'dirty-full-sync3'),
  'dirty-hash-sync2': (archive) => askBackup(archive, 'dirty-hash-sync2'),
  'repl-sync3': async (archive) => {
    const channel = await archive.open('repl-sync3', 'a9');
    const refusal = requestReplication(channel, 'vol0').catch((error: Error) => error.message);
    const text = (await refusal) ?? 'accept';
    channel.close();
    return text;
  },
  'wdiff-transfer': async (archive) => {
    const reply = await sendWdiff(archive, stepDiff(5), iosOf(5));
    return reply.kind === 'error' ? reply.text : reply.kind;
  },
  'clear-vol': (archive) => archive.command('clear-vol', 'vol0'),
  'reset-vol': (archive) => archive.command('reset-vol', 'vol0'),
  start: (archive) => archive.command('start', 'vol0'),
};

async function askBackup(archive: TestArchive, protocol: string): Promise<string> {
  const channel = await archive.open(protocol, 's0');
  const refusal = await requestBackup(channel, BACKUP);
  channel.close();
  return refusal ?? 'accept';
}

/** Lets an action run and asks for rows meanwhile. */
async function whileRunning(
  action: string,
  state: string,
  ask: (archive: TestArchive) => Promise<void>,
): Promise<void> {
  await withArchive(
    async (archive, site) => {
      if (state === 'Archived') await archive.action('Restore', 'restore', 'vol0', '4');
      if (action === 'ReplSyncAsClient') {
        const replica = site.addArchive({ ...SMALL, name: 'a1', port: 10201 });
        await replica.start();
        expect(await replica.command('init-vol', 'vol0')).toBe('ok');
      }
      const { words, slow } = RUNNING[action];
      slowDown(archive, slow);
      const [protocol, ...rest] = words;
      expect(await archive.command(protocol, ...rest)).toMatch(/^(accept|ok)$/);
      await archive.site.simulation.sleep(US_PER_S);
      expect(await actionCount(archive, action)).toBe(1);
      await ask(archive);
      await archive.eventually(async () => (await actionCount(archive, action)) === 0, 'end');
    },
    // Thick volumes alone are cleared.
    { thin: action !== 'Resize', options: { maxForegroundTasks: 9 } },
    (archive) => seedSmallVolume(archive, { mergeable: [3, 4], state }),
  );
}

describe('what excludes what', () => {
  for (const action of Object.keys(RUNNING)) {
    const isDenied = ([, denied]: [string, readonly string[]]) => denied.includes(action);
    const rows = Object.entries(DENIED_BY);
    const denied = rows.filter(isDenied).map(([name]) => name);
    it(`${action} keeps from beginning: ${denied.join(', ')}`, async () => {
      await whileRunning(action, 'Archived', async (archive) => {
        for (const name of denied) {
          expect(await ASK[name](archive), name).toContain(`:there are running action:${action}:1`);
          expect(await actionCount(archive, action), name).toBe(1);
        }
      });
    });
    for (const [name] of rows.filter((row) => !isDenied(row))) {
      it(`${name} while ${action} runs: yes`, async () => {
        await whileRunning(action, 'Archived', async (archive) => {
          expect(await ASK[name](archive)).toMatch(/^(accept|ok)$/);
        });
      });
    }
  }

  // The other rows want states in which only a resize can run; in state Clear nothing can.
  it.each([
    ['Stopped', ['clear-vol', 'reset-vol', 'start', 'gc-diff', 'del-restored']],
    ['SyncReady', ['clear-vol', 'reset-vol', 'dirty-full-sync3', 'repl-sync3', 'dbg-reload-metadata']],
  ] as const)('a resize in state %s keeps from beginning: %j', async (state, names) => {
    await whileRunning('Resize', state, async (archive) => {
      for (const name of names)
        expect(await ASK[name](archive), name).toContain(':there are running action:Resize:1');
      expect(await stateOf(archive)).toBe(state);
    });
  });

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
