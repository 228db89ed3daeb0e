import { FakeArchive, FakeProxy, Site, TestStorage, type TestStorageOptions } from './support.ts';

/** A storage with what it sends to. */
export interface Group {
  readonly site: Site;
  readonly storage: TestStorage;
  readonly proxy: FakeProxy;
  readonly archive: FakeArchive;
}

/** Tells a story of a storage that runs. */
export async function withStorage(
  made: TestStorageOptions,
  story: (group: Group) => Promise<void>,
): Promise<void> {
  const site = new Site();
  const proxy = new FakeProxy(site);
  const archive = new FakeArchive(site);
  const storage = new TestStorage(site, made);
  await site.run(async () => {
    await storage.begin();
    await story({ site, storage, proxy, archive });
  });
}

/** The same of one with a volume in Target, of which nothing waits. */
export async function withTarget(
  made: TestStorageOptions,
  story: (group: Group) => Promise<void>,
): Promise<void> {
  await withStorage(made, async (group) => {
    await group.storage.becomeTarget();
    await group.site.sleep(3);
    group.proxy.received.length = 0;
    await story(group);
  });
}

/** A promise that a test settles. */
export function gate(): { readonly wait: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait, open };
}
