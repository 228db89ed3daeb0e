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
} from './support.ts';

describe('volumes of a proxy', () => {
  it('come with the first archive and go with the last', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.start();
      expect(await proxy.state('nothing')).toBe('Clear');
      expect(await proxy.archiveInfo('add', 'a0', ['127.0.0.1:15062', 'snappy:3:2', '300'])).toBe('ok');
      expect(await proxy.state()).toBe('Stopped');
      expect(filesOf(proxy.host, proxy.base)).toEqual(
        new Map([
          ['vol0', '/'],
          ['vol0/a0.archive', '093132372e302e302e31d63a0203028 12c01'.replace(' ', '')],
          ['vol0/received', '/'],
          ['vol0/sendto', '/'],
          ['vol0/sendto/a0', '/'],
          ['vol0/size', '00'],
        ]),
      );
      await proxy.restart();
      expect(await proxy.state()).toBe('Started');
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0']);
      await proxy.must('stop', 'vol0');
      await proxy.waitForState('Stopped');
      expect(await proxy.archiveInfo('delete', 'a0')).toBe('ok');
      expect(await proxy.state()).toBe('Clear');
      expect(filesOf(proxy.host, proxy.base).size).toBe(0);
      expect(await proxy.get('vol')).toEqual([]);
    });
  });

  it('are not started with -stop, and found when they are named', async () => {
    const site = new Site();
    const proxy = new TestProxy(site, { options: { stopped: true } });
    await site.run(async () => {
      await proxy.start();
      await proxy.archiveInfo('add', 'a0', ['a0:10200']);
      await proxy.restart();
      expect(await proxy.get('vol')).toEqual(['vol0']);
      expect((await proxy.status()).some((line) => line.startsWith('volume vol0'))).toBe(false);
      expect(await proxy.state()).toBe('Stopped');
      expect((await proxy.status()).some((line) => line.startsWith('volume vol0'))).toBe(true);
    });
  });

  it('leave a line in the log for each command that was done', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.start();
      const begun = site.logs.length;
      await proxy.archiveInfo('add', 'a0', ['127.0.0.1:15062', 'snappy:3:2', '300']);
      await proxy.archiveInfo('update', 'a0', ['127.0.0.1:15062', 'gzip:1:1', '0']);
      await proxy.archiveInfo('get', 'a0');
      await proxy.archiveInfo('list', null);
      await proxy.must('resize', 'vol0', '1m');
      await proxy.must('start', 'vol0');
      await proxy.must('kick');
      await proxy.must('kick', 'vol0', 'a0');
      await proxy.must('stop', 'vol0', 'force');
      await proxy.waitForState('Stopped');
      await proxy.archiveInfo('add', 'a1', ['a1:10201']);
      await proxy.archiveInfo('delete', 'a1');
      await proxy.must('clear-vol', 'vol0');
      const lines = site.logs.slice(begun).map(({ message }) => message);
      expect(lines.filter((line) => line.includes(' succeeded:'))).toEqual(
        [
          'archive-info add succeeded:vol0:a0:127.0.0.1:15062 snappy:3:2 300',
          'archive-info update succeeded:vol0:a0:127.0.0.1:15062 gzip:1:1 0',
          'archive-info get succeeded:vol0:a0:127.0.0.1:15062 gzip:1:1 0',
          'archive-info list succeeded:vol0:1',
          'resize succeeded:vol0:0:2048',
          'start succeeded:vol0',
          'kick succeeded:ALL:ALL',
          'kick succeeded:vol0:a0',
          'stop succeeded:vol0:force',
          'archive-info add succeeded:vol0:a1:a1:10201 snappy:0:1 0',
          'archive-info delete succeeded:vol0:a1',
          'clearVol succeeded:vol0',
        ].map((line) => `[p0][ctl] ${line}`),
      );
    });
  });

  it('update makes an archive that is new, and changes one that is known', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.start();
      expect(await proxy.archiveInfo('update', 'a1', ['a1:10201', 'gzip:5:2', '3'])).toBe('ok');
      expect(await proxy.archiveInfo('add', 'a0', ['a0:10200'])).toBe('ok');
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
      expect(await proxy.archiveInfo('update', 'a1', ['a1:10201', 'lz4:0:1', '9'])).toBe('ok');
      const info = await proxy.archiveInfo('get', 'a1');
      expect(info).toMatchObject({ address: { host: 'a1', port: 10_201 }, wdiffSendDelayS: 9 });
      expect(await proxy.command('clear-vol', 'vol0')).toBe('ok');
      expect(await proxy.state()).toBe('Clear');
    });
  });

  it('that cannot be made leave nothing behind', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.start();
      for (const step of [
        'proxy.size.save',
        'proxy.archive-info.save',
        'proxy.archive-info.make-directories',
      ]) {
        for (let nth = 1; nth <= 4; nth++) {
          site.simulation.faults.arm({
            ...{ kind: 'error', host: 'p0', process: null, step, call: null, nth, times: 1 },
            ...{ code: 'EIO', effect: 'none' },
          });
          expect(String(await proxy.archiveInfo('add', 'a0', ['a0:10200'])), `${step} ${nth}`).toContain(
            'EIO',
          );
          site.simulation.faults.disarm();
          expect(filesOf(proxy.host, proxy.base).size, `${step} ${nth}`).toBe(0);
          expect(await proxy.state()).toBe('Clear');
        }
      }
      expect(await proxy.archiveInfo('add', 'a0', ['a0:10200'])).toBe('ok');
    });
  });

  it('made twice at once: one is refused, and the other is whole', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.start();
      const replies = await Promise.all(
        ['a0', 'a1'].map((name) => proxy.archiveInfo('add', name, [`${name}:10200`])),
      );
      for (const reply of replies) expect(['ok']).toContain(reply);
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
      await proxy.restart();
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
    });
  });
});

