import { describe, expect, it } from 'vitest';
import { walbDevicesOf } from '../../../../sim/device-host.ts';
import { gate, withStorage, withTarget } from './group.ts';
import { FakeArchive, FakeProxy, filesOf, Site, TestStorage } from './support.ts';

describe('stops of a storage', () => {
  it('graceful lets a transfer end, force ends it at the next pack', async () => {
    for (const mode of ['graceful', 'force']) {
      await withTarget({}, async ({ site, storage, proxy }) => {
        let packs = 0;
        proxy.at = async (point) => {
          if (point !== 'pack') return;
          packs += 1;
          if (packs === 1) await storage.must('stop', 'vol0', mode);
        };
        // More packs than sockets hold.
        for (let i = 0; i < 12; i++) await storage.write(i * 600, 600, i);
        await storage.waitForState('Stopped');
        expect(await storage.statusOf('action')).toBe('WlogSend 0 WlogRemove 0');
        expect(await storage.statusOf('stopState')).toBe('NotStopping');
        await site.sleep(30);
        expect(proxy.received.length).toBe(mode === 'graceful' ? 1 : 0);
        expect((await storage.status()).some((line) => line.includes('timeDiffMs'))).toBe(false);
      });
    }
  });

  it('give up after 60 s, and the log goes on being sent', async () => {
    await withTarget({ options: { socketTimeoutS: 200 } }, async ({ site, storage, proxy }) => {
      const hold = gate();
      proxy.at = async (point) => {
        if (point === 'diff') await hold.wait;
      };
      await storage.write(0, 1);
      await site.eventually(() => proxy.asked.length > 0, 'a transfer must run');
      await site.sleep(1);
      const beganS = site.nowS;
      await storage.must('stop', 'vol0');
      expect(await storage.command('stop', 'vol0', 'force')).toBe(
        'c2sStopServer:already under stopping:vol0',
      );
      // The refused one has not cancelled the first.
      expect(await storage.statusOf('stopState')).toBe('Stopping');
      expect(await storage.command('snapshot', 'vol0')).toBe('c2sSnapshotServer:verifyStopState:vol0:4:1');
      expect(await storage.command('resize', 'vol0', '4m')).toBe('c2sResizeServer:verifyStopState:vol0:4:1');
      await site.eventually(async () => (await storage.statusOf('stopState')) === 'NotStopping', 'given up');
      expect(site.nowS - beganS).toBeGreaterThan(59);
      expect(site.nowS - beganS).toBeLessThan(62);
      expect(site.messages('s0', 'error').at(-1)).toContain('c2sStopServer:timeout:60');
      expect(await storage.state()).toBe('Target');
      hold.open();
      await site.eventually(() => proxy.received.length === 1, 'it ends');
      const count = proxy.received.length;
      await storage.write(64, 1);
      await site.eventually(() => proxy.received.length > count, 'the log must go on', 30);
    });
  });

  it('force ends a full and a hash backup at the next chunk', async () => {
    for (const kind of ['full-bkp', 'hash-bkp']) {
      await withStorage({ options: { fullScanBytesPerS: 512 * 100 } }, async ({ site, storage }) => {
        await storage.write(0, 4096, 3);
        const before = filesOf(storage.host, storage.base).get('vol0/state');
        await storage.must(kind, 'vol0', '64K');
        await storage.waitForState(kind === 'full-bkp' ? 'FullSync' : 'HashSync');
        await storage.must('stop', 'vol0', 'force');
        await storage.waitForState('SyncReady');
        await site.sleep(5);
        expect(site.messages('s0', 'warning')).toContain('backupClient:force stopped:vol0');
        expect(site.messages('s0', 'error').at(-1)).toContain('c2sStopServer:bad state:SyncReady');
        expect(await storage.statusOf('isUnderMonitoring')).toBe('0');
        expect(await storage.statusOf('stopState')).toBe('NotStopping');
        expect(filesOf(storage.host, storage.base).get('vol0/state')).toBe(before);
        // And it can be done again.
        await storage.must('set-full-scan-bps', '0');
        await storage.becomeTarget();
      });
    }
  });
});

