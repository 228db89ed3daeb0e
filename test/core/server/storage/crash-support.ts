import { expect } from 'vitest';
import type { SimFileSystem } from '../../../../sim/file-system.ts';
import { FakeArchive, FakeProxy, type Site, TestStorage } from './support.ts';

export interface Group {
  readonly site: Site;
  readonly storage: TestStorage;
  readonly proxy: FakeProxy;
  readonly archive: FakeArchive;
  /** Gids of snapshots that the operator was told. */
  readonly gids: number[];
  /** Commands that the operator was told to be done. */
  readonly done: Set<string>;
}

export function build(site: Site, files: SimFileSystem | null): Group {
  const options = { maxWlogSendMb: 1, socketTimeoutS: 2, maxRetryDelayS: 2 };
  return {
    ...{
      site,
      proxy: new FakeProxy(site),
      archive: new FakeArchive(site),
      gids: [],
      done: new Set<string>(),
    },
    storage: new TestStorage(site, {
      ...{ options, deviceLb: 512, logLb: 8192 },
      ...(files === null ? {} : { files: () => files }),
    }),
  };
}

/** Hundreds of crashes for each operation. */
export const COMMON = {
  host: 's0',
  process: 'walb-storage',
  build,
  answers: ({ storage }: Group) => storage.answers(),
};

export async function beginTarget({ storage, site, proxy }: Group): Promise<void> {
  await storage.begin();
  await storage.becomeTarget();
  await storage.makeDevice('1');
  await storage.must('init-vol', 'vol1', '/dev/walb/1');
  await site.eventually(async () => (await storage.queue()).length === 0, 'all is sent');
  await site.sleep(1);
  proxy.received.length = 0;
}

/** Holds after every start: nothing unfinished is left, the other volume is served. */
export async function verifyWhole({ storage, site }: Group, isOtherThere = true): Promise<void> {
  for (const path of storage.host.files.tree().keys()) {
    expect(path).not.toMatch(/\/(tmp[0-9a-zA-Z]{6}|\.(deleting|making)-.*)$/);
  }
  expect(site.messages('s0', 'error').filter((text) => text.includes('start failed'))).toEqual([]);
  if (isOtherThere) expect(await storage.state('vol1')).toBe('SyncReady');
}

/** All log reaches the proxy, without a gap in lsids or gids, and all gids that were told are ends of diffs. */
export async function verifyChain({ storage, site, proxy, gids }: Group): Promise<void> {
  const last = await storage.snapshot();
  for (const gid of gids) expect(gid).toBeLessThan(last);
  await site.eventually(
    async () =>
      proxy.received.some(({ diff }) => diff.snapE.gidB === last) && (await storage.queue()).length === 0,
    'all is sent',
    60,
  );
  const ends = proxy.received.map(({ diff }) => diff.snapE.gidB);
  for (const gid of gids) expect(ends, `gid ${gid}`).toContain(gid);
  const { latest } = await storage.lsids();
  const uuid = await storage.statusOf('uuid');
  const ours = proxy.received.filter(({ request }) => Buffer.from(request.uuid).toString('hex') === uuid);
  // Each transfer goes on where an acknowledged one ended: in gids, and in the log.
  let reachedGid = ours[0]?.diff.snapB.gidB ?? 0;
  let reachedLsid = ours[0]?.packs[0]?.lsid ?? 0;
  for (const { diff, packs } of ours) {
    expect(diff.snapB.gidB ?? 0).toBeLessThanOrEqual(reachedGid);
    reachedGid = Math.max(reachedGid, diff.snapE.gidB ?? 0);
    for (const { lsid, sizePb } of packs) {
      expect(lsid).toBeLessThanOrEqual(reachedLsid);
      reachedLsid = Math.max(reachedLsid, lsid + sizePb);
    }
  }
  expect(reachedGid).toBe(last);
  expect(reachedLsid).toBe(latest);
}