describe('wlogs and what becomes of them', () => {
  it('are joined into one diff, sent after the delay that began with the first', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin(['a0'], ['snappy:0:1', '3']);
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
    });
  });

  it('alone are announced with their size', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.reply = () => 'syncing';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(3, 4, { isMergeable: false });
      await site.eventually(() => archive.offered.length > 0, 'it must be offered');
      const name = proxy.waiting()[0] as string;
      expect(name).toBe('20231114221324----3-4.wdiff');
      const size = proxy.host.files.peek(`${proxy.base}/vol0/sendto/a0/${name}`)?.length;
      expect(archive.offered[0]?.request.diff.dataSizeBytes).toBe(size);
      expect((await proxy.get('proxy-diff', 'vol0', 'a0'))[0]).toBe(
        `|3|-->|4| -- 2023-11-14T22:13:24 ${size}`,
      );
    });
  });

  it('without log make a diff of 56 bytes', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    archive.reply = () => 'syncing';
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin();
      expect(await proxy.sendWlog(0, 1, { addressesLb: [] })).toBe(null);
      const path = `sendto/a0/${proxy.waiting()[0]}`;
      expect(proxy.host.files.peek(`${proxy.base}/vol0/${path}`)?.length).toBe(56);
      expect((await openFile(proxy, path)).uuid).toEqual(UUID);
    });
  });

  it('that are damaged or cut leave nothing behind', async () => {
    const site = new Site();
    new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin();
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
    });
  });

  it('are refused without room for the log that was announced', async () => {
    const site = new Site();
    new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin();
      proxy.host.files.setCapacity(4 << 20);
      const reply = await proxy.sendWlog(0, 1, { maxLogSizePb: 8192 });
      expect(reply).toMatch(/^s2pWlogTransferServer:Not enough available disk space:3:5$/);
      proxy.host.files.setCapacity(null);
      expect(await proxy.sendWlog(0, 1)).toBe(null);
    });
  });

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
  it('end before a diff that must not be merged', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.kill();
    await site.run(async () => {
      await proxy.begin();
      for (const [gid, isMergeable] of [true, true, true, false, true].entries()) {
        expect(await proxy.sendWlog(gid, gid + 1, { isMergeable })).toBe(null);
      }
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-3 M', '3-5']);
    });
  });

  it('end where the log changes, at the limit of size and of count', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { maxWdiffSendMb: 1, maxWdiffSendCount: 3 } });
    archive.kill();
    await site.run(async () => {
      await proxy.begin();
      for (let gid = 0; gid < 8; gid++) {
        const uuid = gid < 2 ? UUID : OTHER_UUID;
        expect(await proxy.sendWlog(gid, gid + 1, { uuid })).toBe(null);
      }
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-2 M', '2-5 M', '5-8 M']);
      expect(archive.offered.map(({ request }) => request.uuid)).toEqual([UUID, OTHER_UUID, OTHER_UUID]);
    });
  });

  it('take the longer of two diffs with one begin; the other is too old then', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.kill();
    archive.reply = (_request, n) => (n === 1 ? 'too-old-diff' : 'accept');
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await proxy.sendWlog(0, 3);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges()).toEqual(['0-3 M', '0-1 M']);
    });
  });

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

  it('end at the number of files that may be open', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.kill();
    await site.run(async () => {
      await proxy.begin();
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
    });
  });
});