describe('standby', () => {
  it('removes its log for ever, whatever the order of writes and checkpoints', async () => {
    await withStorage({ checkpointIntervalMs: 3000, logLb: 2048 }, async ({ site, storage, proxy }) => {
      await storage.must('start', 'vol0', 'standby');
      expect(await storage.statusOf('isUnderMonitoring')).toBe('1');
      // More than the ring holds, all the time.
      for (let i = 0; i < 60; i++) {
        await storage.write((i * 64) % 4096, 100, i);
        await site.sleep(0.7);
      }
      expect(await storage.get('is-overflow', 'vol0')).toEqual(['0']);
      await site.sleep(10);
      const { oldest, latest } = await storage.lsids();
      expect(oldest).toBe(latest);
      expect(latest).toBeGreaterThan(6000);
      expect(proxy.asked).toEqual([]);
      expect(await storage.state()).toBe('Standby');
    });
  });

  it('begins with an empty log when the log has overflowed', async () => {
    await withStorage({ logLb: 1024 }, async ({ storage }) => {
      for (let i = 0; i < 30; i++) await storage.write(i * 64, 60, i);
      expect(await storage.get('is-overflow', 'vol0')).toEqual(['1']);
      await storage.must('start', 'vol0', 'standby');
      expect(await storage.get('is-overflow', 'vol0')).toEqual(['0']);
      expect(await storage.done()).toBe('lsid 0 gid 0');
      expect(await storage.state()).toBe('Standby');
    });
  });
});

describe('overflow', () => {
  it('stops a target durably, and only a reset helps', async () => {
    await withTarget({ logLb: 1024 }, async ({ site, storage, proxy }) => {
      proxy.refusal = 'no';
      for (let i = 0; i < 30; i++) await storage.write(i * 64, 60, i);
      await storage.must('kick');
      await storage.waitForState('Stopped');
      expect(site.messages('s0', 'error')).toContain('StorageWorker::operator():overflow:vol0:/dev/walb/0');
      expect(await storage.statusOf('isUnderMonitoring')).toBe('0');
      expect(await storage.command('snapshot', 'vol0')).toBe('takeSnapshotDetail:wlog overflow:/dev/walb/0');
      expect(await storage.command('start', 'vol0', 'target')).toBe(
        'c2sStartServer:overflow:vol0:/dev/walb/0',
      );
      await storage.restart();
      expect(await storage.state()).toBe('Stopped');
      await storage.must('reset-vol', 'vol0', '7');
      expect(await storage.state()).toBe('SyncReady');
      expect(await storage.done()).toBe('lsid 0 gid 7');
      expect(await storage.queue()).toEqual([]);
      proxy.refusal = null;
      await storage.must('hash-bkp', 'vol0');
      await storage.waitForState('Target');
    });
  });
});

describe('monitoring', () => {
  it('starts a transfer about 100 ms after the first log', async () => {
    await withTarget({}, async ({ site, storage, proxy }) => {
      await site.sleep(5);
      proxy.asked.length = 0;
      const beganS = site.nowS;
      await storage.write(0, 1);
      await site.eventually(() => proxy.asked.length > 0, 'it must be sent', 5);
      expect((proxy.asked[0] as number) - beganS).toBeGreaterThanOrEqual(0.1);
      expect((proxy.asked[0] as number) - beganS).toBeLessThan(1.3);
    });
  });

  it('refuses a device that is watched for another volume', async () => {
    await withTarget({}, async ({ storage }) => {
      expect(await storage.command('init-vol', 'vol1', '/dev/walb/0')).toBe(
        'c2sInitVolServer:wdevPath is already used:vol1:/dev/walb/0',
      );
      expect(await storage.state('vol1')).toBe('Clear');
      expect(await storage.command('init-vol', 'vol1', '/dev/walb/none')).toBe(
        'StorageVolInfo:not found:/dev/walb/none',
      );
      expect(await storage.command('init-vol', 'vol1', '/dev/null')).toBe(
        'getWdevNameFromWdevPath:bad name:/dev/null',
      );
      expect([...filesOf(storage.host, storage.base).keys()].some((path) => path.includes('vol1'))).toBe(
        false,
      );
    });
  });

  it('a second volume on one device can be made while the first sleeps, but not start beside it', async () => {
    await withStorage({}, async ({ storage }) => {
      await storage.must('init-vol', 'vol1', '/dev/walb/0');
      await storage.must('start', 'vol0', 'standby');
      expect(await storage.command('start', 'vol1', 'standby')).toContain('addWdevName:already exists');
      expect(await storage.state('vol1')).toBe('SyncReady');
      // The refusal has left nothing behind.
      await storage.must('stop', 'vol0');
      await storage.waitForState('SyncReady');
      await storage.must('start', 'vol1', 'standby');
    });
  });
});

