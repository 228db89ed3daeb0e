import { describe, expect, it } from 'vitest';
import { gate, withStorage } from './group.ts';
import { FakeArchive, FakeProxy, Site, TestStorage } from './support.ts';

describe('backups', () => {
  it('full begins at gid 0, hash behind the archive', async () => {
    await withStorage({}, async ({ site, storage, archive, proxy }) => {
      await storage.becomeTarget();
      expect(archive.snaps).toEqual(['0,1']);
      await site.eventually(() => proxy.received.length > 0, 'the snapshot is sent');
      expect(proxy.diffs()[0]).toBe('0-1');
      await storage.must('stop', 'vol0');
      await storage.waitForState('Stopped');
      await storage.must('reset-vol', 'vol0');
      archive.latestGid = 41;
      const uuid = await storage.statusOf('uuid');
      await storage.must('hash-bkp', 'vol0');
      await storage.waitForState('Target');
      expect(archive.snaps).toEqual(['0,1', '42,43']);
      expect(await storage.statusOf('uuid')).not.toBe(uuid);
      proxy.received.length = 0;
      await site.eventually(async () => (await storage.done()).endsWith('gid 43'), 'the snapshot is sent');
    });
  });

  it('by hash give no gid again that the archive never got', async () => {
    await withStorage({}, async ({ site, storage, archive, proxy }) => {
      await storage.becomeTarget();
      await site.eventually(() => proxy.received.length > 0, 'the snapshot is sent');
      for (let i = 0; i < 3; i++) {
        await storage.write(i * 8, 8);
        await storage.snapshot();
      }
      expect(await storage.snapshot()).toBe(5);
      archive.latestGid = 2;
      await storage.must('stop', 'vol0', 'force');
      await storage.waitForState('Stopped');
      await storage.must('reset-vol', 'vol0');
      // What is kept lives through a restart, and through a second reset before the backup.
      await storage.restart();
      await storage.must('hash-bkp', 'vol0');
      await storage.waitForState('Target');
      expect(archive.snaps.at(-1)).toBe('6,7');
      await storage.must('stop', 'vol0', 'force');
      await storage.waitForState('Stopped');
      await storage.must('reset-vol', 'vol0');
      // A full backup begins a lineage of its own.
      await storage.must('full-bkp', 'vol0');
      await storage.waitForState('Target');
      expect(archive.snaps.at(-1)).toBe('0,1');
      await storage.must('stop', 'vol0', 'force');
      await storage.waitForState('Stopped');
      await storage.must('reset-vol', 'vol0');
      archive.latestGid = 1;
      await storage.must('hash-bkp', 'vol0');
      await storage.waitForState('Target');
      expect(archive.snaps.at(-1)).toBe('2,3');
    });
  });

  it('send log while they scan, and end at their own snapshot', async () => {
    await withStorage({}, async ({ site, storage, archive, proxy }) => {
      const hold = gate();
      archive.at = async (point) => {
        if (point === 'image') await hold.wait;
      };
      await storage.must('full-bkp', 'vol0');
      await storage.waitForState('FullSync');
      await storage.write(0, 8);
      await site.eventually(() => proxy.received.length > 0, 'log is sent during the scan');
      expect(proxy.diffs()[0]?.startsWith('0-')).toBe(true);
      await storage.write(64, 8);
      hold.open();
      await storage.waitForState('Target');
      const gid = Number(archive.snaps[0]?.split(',')[1]);
      await site.eventually(async () => (await storage.queue()).length === 0, 'all is sent');
      const ends = proxy.received.map(({ diff }) => diff.snapE.gidB);
      expect(ends).toContain(gid);
      // The diff behind it does not begin at something that may be merged away.
      await storage.write(128, 8);
      await storage.snapshot();
      await site.eventually(() => proxy.received.some(({ diff }) => diff.snapB.gidB === gid), 'next diff');
      expect(proxy.received.find(({ diff }) => diff.snapB.gidB === gid)?.diff.isMergeable).toBe(false);
    });
  });

  it('that fail put the volume back, with nothing watched and nothing queued', async () => {
    for (const point of ['accepted', 'uuid', 'image', 'snap'] as const) {
      await withStorage({}, async ({ site, storage, archive }) => {
        let isBroken = true;
        archive.at = async (now) => {
          if (now === point && isBroken) throw new Error('the archive fails');
        };
        await storage.must('full-bkp', 'vol0');
        await storage.waitForState('SyncReady');
        expect(await storage.statusOf('isUnderMonitoring')).toBe('0');
        expect((await storage.status()).some((line) => line.includes('timeDiffMs'))).toBe(false);
        expect(site.messages('s0', 'error').length).toBeGreaterThan(0);
        isBroken = false;
        await storage.becomeTarget();
      });
    }
  });

  it('tell when the archive refuses or cannot be reached', async () => {
    await withStorage({}, async ({ site, storage, archive }) => {
      archive.refusal = 'backupServer:bad state:Clear';
      expect(await storage.command('full-bkp', 'vol0')).toBe(
        'backupClient:not accepted by archive:a0:backupServer:bad state:Clear',
      );
      expect(await storage.state()).toBe('SyncReady');
      site.simulation.host('a0').processes.get('a0')?.kill();
      expect(await storage.command('full-bkp', 'vol0')).not.toBe('accept');
      expect(await storage.state()).toBe('SyncReady');
      expect(await storage.command('full-bkp', 'vol0', '8M')).toContain('too large size');
    });
  });

  it('are limited in number', async () => {
    const site = new Site();
    new FakeProxy(site);
    const archive = new FakeArchive(site);
    const storage = new TestStorage(site, { options: { maxForegroundTasks: 1 } });
    const hold = gate();
    archive.at = async (point) => {
      if (point === 'image') await hold.wait;
    };
    await site.run(async () => {
      await storage.begin();
      await storage.makeDevice('1');
      await storage.must('init-vol', 'vol1', '/dev/walb/1');
      await storage.must('full-bkp', 'vol0');
      expect(await storage.command('full-bkp', 'vol1')).toBe('backupClient:exceeds max foreground tasks:1');
      hold.open();
      await storage.waitForState('Target');
      await storage.must('full-bkp', 'vol1');
    });
  });

  it('that are begun anew are not spoiled by a transfer of the one before', async () => {
    await withStorage({}, async ({ site, storage, archive, proxy }) => {
      const hold = gate();
      let isFirst = true;
      proxy.at = async (point) => {
        if (point !== 'diff' || !isFirst) return;
        isFirst = false;
        await hold.wait;
      };
      archive.at = async (point) => {
        if (point === 'image') await new Promise(() => {});
      };
      await storage.must('full-bkp', 'vol0');
      await storage.waitForState('FullSync');
      await storage.write(0, 50);
      await site.eventually(() => !isFirst, 'a transfer waits for its acknowledgement');
      site.simulation.host('a0').processes.get('a0')?.kill();
      await storage.waitForState('SyncReady');
      // A transfer of the old log is under way while the new one begins.
      new FakeArchive(site, 'a0', 10_200, site.simulation.host('a0'));
      await storage.must('full-bkp', 'vol0');
      await storage.waitForState('Target');
      await storage.write(100, 5);
      hold.open();
      await site.eventually(async () => (await storage.queue()).length === 0, 'all is sent', 60);
      const { latest } = await storage.lsids();
      expect(latest).toBe(6);
      await site.eventually(
        async () => (await storage.done()).startsWith('lsid 6 '),
        'the new log is sent',
        60,
      );
      const uuid = await storage.statusOf('uuid');
      const ofNewLog = proxy.received.filter(
        ({ request }) => Buffer.from(request.uuid).toString('hex') === uuid,
      );
      expect(ofNewLog[0]?.diff.snapB.gidB).toBe(0);
      expect(ofNewLog.flatMap(({ packs }) => packs).map(({ lsid }) => lsid)).toEqual([0]);
    });
  });
});
