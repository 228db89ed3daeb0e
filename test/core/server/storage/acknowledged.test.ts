import { expect, it } from 'vitest';
import { FakeArchive, FakeProxy, Site, TestStorage } from './support.ts';

/** Log that no proxy has acknowledged stays on the device, however long it takes. */

async function withTarget(
  story: (site: Site, storage: TestStorage, proxy: FakeProxy) => Promise<void>,
): Promise<void> {
  const site = new Site();
  const proxy = new FakeProxy(site);
  new FakeArchive(site);
  const storage = new TestStorage(site, {});
  await site.run(async () => {
    await storage.begin();
    await storage.becomeTarget();
    await site.eventually(
      async () => (await storage.queue()).length === 0,
      'the first position must be sent',
    );
    await story(site, storage, proxy);
  });
}

it('is not erased while the proxy is away, and is sent when it is back', () =>
  withTarget(async (site, storage, proxy) => {
    await storage.write(0, 8, 1);
    await site.eventually(async () => (await storage.lsids()).oldest > 0, 'what was sent is erased');
    const { oldest } = await storage.lsids();
    proxy.kill();
    proxy.received.length = 0;
    for (let i = 1; i <= 5; i++) {
      await storage.write(i * 8, 8, i + 1);
      await site.sleep(20);
    }
    const before = await storage.lsids();
    expect(before.prevWritten).toBe(before.latest);
    expect(before.oldest).toBe(oldest);
    proxy.start();
    await storage.must('kick');
    await site.eventually(async () => (await storage.lsids()).oldest === before.latest, 'all must be sent');
    const packs = proxy.received.flatMap((wlog) => wlog.packs.map(({ lsid }) => lsid));
    expect(packs).toEqual([0, 9, 18, 27, 36].map((lsid) => lsid + oldest));
  }));