describe('a start after trouble', () => {
  it('refuses a log that is not the one which was sent from', async () => {
    await withTarget({}, async ({ site, storage, proxy }) => {
      storage.kill();
      await (await storage.walb()).resetWal();
      await storage.write(0, 10);
      await storage.start();
      expect(await storage.state()).toBe('Stopped');
      expect(await storage.command('start', 'vol0', 'target')).toContain('is not the one that was sent from');
      await site.sleep(5);
      // Nothing of the new log was removed or sent.
      expect((await storage.lsids()).oldest).toBe(0);
      expect(proxy.received).toEqual([]);
      await storage.must('reset-vol', 'vol0');
      await storage.becomeTarget();
    });
  });

  it('stops sending from a log that somebody resets under a running server', async () => {
    await withTarget({}, async ({ site, storage, proxy }) => {
      await (await storage.walb()).resetWal();
      await storage.write(0, 10);
      await site.sleep(20);
      expect(proxy.received).toEqual([]);
      expect((await storage.lsids()).oldest).toBe(0);
      expect(site.messages('s0', 'error').some((text) => text.includes('the log was reset'))).toBe(true);
    });
  });

  it('serves others when one volume has lost its device, and comes back with it', async () => {
    const site = new Site();
    const proxy = new FakeProxy(site);
    new FakeArchive(site);
    const storage = new TestStorage(site);
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await storage.makeDevice('1');
      await storage.must('init-vol', 'vol1', '/dev/walb/1');
      storage.kill();
      const devices = walbDevicesOf(storage.host);
      await devices.removeWalbDevice('0', { force: true });
      storage.host.files.seedDirectory(`${storage.base}/lost+found`);
      await storage.start();
      expect(await storage.state('vol1')).toBe('SyncReady');
      const errors = site.messages('s0', 'error');
      expect(errors).toContain('initializeStorage:start failed:vol0:StorageVolInfo:not found:/dev/walb/0');
      expect(errors.some((text) => text.startsWith('initializeStorage:start failed:lost+found'))).toBe(true);
      expect(await storage.command('snapshot', 'vol0')).toBe('StorageVolInfo:not found:/dev/walb/0');
      await devices.createWalbDevice({ name: '0', logDisk: 'log0', dataDisk: 'data0', format: false });
      expect(await storage.state()).toBe('Target');
      expect(await storage.statusOf('isUnderMonitoring')).toBe('1');
      proxy.received.length = 0;
      const gid = await storage.snapshot();
      await site.eventually(
        () => proxy.received.some(({ diff }) => diff.snapE.gidB === gid),
        'it sends again',
      );
    });
  });

  it('is not kept from a reset by a damaged record of gids', async () => {
    await withTarget({}, async ({ site, storage, archive }) => {
      await storage.must('stop', 'vol0', 'force');
      await storage.waitForState('Stopped');
      storage.kill();
      storage.host.files.seed(`${storage.base}/vol0/last_gid`, new Uint8Array(0));
      await storage.start();
      await storage.must('reset-vol', 'vol0');
      expect(site.messages('s0', 'warning').some((text) => text.startsWith('last_gid:'))).toBe(true);
      archive.latestGid = 0;
      await storage.must('hash-bkp', 'vol0');
      await storage.waitForState('Target');
      // The full backup gave 1, which the reset wrote anew.
      expect(archive.snaps.at(-1)).toBe('2,3');
    });
  });

  it.each(['done', 'uuid', 'queue'])(
    'is Stopped where its %s is damaged, and a reset makes it whole',
    async (name) => {
      for (const stateBefore of ['Target', 'Stopped']) {
        await withTarget({}, async ({ site, storage, archive, proxy }) => {
          await storage.snapshot();
          await site.sleep(10);
          if (stateBefore === 'Stopped') {
            await storage.must('stop', 'vol0', 'force');
            await storage.waitForState('Stopped');
          }
          storage.kill();
          storage.host.files.seed(`${storage.base}/vol0/${name}`, new Uint8Array([1]));
          await storage.start();
          expect(await storage.state()).toBe('Stopped');
          expect(
            site.messages('s0', 'error').some((text) => text.startsWith(`damaged file:vol0:${name}:`)),
          ).toBe(true);
          expect((await storage.status()).some((line) => line.startsWith('volume vol0 state Stopped'))).toBe(
            true,
          );
          expect(await storage.command('start', 'vol0', 'target')).toContain('back it up again');
          await storage.must('reset-vol', 'vol0');
          archive.latestGid = 2;
          await storage.must('hash-bkp', 'vol0');
          await storage.waitForState('Target');
          proxy.received.length = 0;
          await storage.write(0, 4, 9);
          const gid = await storage.snapshot();
          await site.eventually(
            () => proxy.received.some(({ diff }) => diff.snapE.gidB === gid),
            'it sends again',
          );
        });
      }
    },
  );

  it('tells about damaged files and serves the rest', async () => {
    for (const name of ['path', 'state']) {
      await withTarget({}, async ({ site, storage }) => {
        storage.kill();
        storage.host.files.seed(`${storage.base}/vol0/${name}`, new Uint8Array([1]));
        const process = await storage.start();
        expect(process.state).toBe('running');
        expect(site.messages('s0', 'error').some((text) => text.includes('start failed:vol0'))).toBe(true);
        expect(await storage.get('host-type')).toEqual(['storage']);
      });
    }
  });
});

