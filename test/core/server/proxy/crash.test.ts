import { describe, expect, it } from 'vitest';
import { SimFileSystem } from '../../../../sim/file-system.ts';
import { fileSystemParameters } from '../../../../sim/file-system-state.ts';
import { crashEverywhere } from '../crash-kit.ts';
import { FakeArchive, OTHER_UUID, Site, TestProxy, withVolume } from './support.ts';

interface Group {
  readonly site: Site;
  readonly proxy: TestProxy;
  readonly archives: readonly FakeArchive[];
  /** What the storage was told to be safe. */
  readonly acknowledged: Set<number>;
  /** What the operator was told to be done. */
  readonly done: Set<string>;
}

function build(site: Site, files: SimFileSystem): Group {
  const archives = [new FakeArchive(site, 'a0', 10_200), new FakeArchive(site, 'a1', 10_201)];
  return {
    ...{ site, archives, acknowledged: new Set<number>(), done: new Set<string>() },
    proxy: new TestProxy(site, { files: () => files }),
  };
}

/** Hundreds of crashes for each operation: no acknowledged diff is lost, and the proxy goes on. */
const COMMON = {
  host: 'p0',
  process: 'walb-proxy',
  build,
  answers: ({ proxy }: Group) => proxy.answers(),
};

/** Holds after every start. */
async function verifyWhole({ proxy, site }: Group): Promise<void> {
  for (const path of proxy.host.files.tree().keys()) {
    expect(path).not.toMatch(/\/(tmp[0-9a-zA-Z]{6}|\.(deleting|making)-.*)$/);
  }
  expect(site.messages('p0', 'error').filter((text) => text.includes('start failed'))).toEqual([]);
  // The volume that nobody touched is served.
  expect(await proxy.state('other')).toBe('Started');
}

async function verifySent(group: Group, gids: Iterable<number>): Promise<void> {
  const { proxy, site, archives } = group;
  await site.eventually(
    () => ['a0', 'a1'].every((name) => proxy.waiting(name).length === 0),
    'all must be sent',
    30,
  );
  for (const archive of archives) {
    for (const gid of gids) {
      const isCovered = archive.offered.some(
        ({ request: { diff }, ios }) =>
          (diff.snapB.gidB ?? 0) < gid &&
          gid <= (diff.snapE.gidB ?? 0) &&
          ios.some(({ addressLb }) => addressLb === (gid - 1) * 8),
      );
      expect(isCovered, `gid ${gid} at ${archive.name}`).toBe(true);
    }
  }
}

async function addOther({ proxy }: Group): Promise<void> {
  await proxy.archiveInfo('add', 'a0', ['a0:10200'], 'other');
  await proxy.must('start', 'other');
}