describe('refusals of an archive', () => {
  it('that pass: attempts at 0, 1, 3, 7 s, then given up; a new wlog begins anew', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { maxRetryDelayS: 4, retryTimeoutS: 6 } });
    archive.reply = () => 'wdiff-recv';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await site.sleep(60);
      expect(archive.gaps()).toEqual([1, 2, 4]);
      expect(await proxy.isSendError()).toBe(true);
      expect(await proxy.statusOf('isWdiffSendError')).toBe('1');
      expect(site.messages('p0', 'error').at(-1)).toBe('SEND_ERROR_NO_MORE_RETRY:vol0:a0');
      const count = archive.offered.length;
      archive.reply = () => 'accept';
      await proxy.sendWlog(1, 2);
      await site.sleep(0.3);
      expect(archive.offered.length).toBe(count + 1);
      expect(await proxy.isSendError()).toBe(false);
      expect(proxy.waiting()).toEqual([]);
    });
  });

  for (const word of ['too-new-diff', 'syncing']) {
    it(`${word} is never given up`, async () => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site, { options: { maxRetryDelayS: 4, retryTimeoutS: 6 } });
      archive.reply = () => word;
      await site.run(async () => {
        await proxy.begin();
        await proxy.sendWlog(0, 1);
        await site.sleep(60);
        expect(archive.gaps().slice(0, 6)).toEqual([1, 2, 4, 4, 4, 4]);
        expect(await proxy.isSendError()).toBe(false);
        expect(proxy.waiting().length).toBe(1);
      });
    });
  }

  for (const text of ['stopped', 'p2aWdiffTransferServer:exceeds max foreground tasks:2']) {
    it(`${text} is given up after the time-out`, async () => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site, { options: { maxRetryDelayS: 4, retryTimeoutS: 6 } });
      archive.reply = () => text;
      await site.run(async () => {
        await proxy.begin();
        await proxy.sendWlog(0, 1);
        await site.sleep(30);
        expect(archive.offered.length).toBe(4);
        expect(await proxy.isSendError()).toBe(true);
        // A kick tries again, and forgets.
        archive.reply = () => 'accept';
        await proxy.must('kick', 'vol0', 'a0');
        await site.sleep(0.3);
        expect(await proxy.isSendError()).toBe(false);
        expect(proxy.waiting()).toEqual([]);
      });
    });
  }

  it('are never given up when no wlog came since the start', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { maxRetryDelayS: 4, retryTimeoutS: 6 } });
    archive.reply = () => 'stopped';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await proxy.restart();
      archive.offered.length = 0;
      await site.sleep(60);
      expect(archive.offered.length).toBeGreaterThan(10);
      expect(await proxy.isSendError()).toBe(false);
    });
  });

  it('are not given up because a clock was set back', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { maxRetryDelayS: 4, retryTimeoutS: 600 } });
    archive.reply = () => 'stopped';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      proxy.host.clock.step(-3600_000_000);
      await site.sleep(60);
      expect(await proxy.isSendError()).toBe(false);
      expect(Number(await proxy.statusOf('wdiffSendDelayMeasured'))).toBe(0);
    });
  });

  for (const word of ['smaller-lv-size', 'archive-not-found']) {
    it(`${word} stops at once and keeps the files`, async () => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site);
      archive.reply = () => word;
      await site.run(async () => {
        await proxy.begin();
        await proxy.sendWlog(0, 1);
        await site.sleep(30);
        expect(archive.offered.length).toBe(1);
        expect(await proxy.isSendError()).toBe(true);
        expect(proxy.waiting().length).toBe(1);
      });
    });
  }

  for (const word of ['different-uuid', 'too-old-diff']) {
    it(`${word} deletes the group and goes on at once`, async () => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site);
      archive.kill();
      archive.reply = (_request, n) => (n === 0 ? word : 'accept');
      await site.run(async () => {
        await proxy.begin();
        await proxy.sendWlog(0, 1);
        await proxy.sendWlog(1, 2);
        await proxy.sendWlog(2, 3, { isMergeable: false });
        archive.start();
        await site.eventually(() => archive.offered.length > 0, 'it must be offered');
        await site.sleep(0.2);
        expect(archive.ranges()).toEqual(['0-2 M', '2-3']);
        expect(proxy.waiting()).toEqual([]);
      });
    });
  }

  it('no connection: tried each second, without an error flag', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { retryTimeoutS: 6 } });
    archive.kill();
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      const beganS = site.nowS;
      const errors = site.messages('p0', 'error').length;
      await site.sleep(30);
      expect(await proxy.isSendError()).toBe(false);
      const tries = site.messages('p0', 'error').length - errors;
      expect(tries).toBeGreaterThanOrEqual(28);
      expect(tries).toBeLessThanOrEqual(31);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'it must be sent', 3);
      expect(site.nowS - beganS).toBeLessThan(33);
    });
  });
});