describe('questions', () => {
  it('about lag: asked 5 s after the start, then each interval', async () => {
    const site = new Site();
    new FakeProxy(site);
    new FakeArchive(site);
    const storage = new TestStorage(site, { options: { tsDeltaIntervalS: 20 } });
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      expect(await storage.get('ts-delta')).toEqual([]);
      // This archive does not know the question: the old answer stays, and it is asked again.
      const before = site.messages('s0', 'warning').length;
      await site.sleep(30);
      const told = site.logs.filter((line) => line.message.startsWith('runTsDeltaGetter'));
      expect(told.length).toBe(2);
      expect(Math.round(told[0]?.timeUs ?? 0) / 1e6).toBeCloseTo(5, 0);
      expect(site.messages('s0', 'warning').length).toBeGreaterThan(before);
    });
  });

  it('handler-stat counts, and forgets what it has told', async () => {
    await withStorage({}, async ({ storage }) => {
      const lines = await storage.get('handler-stat');
      expect(lines).toContain('PROTOCOL_COUNT\tinit-vol\tctl\t1');
      expect(lines).toContain('GET_COUNT\thandler-stat\tctl\t1');
      expect(lines.some((line) => /^PROTOCOL_LATENCY\tinit-vol\t\d+\.\d{6}$/.test(line))).toBe(true);
      const again = await storage.get('handler-stat');
      expect(again.some((line) => line.includes('init-vol'))).toBe(false);
    });
  });

  it('unknown ones are refused', async () => {
    await withStorage({}, async ({ storage }) => {
      const ask = async (...words: string[]) => {
        const channel = await storage.open('get');
        channel.out.strings(words);
        await channel.flush('test.get');
        const reply = await channel.readString('test.get');
        channel.close();
        return reply;
      };
      expect(await ask('num-action', 'vol0', 'Apply')).toBe('runGetCommandServer:no such target:num-action');
      expect(await ask()).toBe('runGetCommandServer:no target specified');
      await expect(storage.open('restore')).rejects.toThrow('findServerHandler:bad protocol:restore:ctl');
    });
  });

  it('a dumped block of the log is what the log holds', async () => {
    await withTarget({}, async ({ storage, proxy }) => {
      proxy.refusal = 'no';
      await storage.write(8, 2);
      await storage.must('dbg-dump-logpack-header', 'vol0', '0');
      const block = storage.peek('logpackheader-0');
      expect(block?.length).toBe(512);
      expect(Buffer.from(block?.subarray(4, 6) ?? []).toString('hex')).toBe('0300');
    });
  });
});