describe('a crash of a proxy', () => {
  it('anywhere in the reception and the sending of wlogs loses nothing that was acknowledged', async () => {
    const struck = await crashEverywhere<Group>({
      ...COMMON,
      steps: /^(proxy\.(receive|send|size)|wlog-transfer\.(diff|send-ack)|wdiff-transfer\.ack)/,
      prepare: async (group) => {
        await group.proxy.begin(['a0', 'a1']);
        await addOther(group);
      },
      act: async ({ proxy, acknowledged, site }) => {
        for (const gid of [1, 2]) {
          const volSizeLb = 2048 * gid;
          if ((await proxy.sendWlog(gid - 1, gid, { volSizeLb })) === null) acknowledged.add(gid);
        }
        await site.eventually(
          () => ['a0', 'a1'].every((name) => proxy.waiting(name).length === 0),
          'sent',
          5,
        );
      },
      verify: async (group) => {
        const { proxy, acknowledged } = group;
        await verifyWhole(group);
        expect(await proxy.state()).toBe('Started');
        // The storage sends again what was not acknowledged.
        for (const gid of [1, 2]) {
          if (acknowledged.has(gid)) continue;
          expect(await proxy.sendWlog(gid - 1, gid, { volSizeLb: 4096 })).toBe(null);
        }
        await verifySent(group, [1, 2]);
        expect(await proxy.statusOf('sizeLb')).toBe('4096');
        expect(proxy.files().filter((path) => path.startsWith('received/'))).toEqual([]);
      },
    });
    expect(struck.points).toBeGreaterThan(20);
    expect(struck.kills).toBeGreaterThan(20);
    expect(struck.powerLosses).toBeGreaterThan(20);
  });

  it('anywhere in archive-info shows the archive or not, and never half of a volume', async () => {
    const struck = await crashEverywhere<Group>({
      ...COMMON,
      steps: /^proxy\./,
      prepare: async (group) => {
        await group.proxy.start();
        await addOther(group);
      },
      act: async ({ proxy, done }) => {
        const steps = ['add a0', 'add a1', 'update a1', 'delete a0', 'delete a1'] as const;
        for (const step of steps) {
          const [action, name = ''] = step.split(' ');
          const words =
            action === 'delete' ? [] : [`${name}:10201`, 'gzip:1:1', action === 'update' ? '7' : '3'];
          if ((await proxy.archiveInfo(action as 'add', name, words)) !== 'ok') return;
          done.add(step);
        }
      },
      verify: async (group) => {
        const { proxy, done } = group;
        await verifyWhole(group);
        const state = await proxy.state();
        const names = (await proxy.archiveInfo('list', null)) as string[];
        if (done.has('delete a1')) expect([state, names]).toEqual(['Clear', []]);
        else if (done.has('delete a0')) expect([[], ['a1']]).toContainEqual(names);
        else if (done.has('add a1')) expect([['a0', 'a1'], ['a1']]).toContainEqual(names);
        else if (done.has('add a0')) expect([['a0'], ['a0', 'a1']]).toContainEqual(names);
        else expect([[], ['a0']]).toContainEqual(names);
        if (names.includes('a1')) {
          const { wdiffSendDelayS } = (await proxy.archiveInfo('get', 'a1')) as { wdiffSendDelayS: number };
          expect([3, 7]).toContain(wdiffSendDelayS);
          if (done.has('update a1')) expect(wdiffSendDelayS).toBe(7);
        }
        // Listed means: settings and directory are there.
        for (const name of names) {
          const tree = proxy.host.files.tree();
          expect(tree.has(`${proxy.base}/vol0/${name}.archive`)).toBe(true);
          expect(tree.has(`${proxy.base}/vol0/sendto/${name}`)).toBe(true);
        }
        expect(state === 'Clear').toBe(names.length === 0);
        // It can be done again.
        if (state === 'Started') {
          await proxy.must('stop', 'vol0');
          await proxy.waitForState('Stopped');
        }
        for (const name of ['a0', 'a1']) {
          expect(await proxy.archiveInfo('update', name, [`${name}:10200`])).toBe('ok');
        }
        await proxy.must('start', 'vol0');
        expect(await proxy.sendWlog(0, 1)).toBe(null);
      },
    });
    expect(struck.points).toBeGreaterThan(10);
    expect(struck.powerLosses).toBeGreaterThan(20);
  });

  it('anywhere in clear-vol shows the whole volume or none', async () => {
    await crashEverywhere<Group>({
      ...COMMON,
      steps: /^proxy\./,
      prepare: async (group) => {
        const { proxy, archives } = group;
        for (const archive of archives) archive.reply = () => 'syncing';
        await proxy.begin(['a0', 'a1']);
        await addOther(group);
        await proxy.sendWlog(0, 1, { uuid: OTHER_UUID });
        await proxy.must('stop', 'vol0');
        await proxy.waitForState('Stopped');
      },
      act: async ({ proxy, done }) => {
        await proxy.must('clear-vol', 'vol0');
        done.add('clear');
      },
      verify: async (group) => {
        const { proxy, done } = group;
        await verifyWhole(group);
        const state = await proxy.state();
        if (done.has('clear')) expect(state).toBe('Clear');
        if (state !== 'Clear') {
          expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
          for (const name of ['a0', 'a1']) expect(proxy.waiting(name).length).toBe(1);
        } else expect(proxy.files()).toEqual([]);
      },
    });
  });

  it('behind an acknowledgement keeps the diff on file systems that order nothing', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const site = new Site({ seed });
      const parameters = fileSystemParameters('posix');
      const { random } = site.simulation;
      const group = build(site, new SimFileSystem({ name: 'p0/files', random, parameters }));
      const { proxy, archives } = group;
      for (const archive of archives) archive.kill();
      await site.run(async () => {
        await proxy.begin(['a0', 'a1']);
        expect(await proxy.sendWlog(0, 1)).toBe(null);
        proxy.host.powerLoss();
        proxy.host.powerOn();
        await proxy.start();
        for (const name of ['a0', 'a1']) expect(proxy.waiting(name).length, `seed ${seed}`).toBe(1);
      });
    }
  });

  it('at rest changes no answer', () =>
    withVolume({ reply: 'smaller-lv-size' }, async ({ site, proxy }) => {
      await proxy.sendWlog(0, 1);
      await proxy.sendWlog(1, 2, { isMergeable: false });
      await site.sleep(2);
      const look = async () => [
        await proxy.state(),
        await proxy.get('proxy-diff', 'vol0', 'a0'),
        await proxy.get('latest-snap'),
        await proxy.archiveInfo('get', 'a0'),
        (await proxy.status('vol0')).filter((line) => !/Time|Measured|SendError/.test(line)),
      ];
      const before = await look();
      await proxy.restart();
      await site.sleep(2);
      expect(await look()).toEqual(before);
    }));
});