describe('stops', () => {
  it('graceful lets a send end, force lets it give up', async () => {
    for (const mode of ['graceful', 'force']) {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site);
      archive.at = async (point) => {
        if (point === 'offered') await site.sleep(5);
      };
      await site.run(async () => {
        await proxy.begin();
        await proxy.sendWlog(0, 1, { addressesLb: Array.from({ length: 15 }, (_, i) => i * 8) });
        await site.eventually(() => archive.offered.length > 0, 'a send must run');
        await proxy.must('stop', 'vol0', mode);
        expect(await proxy.state()).toBe('Started');
        expect(await proxy.sendWlog(1, 2)).toBe(
          `s2pWlogTransferServer:verifyStopState:vol0:${mode === 'force' ? 8 : 4}:1`,
        );
        await proxy.waitForState('Stopped');
        expect(proxy.waiting().length).toBe(mode === 'force' ? 1 : 0);
      });
    }
  });

  it('force ends the reception of a wlog', async () => {
    const site = new Site();
    new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      await proxy.begin();
      const before = filesOf(proxy.host, proxy.base);
      const reply = await proxy.sendWlog(0, 1, {
        at: async (point) => {
          if (point === 'accepted') await proxy.must('stop', 'vol0', 'force');
        },
      });
      expect(reply).not.toBe(null);
      await proxy.waitForState('Stopped');
      expect(filesOf(proxy.host, proxy.base)).toEqual(before);
    });
  });

  it('give up after 60 s, and what was to be sent goes on', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site, { options: { socketTimeoutS: 100 } });
    let isSlow = true;
    archive.at = async (point) => {
      if (point === 'accepted' && isSlow) await site.sleep(90);
    };
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await site.eventually(() => archive.offered.length > 0, 'a send must run');
      await proxy.must('stop', 'vol0');
      await proxy.must('stop', 'vol0').catch(() => {});
      await site.sleep(59);
      expect(await proxy.command('stop', 'vol0')).toBe('stopProxyVol:already under stopping wlog:vol0');
      await site.sleep(2);
      expect(site.messages('p0', 'error').at(-1)).toContain('stopProxyVol:timeout:60');
      expect(await proxy.state()).toBe('Started');
      isSlow = false;
      expect(await proxy.sendWlog(1, 2)).toBe(null);
      await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
      expect(archive.ranges().at(-1)).toBe('1-2 M');
    });
  });

  it('a second stop does not cancel the first', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.reply = () => 'syncing';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0', 'empty');
      await proxy.waitForState('WaitForEmpty');
      expect(await proxy.command('stop', 'vol0', 'force')).toBe(
        'stopProxyVol:already under stopping wlog:vol0',
      );
      expect(await proxy.sendWlog(1, 2)).toBe('s2pWlogTransferServer:verifyStopState:vol0:2:1');
      archive.reply = () => 'accept';
      await proxy.waitForState('Stopped');
      expect(proxy.waiting()).toEqual([]);
    });
  });

  it('empty with an archive that is away: 60 s of waiting, then started again', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.kill();
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await proxy.must('stop', 'vol0', 'empty');
      await proxy.waitForState('WaitForEmpty');
      await site.sleep(59);
      expect(await proxy.state()).toBe('WaitForEmpty');
      await site.sleep(2);
      expect(await proxy.state()).toBe('Started');
      expect(
        site.messages('p0', 'error').some((text) => text.includes('stopAndEmptyProxyVol:timeout:60')),
      ).toBe(true);
      archive.start();
      await site.eventually(() => proxy.waiting().length === 0, 'it goes on', 3);
      expect(await proxy.sendWlog(1, 2)).toBe(null);
    });
  });

  it('empty tries again what was given up', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    archive.reply = () => 'smaller-lv-size';
    await site.run(async () => {
      await proxy.begin();
      await proxy.sendWlog(0, 1);
      await site.sleep(5);
      expect(archive.offered.length).toBe(1);
      await proxy.must('stop', 'vol0', 'empty');
      await site.sleep(10);
      expect(archive.offered.length).toBeGreaterThanOrEqual(9);
      archive.reply = () => 'accept';
      await proxy.waitForState('Stopped');
    });
  });
});

