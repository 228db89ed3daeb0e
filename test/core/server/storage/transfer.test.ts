import { describe, expect, it } from 'vitest';
import { uuidFromText } from '../../../../core/format/uuid.ts';
import { diffText, FakeArchive, FakeProxy, Site, TestStorage, type TestStorageOptions } from './support.ts';

/** A storage that is a target, with its peers. */
async function withTarget(
  made: TestStorageOptions,
  story: (site: Site, storage: TestStorage, proxy: FakeProxy) => Promise<void>,
): Promise<void> {
  const site = new Site();
  const proxy = new FakeProxy(site);
  new FakeArchive(site);
  const storage = new TestStorage(site, made);
  await site.run(async () => {
    await storage.begin();
    await storage.becomeTarget();
    await site.sleep(3);
    proxy.received.length = 0;
    proxy.asked.length = 0;
    await story(site, storage, proxy);
  });
}

describe('the transfer of the log', () => {
  it('cuts a long stretch into transfers: lsids, gids, flags and times', async () => {
    // Nothing is written back, so nothing is erased and only gids and lsids move.
    const made = {
      options: { maxWlogSendMb: 1 },
      logLb: 16_384,
      deviceLb: 8192,
      checkpointIntervalMs: 600_000,
    };
    const site = new Site();
    const proxy = new FakeProxy(site);
    new FakeArchive(site);
    const storage = new TestStorage(site, made);
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await site.sleep(1);
      expect(await storage.done()).toBe('lsid 0 gid 1');
      // Packs of 911, 911, 964, 965, 990, 990 and 652 blocks are in the log before the first transfer looks.
      proxy.kill();
      await site.sleep(12);
      const sizes = [910, 910, 963, 964, 989, 989, 651];
      for (const [i, size] of sizes.entries()) await storage.write(i * 1024, size, i);
      expect((await storage.lsids()).latest).toBe(6383);
      proxy.received.length = 0;
      proxy.start();
      await storage.must('kick');
      await site.eventually(async () => (await storage.done()).startsWith('lsid 6383'), 'all must be sent');
      // Cut where a gid is free; positions are those of whole packs below 2048 blocks more.
      expect(proxy.diffs()).toEqual(['1-2', '2-3 M', '3-4 M', '4-5 M']);
      expect(proxy.received.map(({ packs }) => packs.reduce((sum, { sizePb }) => sum + sizePb, 0))).toEqual([
        1822, 1929, 1980, 652,
      ]);
      expect(proxy.received.map(({ packs }) => packs[0]?.lsid)).toEqual([0, 1822, 3751, 5731]);
      expect(proxy.received.map(({ request }) => request.maxLogSizePb)).toEqual([2048, 2048, 2048, 652]);
      // All have the time of the snapshot at the end.
      expect(new Set(proxy.received.map(({ diff }) => diff.timestamp)).size).toBe(1);
      expect(await storage.done()).toBe('lsid 6383 gid 5 M');
      expect(await storage.queue()).toEqual([]);
      // An explicit snapshot without log: the begin is implicit, so the diff is mergeable.
      proxy.received.length = 0;
      expect(await storage.snapshot()).toBe(6);
      await site.eventually(() => proxy.received.length === 1, 'the snapshot must be sent');
      expect(proxy.diffs()).toEqual(['5-6 M']);
      expect(proxy.received[0]?.request.maxLogSizePb).toBe(0);
      expect(proxy.received[0]?.packs).toEqual([]);
      expect(await storage.done()).toBe('lsid 6383 gid 6');
      // The next diff begins at an explicit snapshot.
      expect(await storage.snapshot()).toBe(7);
      await site.eventually(() => proxy.received.length === 2, 'the snapshot must be sent');
      expect(proxy.diffs()).toEqual(['5-6 M', '6-7']);
    });
  });

  it('sends what is in the log, with the device as it is', async () => {
    await withTarget({}, async (site, storage, proxy) => {
      await storage.write(8, 3);
      await site.eventually(() => proxy.received.length > 0, 'log must be sent');
      const { request, packs, diff } = proxy.received[0] as (typeof proxy.received)[0];
      expect(request).toEqual({
        volId: 'vol0',
        uuid: uuidFromText(await storage.statusOf('uuid')),
        physicalBlockBytes: 512,
        salt: Number.parseInt(await storage.statusOf('salt'), 16),
        volSizeLb: 8192,
        maxLogSizePb: 4,
      });
      expect(packs).toEqual([{ lsid: 0, sizePb: 4 }]);
      expect(diffText(diff)).toBe('1-2');
      // Erased once it is safe on the data device.
      await site.eventually(async () => (await storage.lsids()).oldest === 4, 'log must be erased', 10);
    });
  });

  it('looks again after 1, 2, 4 ... 300 seconds while no proxy takes the log', async () => {
    await withTarget({}, async (site, storage, proxy) => {
      proxy.refusal = 's2pWlogTransferServer:bad state:Stopped';
      await storage.write(0, 1);
      await site.sleep(2000);
      const delays = proxy.asked.slice(1).map((time, i) => Math.round(time - (proxy.asked[i] as number)));
      expect(delays.slice(0, 11)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
      // Log events do not shorten it, a kick does, and begins anew.
      proxy.asked.length = 0;
      await storage.write(8, 1);
      await site.sleep(5);
      expect(proxy.asked).toEqual([]);
      await storage.must('kick');
      await site.sleep(4);
      expect(proxy.asked.length).toBe(3);
      // So does a snapshot.
      await site.sleep(600);
      proxy.asked.length = 0;
      await storage.snapshot();
      await site.sleep(0.5);
      expect(proxy.asked.length).toBe(1);
      proxy.refusal = null;
      await storage.must('kick');
      await site.eventually(() => proxy.received.length > 0, 'it must go on');
      expect(site.messages('s0', 'error').at(-1)).toBe(
        'extractAndSendAndDeleteWlog:There is no available proxy:vol0',
      );
    });
  });

  it('respects -delay and -maxdelay', async () => {
    await withTarget({ options: { minRetryDelayS: 3, maxRetryDelayS: 10 } }, async (site, storage, proxy) => {
      proxy.refusal = 'no';
      await storage.write(0, 1);
      await site.sleep(60);
      const delays = proxy.asked.slice(1).map((time, i) => Math.round(time - (proxy.asked[i] as number)));
      expect(delays.slice(0, 5)).toEqual([3, 6, 10, 10, 10]);
    });
  });

  it('takes implicit snapshots no more often than the interval while something waits', async () => {
    await withTarget({ options: { implicitSnapshotIntervalS: 7 } }, async (site, storage, proxy) => {
      proxy.refusal = 'no';
      for (let i = 0; i < 40; i++) {
        await storage.write(i * 8, 1);
        await storage.must('kick');
        await site.sleep(0.5);
      }
      const times = (await storage.positions()).queue.map(
        (line) => Date.parse(`${line.split(' ')[2]}Z`) / 1000,
      );
      const gaps = times.slice(1).map((time, i) => (times[i] as number) - time);
      expect(times.length).toBeGreaterThanOrEqual(3);
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(7);
      proxy.refusal = null;
      await storage.must('kick');
      await site.eventually(async () => (await storage.queue()).length === 0, 'all must be sent');
      // They were joined into one diff.
      expect(proxy.received.length).toBe(1);
    });
  });

  it('gives explicit snapshots in a row each its own diff', async () => {
    await withTarget({}, async (site, storage, proxy) => {
      proxy.refusal = 'no';
      const gids: number[] = [];
      for (let i = 0; i < 3; i++) {
        await storage.write(i * 8, 2);
        gids.push(await storage.snapshot());
      }
      expect(gids).toEqual([gids[0], (gids[0] as number) + 1, (gids[0] as number) + 2]);
      proxy.refusal = null;
      await storage.must('kick');
      await site.eventually(() => proxy.received.length >= 3, 'three must come');
      const ends = proxy.received.map(({ diff }) => diff.snapE.gidB);
      for (const gid of gids) expect(ends).toContain(gid);
      for (const [i, { diff }] of proxy.received.entries()) {
        if (i > 0) expect(diff.snapB.gidB).toBe(proxy.received[i - 1]?.diff.snapE.gidB);
      }
    });
  });

  it('keeps snapshots of a stopped volume and sends them after the start', async () => {
    await withTarget({}, async (site, storage, proxy) => {
      await storage.must('stop', 'vol0');
      await storage.waitForState('Stopped');
      await storage.write(0, 1);
      const gid = await storage.snapshot();
      await site.sleep(20);
      expect(proxy.received).toEqual([]);
      await storage.restart();
      await storage.must('start', 'vol0', 'target');
      await site.eventually(() => proxy.received.length > 0, 'it must be sent');
      expect(proxy.received[0]?.diff.snapE.gidB).toBe(gid);
    });
  });

  it('refuses a pack larger than a transfer, and goes on once the limit is raised', async () => {
    const made = { options: { maxWlogSendMb: 1, maxRetryDelayS: 2 }, deviceLb: 16_384, logLb: 16_384 };
    const site = new Site();
    const proxy = new FakeProxy(site);
    new FakeArchive(site);
    const storage = new TestStorage(site, made);
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await storage.write(0, 2048);
      await site.eventually(
        () =>
          site.messages('s0', 'error').some((text) => text.includes('maxWlogSendPb is too small:2048:2049')),
        'it must be told',
      );
      const before = proxy.received.length;
      storage.kill();
      (storage.options as { maxWlogSendMb: number }).maxWlogSendMb = 2;
      await storage.start();
      await site.eventually(() => proxy.received.length > before, 'it must be sent');
    });
  });

  it('ends by 100 ms looks while log is not durable', async () => {
    await withTarget({ options: { maxWlogSendMb: 1 } }, async (site, storage, proxy) => {
      // Log that waits is looked at again soon, without an error.
      const errors = site.messages('s0', 'error').length;
      for (let i = 0; i < 30; i++) await storage.write(i * 8, 8, i);
      await storage.snapshot();
      await site.eventually(async () => (await storage.queue()).length === 0, 'all must be sent', 30);
      expect(site.messages('s0', 'error').length).toBe(errors);
      expect(proxy.received.length).toBeGreaterThan(0);
    });
  });
});

