import { describe, expect, it } from 'vitest';
import { uuidEquals } from '../../../../core/format/uuid.ts';
import {
  contentOf,
  FakeArchive,
  filesOf,
  OTHER_UUID,
  openFile,
  Site,
  T0,
  TestProxy,
  UUID,
  withVolume,
} from './support.ts';

describe('wlogs and what becomes of them', () => {
  it('are joined into one diff, sent after the delay that began with the first', () =>
    withVolume({ words: ['snappy:0:1', '3'] }, async ({ site, archive, proxy }) => {
      const beganS = site.nowS;
      expect(await proxy.sendWlog(0, 1, { addressesLb: [0, 8] })).toBe(null);
      await site.sleep(1);
      expect(await proxy.sendWlog(1, 2, { addressesLb: [8, 16] })).toBe(null);
      expect(proxy.waiting()).toEqual(['20231114221321-M--0-1.wdiff', '20231114221322-M--1-2.wdiff']);
      expect(proxy.files().filter((path) => path.startsWith('received/'))).toEqual([]);
      const status = await proxy.status();
      const task = status.find((line) => line.startsWith('volume vol0 archive a0 timeDiffMs'));
      expect(status).toContain('-----TaskQueue 1-----');
      expect(Number(task?.split(' ').at(-1))).toBeGreaterThan(1500);
      expect(Number(task?.split(' ').at(-1))).toBeLessThan(2100);
      await site.eventually(() => archive.offered.length > 0, 'it must be sent');
      expect(site.nowS - beganS).toBeGreaterThanOrEqual(3);
      expect(site.nowS - beganS).toBeLessThan(3.3);
      await site.sleep(1);
      expect(archive.ranges()).toEqual(['0-2 M']);
      const offer = archive.offered[0] as (typeof archive.offered)[0];
      expect(offer.request.diff.dataSizeBytes).toBe(0);
      expect(offer.request.diff.timestamp).toBe(T0 + 2);
      expect(offer.request.uuid).toEqual(UUID);
      expect(offer.request.sizeLb).toBe(2048);
      expect(await contentOf(offer)).toEqual(['0+1=1', '8+1=2', '16+1=2']);
      expect(proxy.waiting()).toEqual([]);
      expect(Buffer.from(proxy.host.files.peek(`${proxy.base}/vol0/size`) ?? []).toString('hex')).toBe(
        '810008',
      );
    }));

  it('alone are announced with their size', () =>
    withVolume({ reply: 'syncing' }, async ({ site, archive, proxy }) => {
      await proxy.sendWlog(3, 4, { isMergeable: false });
      await site.eventually(() => archive.offered.length > 0, 'it must be offered');
      const name = proxy.waiting()[0] as string;
      expect(name).toBe('20231114221324----3-4.wdiff');
      const size = proxy.host.files.peek(`${proxy.base}/vol0/sendto/a0/${name}`)?.length;
      expect(archive.offered[0]?.request.diff.dataSizeBytes).toBe(size);
      expect((await proxy.get('proxy-diff', 'vol0', 'a0'))[0]).toBe(
        `|3|-->|4| -- 2023-11-14T22:13:24 ${size}`,
      );
    }));

  it('without log make a diff of 56 bytes', () =>
    withVolume({ reply: 'syncing' }, async ({ proxy }) => {
      expect(await proxy.sendWlog(0, 1, { addressesLb: [] })).toBe(null);
      const path = `sendto/a0/${proxy.waiting()[0]}`;
      expect(proxy.host.files.peek(`${proxy.base}/vol0/${path}`)?.length).toBe(56);
      expect((await openFile(proxy, path)).uuid).toEqual(UUID);
    }));

  it('that are damaged or cut leave nothing behind', () =>
    withVolume({}, async ({ site, proxy }) => {
      const before = filesOf(proxy.host, proxy.base);
      const spoil = (
        pack: Parameters<NonNullable<Parameters<TestProxy['sendWlog']>[2]>['spoil'] & object>[0],
      ) => ({
        ...pack,
        data: [new Uint8Array(512).fill(77)],
      });
      expect(await proxy.sendWlog(0, 1, { spoil })).not.toBe(null);
      await site.eventually(async () => (await proxy.state()) === 'Started', 'ready again');
      expect(filesOf(proxy.host, proxy.base)).toEqual(before);
      expect(site.messages('p0', 'error').some((text) => text.includes('popIo:invalid checksum'))).toBe(true);
      for (const where of ['accepted', 'packs'] as const) {
        const reply = await proxy.sendWlog(0, 1, {
          at: async (point, channel) => {
            if (point === where) channel.close();
          },
        });
        expect(reply).not.toBe(null);
        await site.eventually(async () => (await proxy.state()) === 'Started', 'ready again');
        expect(filesOf(proxy.host, proxy.base)).toEqual(before);
      }
      expect(await proxy.sendWlog(0, 1)).toBe(null);
    }));

  it('are refused without room for the log that was announced', () =>
    withVolume({}, async ({ proxy }) => {
      proxy.host.files.setCapacity(4 << 20);
      const reply = await proxy.sendWlog(0, 1, { maxLogSizePb: 8192 });
      expect(reply).toMatch(/^s2pWlogTransferServer:Not enough available disk space:3:5$/);
      proxy.host.files.setCapacity(null);
      expect(await proxy.sendWlog(0, 1)).toBe(null);
    }));

  it('are refused where no archive is registered', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      for (const folder of ['received', 'sendto'])
        proxy.host.files.seedDirectory(`${proxy.base}/vol0/${folder}`);
      await proxy.start();
      expect(await proxy.state()).toBe('Started');
      expect(await proxy.sendWlog(0, 1)).toBe('s2pWlogTransferServer:no archive:vol0');
    });
  });

  it('go to every archive, each at its own pace', async () => {
    const site = new Site();
    const [a0, a1] = [new FakeArchive(site, 'a0', 10_200), new FakeArchive(site, 'a1', 10_201)];
    const proxy = new TestProxy(site, { options: { maxBackgroundTasks: 2 } });
    a1.reply = (_request, n) => (n < 2 ? 'syncing' : 'accept');
    await site.run(async () => {
      await proxy.begin(['a0', 'a1']);
      await proxy.sendWlog(0, 1);
      await site.eventually(() => a0.offered.length === 1 && proxy.waiting('a0').length === 0, 'a0 has it');
      expect(proxy.waiting('a1').length).toBe(1);
      await site.eventually(() => proxy.waiting('a1').length === 0, 'a1 has it');
      expect(a1.ranges()).toEqual(['0-1 M', '0-1 M', '0-1 M']);
      expect(a0.ranges()).toEqual(['0-1 M']);
    });
  });
});

