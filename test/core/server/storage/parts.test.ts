import { describe, expect, it } from 'vitest';
import { Writer } from '../../../../core/format/serializer.ts';
import { ProcessStatus } from '../../../../core/server/shared/process-status.ts';
import { ProxyManager } from '../../../../core/server/storage/proxy-manager.ts';
import { ScanThrottle } from '../../../../core/server/storage/throttle.ts';
import { encodeWith, writeMetaLsidGid } from '../../../../core/snapshot/meta-codec.ts';
import { FakeArchive, FakeProxy, Site, TestStorage } from './support.ts';

describe('the throttle of full scans', () => {
  const CHUNK_LB = 100;
  const LIMIT_LB_PER_S = 1000;

  /** Virtual seconds in which so many chunks are sent; a chunk alone takes a millisecond. */
  async function timeOf(site: Site, throttle: ScanThrottle, chunkCount: number): Promise<number> {
    const beganS = site.nowS;
    for (let i = 0; i < chunkCount; i++) {
      await site.sleep(0.001);
      await throttle.sent(CHUNK_LB);
    }
    return site.nowS - beganS;
  }

  it('holds the throughput near the limit, asked anew for each chunk; 0 is none', async () => {
    const site = new Site();
    await site.run(async () => {
      let limit = LIMIT_LB_PER_S;
      const throttle = new ScanThrottle(site.world.clock, () => limit);
      const heldS = await timeOf(site, throttle, 100);
      expect(heldS).toBeGreaterThan(8);
      expect(heldS).toBeLessThan(12);
      limit = 0;
      expect(await timeOf(site, throttle, 100)).toBeCloseTo(0.1, 3);
    });
  });

  it('does not let a pause pay for what comes later than a second', async () => {
    const site = new Site();
    await site.run(async () => {
      const throttle = new ScanThrottle(site.world.clock, () => LIMIT_LB_PER_S);
      await timeOf(site, throttle, 1);
      await site.sleep(10);
      expect(await timeOf(site, throttle, 30)).toBeGreaterThan(2);
    });
  });

  it('never sleeps longer than a tenth of a second for a chunk', async () => {
    const site = new Site();
    await site.run(async () => {
      const throttle = new ScanThrottle(site.world.clock, () => 1);
      await timeOf(site, throttle, 1);
      await site.sleep(0.02);
      expect(await timeOf(site, throttle, 10)).toBeCloseTo(1, 1);
    });
  });
});

describe('a full backup', () => {
  /** Virtual seconds that a full backup of 8 MiB takes. */
  async function backupS(bytesPerS: string): Promise<number> {
    const site = new Site();
    const storage = new TestStorage(site, { deviceLb: 16_384 });
    new FakeProxy(site);
    new FakeArchive(site);
    let seconds = 0;
    await site.run(async () => {
      await storage.begin();
      await storage.must('set-full-scan-bps', bytesPerS);
      const beganS = site.nowS;
      await storage.becomeTarget();
      seconds = site.nowS - beganS;
    });
    return seconds;
  }

  it('is held back by the throughput that an operator sets', async () => {
    const freeS = await backupS('0');
    expect(freeS).toBeLessThan(1);
    // A chunk is held back for a tenth of a second at most.
    expect(await backupS('1m')).toBeGreaterThan(freeS + 1);
  });
});

describe('a proxy that breaks off', () => {
  it('is passed over for the next one, and what it did is in the log', async () => {
    const site = new Site();
    const proxies = ['p0', 'p1'].map((host, i) => ({ host, port: 10_100 + i }));
    const storage = new TestStorage(site, { options: { proxies } });
    const first = new FakeProxy(site, 'p0', 10_100);
    const second = new FakeProxy(site, 'p1', 10_101);
    new FakeArchive(site);
    first.at = () => Promise.reject(new Error('broken off'));
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await storage.write(0, 1);
      await site.eventually(() => second.received.length > 0, 'the second proxy gets the log');
      expect(first.asked.length).toBeGreaterThan(0);
      expect(first.received).toEqual([]);
      expect(site.messages('s0', 'warning').some((text) => text.includes('p0:10100'))).toBe(true);
    });
  });
});

describe('the heart-beat of proxies', () => {
  const PROXIES = ['p0', 'p1', 'p2'].map((host, i) => ({ host, port: 10_100 + i }));

  it('looks at each proxy in turn, and says when the next look is due', async () => {
    const site = new Site();
    for (const { host } of PROXIES) site.simulation.addHost(host);
    await site.run(async () => {
      const status = new ProcessStatus();
      const manager = new ProxyManager(site.world, 's0', PROXIES, 30);
      const states = () => manager.list().map(({ isAvailable }) => isAvailable);
      const due = () => manager.list().map(({ timeToNextCheckS }) => timeToNextCheckS);
      expect(states()).toEqual([true, true, true]);
      expect(due()).toEqual([0, 0, 0]);
      // Nobody listens there.
      const running = manager.run(status);
      await site.sleep(0.5);
      expect(states()).toEqual([false, true, true]);
      expect(due()).toEqual([30, 0, 0]);
      await site.sleep(1);
      expect(states()).toEqual([false, false, true]);
      await site.sleep(1);
      expect(manager.available()).toEqual([]);
      await site.sleep(7.5);
      expect(due()).toEqual([21, 22, 23]);
      status.shutdown('graceful');
      await running;
    });
  });
});

describe('questions about all volumes', () => {
  it('are answered by name, whatever came first', async () => {
    const site = new Site();
    const storage = new TestStorage(site);
    await site.run(async () => {
      await storage.start();
      const names = ['vol2', 'vol0', 'vol3', 'vol1'];
      for (const [i, name] of names.entries()) {
        await storage.makeDevice(String(i));
        await storage.must('init-vol', name, `/dev/walb/${i}`);
        await storage.must('start', name, 'standby');
      }
      const lines = await storage.get('log-usage');
      expect(lines.map((line) => line.split('\t')[0])).toEqual(
        [...names].sort().map((name) => `name:${name}`),
      );
    });
  });
});

describe('files that others changed', () => {
  it('a state that is not that of the volume is refused', async () => {
    const site = new Site();
    const storage = new TestStorage(site);
    await site.run(async () => {
      await storage.begin();
      const path = `${storage.base}/vol0/state`;
      const before = storage.host.files.peek(path) ?? new Uint8Array(0);
      const writer = new Writer();
      writer.string('Stopped');
      storage.host.files.seed(path, writer.finish());
      expect(await storage.command('start', 'vol0', 'standby')).toMatch(/bad state:Stopped:SyncReady/);
      storage.host.files.seed(path, before);
      expect(await storage.command('start', 'vol0', 'standby')).toBe('ok');
    });
  });

  it('a delivered position without a gid is none', async () => {
    const site = new Site();
    const storage = new TestStorage(site);
    new FakeProxy(site);
    new FakeArchive(site);
    await site.run(async () => {
      await storage.begin();
      await storage.becomeTarget();
      await site.sleep(3);
      expect(await storage.queue()).toEqual([]);
      storage.kill();
      const done = { lsid: 0, gid: null, isMergeable: false, timestamp: 1 };
      storage.host.files.seed(`${storage.base}/vol0/done`, encodeWith(writeMetaLsidGid, done));
      await storage.start();
      expect(await storage.command('snapshot', 'vol0')).toMatch(/doneLsid is invalid/);
    });
  });
});