describe('proxies', () => {
  it('are asked every 10 seconds each, and taken by priority', async () => {
    const proxies = ['p0', 'p1'].map((host) => ({ host, port: 10_100 }));
    const site = new Site();
    const [p0, p1] = [new FakeProxy(site, 'p0'), new FakeProxy(site, 'p1')];
    new FakeArchive(site);
    const storage = new TestStorage(site, { options: { proxies } });
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await site.sleep(30);
      const lines = async () => (await storage.status()).filter((line) => line.includes('isAvailable'));
      expect((await lines()).map((line) => line.slice(0, line.indexOf(' timeTo')))).toEqual([
        'host p0:10100:10100 isAvailable 1',
        'host p1:10100:10100 isAvailable 1',
      ]);
      await storage.write(0, 1);
      await site.eventually(() => p0.received.length > 0, 'p0 comes first');
      expect(p1.received).toEqual([]);
      // A failed transfer does not change availability; the next one is taken at once.
      p0.refusal = 'full';
      await storage.write(0, 1);
      await site.eventually(() => p1.received.length > 0, 'p1 comes second');
      expect((await lines())[0]).toContain('p0:10100:10100 isAvailable 1');
      p0.refusal = null;
      p0.kill();
      await site.eventually(
        async () => (await lines())[0]?.includes('isAvailable 0') ?? false,
        'p0 is away',
        12,
      );
      p0.asked.length = 0;
      p0.start();
      await site.eventually(
        async () => (await lines())[0]?.includes('isAvailable 1') ?? false,
        'p0 is back',
        12,
      );
      const asked = p0.received.length;
      await storage.write(0, 1);
      await site.eventually(() => p0.received.length > asked, 'p0 comes first again');
    });
  });

  it('that do not answer are given up after 3 seconds', async () => {
    const site = new Site();
    new FakeProxy(site);
    new FakeArchive(site);
    const storage = new TestStorage(site);
    await site.run(async () => {
      await storage.begin();
      await site.sleep(15);
      site.simulation.faults.arm({
        ...{ kind: 'partition', atUs: site.simulation.nowUs, from: 's0', to: 'p0', both: true, forUs: null },
      });
      await site.sleep(0.1);
      const beganS = site.nowS;
      const isAway = async () => (await storage.status()).some((line) => line.includes('isAvailable 0'));
      await site.eventually(isAway, 'p0 is away', 20);
      const warning = site.logs.find((line) => line.message.startsWith('checkAvailability:p0:10100:'));
      expect(warning).toBeDefined();
      expect(site.nowS - beganS).toBeLessThan(14);
    });
  });

  it('that are all away are looked at by a kick', async () => {
    await withTarget({}, async (site, storage, proxy) => {
      proxy.kill();
      await storage.write(0, 1);
      await site.sleep(100);
      proxy.start();
      await storage.must('kick');
      await site.eventually(() => proxy.received.length > 0, 'it must go on at once', 2);
    });
  });
});
