import { describe, expect, it } from 'vitest';
import { FakeArchive, filesOf, Site, TestProxy, withProxy } from './support.ts';

describe('volumes of a proxy', () => {
  it('come with the first archive and go with the last', () =>
    withProxy({}, async ({ proxy }) => {
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
    }));

  it('are not started with -stop, and found when they are named', () =>
    withProxy({ options: { stopped: true } }, async ({ proxy }) => {
      await proxy.archiveInfo('add', 'a0', ['a0:10200']);
      await proxy.restart();
      expect(await proxy.get('vol')).toEqual(['vol0']);
      expect((await proxy.status()).some((line) => line.startsWith('volume vol0'))).toBe(false);
      expect(await proxy.state()).toBe('Stopped');
      expect((await proxy.status()).some((line) => line.startsWith('volume vol0'))).toBe(true);
    }));

  it('leave a line in the log for each command that was done', () =>
    withProxy({}, async ({ site, proxy }) => {
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
    }));

  it('update makes an archive that is new, and changes one that is known', () =>
    withProxy({}, async ({ proxy }) => {
      expect(await proxy.archiveInfo('update', 'a1', ['a1:10201', 'gzip:5:2', '3'])).toBe('ok');
      expect(await proxy.archiveInfo('add', 'a0', ['a0:10200'])).toBe('ok');
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
      expect(await proxy.archiveInfo('update', 'a1', ['a1:10201', 'lz4:0:1', '9'])).toBe('ok');
      const info = await proxy.archiveInfo('get', 'a1');
      expect(info).toMatchObject({ address: { host: 'a1', port: 10_201 }, wdiffSendDelayS: 9 });
      expect(await proxy.command('clear-vol', 'vol0')).toBe('ok');
      expect(await proxy.state()).toBe('Clear');
    }));

  it('that cannot be made leave nothing behind', () =>
    withProxy({}, async ({ site, proxy }) => {
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
    }));

  it('made twice at once: one is refused, and the other is whole', () =>
    withProxy({}, async ({ proxy }) => {
      const replies = await Promise.all(
        ['a0', 'a1'].map((name) => proxy.archiveInfo('add', name, [`${name}:10200`])),
      );
      for (const reply of replies) expect(['ok']).toContain(reply);
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
      await proxy.restart();
      expect(await proxy.archiveInfo('list', null)).toEqual(['a0', 'a1']);
    }));
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