describe('the end of a proxy', () => {
  it('graceful ends a sleep within a second, and the exit status is 0', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    await site.run(async () => {
      const process = await proxy.start();
      const channel = await proxy.open('sleep');
      channel.out.u64(8);
      await channel.flush('test.sleep');
      await site.sleep(0.5);
      const beganS = site.nowS;
      const other = await proxy.open('shutdown');
      other.out.u8(0);
      await other.flush('test.shutdown');
      expect(await other.readString('test.shutdown')).toBe('accept');
      other.close();
      expect(await channel.readString('test.sleep')).toBe('ok');
      channel.close();
      expect(await process.exited).toBe(0);
      expect(site.nowS - beganS).toBeLessThan(1);
    });
  });
});

describe('one bad volume', () => {
  it('is reported, and the others are served', async () => {
    const site = new Site();
    const archive = new FakeArchive(site);
    const proxy = new TestProxy(site);
    await site.run(async () => {
      proxy.host.files.seed(`${proxy.base}/bad/a0.archive`, new Uint8Array([1, 2]));
      proxy.host.files.seedDirectory(`${proxy.base}/lost+found`);
      proxy.host.files.seed(
        `${proxy.base}/vol1/a0.archive`,
        Uint8Array.from([2, 97, 48, 0xd8, 0x27, 2, 0, 1, 0]),
      );
      proxy.host.files.seed(`${proxy.base}/vol1/size`, new Uint8Array([0]));
      proxy.host.files.seed(`${proxy.base}/vol1/received/nonsense.wdiff`, new Uint8Array(10));
      const process = await proxy.start();
      expect(process.state).toBe('running');
      expect(site.messages('p0', 'error').join()).toContain('initializeProxy:start failed:lost+found');
      expect(await proxy.state('vol1')).toBe('Started');
      expect(await proxy.sendWlog(0, 1, { volId: 'vol1' })).toBe(null);
      await site.eventually(() => archive.offered.length > 0, 'vol1 works');
    });
  });
});
