import { describe, expect, it } from 'vitest';
import { crashEverywhere } from '../crash-kit.ts';
import { beginTarget, COMMON, type Group, verifyChain, verifyWhole } from './crash-support.ts';

describe('a crash of a storage', () => {
  it('anywhere in reset-vol never lets the log be sent with what was known of another', async () => {
    const struck = await crashEverywhere<Group>({
      ...COMMON,
      steps: /^storage\.(reset|state|done|uuid|queue)/,
      prepare: async (group) => {
        const { storage, proxy, site } = group;
        await beginTarget(group);
        proxy.refusal = 'no';
        await storage.write(0, 50, 1);
        await storage.snapshot();
        await storage.must('stop', 'vol0');
        await storage.waitForState('Stopped');
        await site.sleep(2);
        proxy.refusal = null;
      },
      act: async ({ storage, done }) => {
        await storage.must('reset-vol', 'vol0', '5');
        done.add('reset-vol');
      },
      verify: async (group) => {
        const { storage, done, proxy, site } = group;
        await verifyWhole(group);
        const state = await storage.state();
        if (done.has('reset-vol')) expect(state).toBe('SyncReady');
        else expect(['Stopped', 'SyncReady']).toContain(state);
        if (state === 'Stopped') {
          const { latest } = await storage.lsids();
          const reply = await storage.command('start', 'vol0', 'target');
          // The old log with what is known of it may go on; a new one must not.
          if (latest !== 0) expect(reply).toBe('ok');
          else expect(reply).toContain('is not the one that was sent from');
          if (reply === 'ok') {
            await storage.must('stop', 'vol0');
            await storage.waitForState('Stopped');
          }
          await storage.must('reset-vol', 'vol0', '5');
        }
        proxy.received.length = 0;
        await storage.becomeTarget();
        await storage.write(64, 2, 7);
        await verifyChain({ ...group, gids: [] });
        await site.sleep(0.1);
      },
    });
    expect(struck.powerLosses).toBeGreaterThan(10);
  });

  for (const kind of ['full-bkp', 'hash-bkp']) {
    it(`anywhere in ${kind} leaves a volume that can be backed up, or is a target`, async () => {
      const struck = await crashEverywhere<Group>({
        ...COMMON,
        steps: /^(storage\.(reset|state|done|uuid|queue|monitor|backup)|backup\.)/,
        prepare: async ({ storage, archive }) => {
          await storage.begin();
          archive.latestGid = 20;
          await storage.write(0, 100, 1);
        },
        act: async ({ storage, site }) => {
          await storage.must(kind, 'vol0', '256K');
          await site.eventually(async () => (await storage.state()) === 'Target', 'a target', 3);
        },
        verify: async (group) => {
          const { storage, proxy, site } = group;
          await verifyWhole(group, false);
          const state = await storage.state();
          expect(['SyncReady', 'Target']).toContain(state);
          if (state === 'SyncReady') {
            proxy.received.length = 0;
            await storage.must(kind, 'vol0', '256K');
            await storage.waitForState('Target');
          }
          await storage.write(200, 3, 3);
          await verifyChain(group);
          await site.sleep(0.1);
        },
      });
      expect(struck.kills).toBeGreaterThan(10);
    });
  }
});