describe('groups', () => {
  it('end before a diff that must not be merged', () =>
    withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      for (const [gid, isMergeable] of [true, true, true, false, true].entries()) {
        expect(await proxy.sendWlog(gid, gid + 1, { isMergeable })).toBe(null);
      }
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-3 M', '3-5']);
    }));

  it('end where the log changes, at the limit of size and of count', () =>
    withVolume(
      { options: { maxWdiffSendMb: 1, maxWdiffSendCount: 3 }, isAway: true },
      async ({ site, archive, proxy }) => {
        for (let gid = 0; gid < 8; gid++) {
          const uuid = gid < 2 ? UUID : OTHER_UUID;
          expect(await proxy.sendWlog(gid, gid + 1, { uuid })).toBe(null);
        }
        archive.start();
        await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
        expect(archive.ranges()).toEqual(['0-2 M', '2-5 M', '5-8 M']);
        expect(archive.offered.map(({ request }) => request.uuid)).toEqual([UUID, OTHER_UUID, OTHER_UUID]);
      },
    ));

  it('take the longer of two diffs with one begin; the other is too old then', () =>
    withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      archive.reply = (_request, n) => (n === 1 ? 'too-old-diff' : 'accept');
      await proxy.sendWlog(0, 1);
      await proxy.sendWlog(0, 3);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-3 M', '0-1 M']);
    }));

  it('of a new log wait behind those of an old one with the same gids, and are not lost', async () => {
    for (const sameTime of [true, false]) {
      const site = new Site();
      const archives = [new FakeArchive(site), new FakeArchive(site, 'a1', 10_201)];
      const proxy = new TestProxy(site);
      // The first archive has begun the new log, the second one still follows the old.
      for (const [i, archive] of archives.entries()) {
        archive.kill();
        archive.reply = ({ uuid }) =>
          uuidEquals(uuid, i === 0 ? OTHER_UUID : UUID) ? 'accept' : 'different-uuid';
      }
      await site.run(async () => {
        await proxy.begin(['a0', 'a1']);
        await proxy.sendWlog(0, 1, { byte: 1 });
        await proxy.sendWlog(1, 2, { byte: 2 });
        for (const [gid, byte] of [
          [0, 11],
          [1, 12],
        ] as const) {
          const timestamp = sameTime ? T0 + gid + 1 : T0 + 100 + gid;
          expect(await proxy.sendWlog(gid, gid + 1, { uuid: OTHER_UUID, byte, timestamp })).toBe(null);
        }
        await proxy.restart();
        for (const archive of archives) archive.start();
        await proxy.must('kick');
        const isEmpty = () => !proxy.files().some((path) => path.endsWith('.wdiff'));
        await site.eventually(isEmpty, 'all must be answered');
        const contents = await Promise.all(
          archives.map(async ({ offered }) => {
            const accepted = offered.filter(({ reply }) => reply === 'accept');
            return (await Promise.all(accepted.map(contentOf))).flat();
          }),
        );
        expect(contents).toEqual([
          ['0+1=11', '8+1=12'],
          ['0+1=1', '8+1=2'],
        ]);
      });
    }
  });

  it('end at the number of files that may be open', () =>
    withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      for (let gid = 0; gid < 5; gid++) await proxy.sendWlog(gid, gid + 1);
      await proxy.must('stop', 'vol0');
      await proxy.waitForState('Stopped');
      site.simulation.faults.arm({
        ...{ kind: 'error', host: 'p0', process: null, step: 'proxy.send.read-wdiff', call: 'file.open' },
        ...{ nth: 4, times: 1, code: 'EMFILE', effect: 'none' },
      });
      archive.start();
      await proxy.must('start', 'vol0');
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-3 M', '3-5 M']);
    }));

  /** Sends 0-1 while links fail, so that it stays in `received/`, then again, and tells what becomes of it. */
  async function sentAgain(again: { uuid?: Uint8Array; timestamp: number; byte: number }): Promise<string[]> {
    let contents: string[] = [];
    await withVolume({ isAway: true }, async ({ site, archive, proxy }) => {
      site.simulation.faults.arm({
        ...{ kind: 'error', host: 'p0', process: null, step: 'proxy.receive.link', call: 'file.link' },
        ...{ nth: 1, times: 1, code: 'EIO', effect: 'none' },
      });
      expect(await proxy.sendWlog(0, 1, { timestamp: T0, byte: 1 })).not.toBe(null);
      expect(proxy.files().filter((path) => path.startsWith('received/')).length).toBe(1);
      expect(await proxy.sendWlog(0, 1, again)).toBe(null);
      expect(proxy.files().filter((path) => path.startsWith('received/'))).toEqual([]);
      expect(proxy.waiting().length).toBe(1);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'it must be sent');
      contents = await contentOf(archive.offered.at(-1) as (typeof archive.offered)[0]);
    });
    return contents;
  }

  it('that come again under another time are one diff', async () => {
    expect(await sentAgain({ timestamp: T0 + 5, byte: 1 })).toEqual(['0+1=1']);
  });

  it('of a log that has been reset give way to those of the new one', async () => {
    expect(await sentAgain({ uuid: OTHER_UUID, timestamp: T0 + 5, byte: 9 })).toEqual(['0+1=9']);
  });
});
