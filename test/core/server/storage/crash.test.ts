import { describe, expect, it } from 'vitest';
import { crashEverywhere } from '../crash-kit.ts';
import { beginTarget, build, COMMON, type Group, verifyChain, verifyWhole } from './crash-support.ts';
import { Site } from './support.ts';

describe('a crash of a storage', () => {
  it('anywhere in init-vol and clear-vol shows the whole volume or none', async () => {
    const struck = await crashEverywhere<Group>({
      ...COMMON,
      steps: /^storage\.(init|clear|state|done|uuid|queue)/,
      prepare: async ({ storage }) => {
        await storage.makeDevice();
        await storage.makeDevice('1');
        await storage.start();
        await storage.must('init-vol', 'vol1', '/dev/walb/1');
      },
      act: async ({ storage, done }) => {
        await storage.must('init-vol', 'vol0', '/dev/walb/0');
        done.add('init-vol');
        await storage.must('clear-vol', 'vol0');
        done.add('clear-vol');
      },
      verify: async (group) => {
        const { storage, done } = group;
        await verifyWhole(group);
        const state = await storage.state();
        if (done.has('clear-vol')) expect(state).toBe('Clear');
        else expect(['Clear', 'SyncReady']).toContain(state);
        if (state === 'SyncReady') expect(await storage.done()).toContain('18446744073709551615');
        else await storage.must('init-vol', 'vol0', '/dev/walb/0');
        await storage.becomeTarget();
      },
    });
    expect(struck.kills).toBeGreaterThan(10);
    expect(struck.powerLosses).toBeGreaterThan(15);
  });

  it('anywhere in snapshots and transfers loses no gid and no log', async () => {
    const struck = await crashEverywhere<Group>({
      ...COMMON,
      steps: /^(storage\.(queue|done|wlog)|wlog-transfer\.(send-diff|ack)|snapshot|command\.send)/,
      prepare: async (group) => {
        await beginTarget(group);
      },
      act: async ({ storage, gids, site }) => {
        // Longer than one transfer, so that there is a cut, and an explicit snapshot behind it.
        for (let i = 0; i < 5; i++) await storage.write(0, 500, i + 1);
        gids.push(await storage.snapshot());
        await storage.write(0, 10, 5);
        gids.push(await storage.snapshot());
        await site.eventually(async () => (await storage.queue()).length === 0, 'sent', 10);
        await site.eventually(async () => (await storage.lsids()).oldest > 0, 'erased', 10);
      },
      verify: async (group) => {
        await verifyWhole(group);
        expect(await group.storage.state()).toBe('Target');
        await verifyChain(group);
      },
    });
    expect(struck.kills).toBeGreaterThan(15);
    expect(struck.powerLosses).toBeGreaterThan(20);
  });

  it('anywhere in stop and start keeps the old state or the new one', async () => {
    await crashEverywhere<Group>({
      ...COMMON,
      steps: /^storage\.(state|monitor)/,
      prepare: beginTarget,
      act: async ({ storage, done }) => {
        await storage.must('stop', 'vol0');
        await storage.waitForState('Stopped', 'vol0', 2);
        done.add('stop');
        await storage.must('start', 'vol0', 'target');
        done.add('start');
      },
      verify: async (group) => {
        const { storage, done } = group;
        await verifyWhole(group);
        const state = await storage.state();
        if (done.has('start')) expect(state).toBe('Target');
        else expect(['Target', 'Stopped']).toContain(state);
        expect(await storage.statusOf('isUnderMonitoring')).toBe(state === 'Target' ? '1' : '0');
        if (state === 'Stopped') await storage.must('start', 'vol0', 'target');
        await storage.write(0, 3, 9);
        await verifyChain(group);
      },
    });
  });

  it('at rest changes no answer', async () => {
    for (const role of ['SyncReady', 'Standby', 'Target', 'Stopped']) {
      const site = new Site();
      const { storage, proxy } = build(site, null);
      await site.run(async () => {
        await storage.begin();
        if (role === 'Standby') await storage.must('start', 'vol0', 'standby');
        if (role === 'Target' || role === 'Stopped') {
          await storage.becomeTarget();
          await site.sleep(3);
          proxy.refusal = 'no';
          await storage.write(0, 5);
          await storage.snapshot();
          await storage.write(8, 5);
          await storage.snapshot();
        }
        if (role === 'Stopped') {
          await storage.must('stop', 'vol0');
          await storage.waitForState('Stopped');
        }
        await site.sleep(3);
        const look = async () => [
          await storage.status('vol0'),
          await storage.get('latest-snap'),
          await storage.get('vol'),
        ];
        const before = await look();
        await storage.restart();
        await site.sleep(0.5);
        expect(await look()).toEqual(before);
      });
    }
  });
});
