import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { Folder, golden, goldenLines, goldenPath, linesOf, run, sha256 } from './kit.ts';
import { type LogOp, logImage, makeWlog, SMALL_LOG } from './log-kit.ts';

const folder = new Folder();
const absent = goldenDir() === null;
const counter = new GoldenCounter('ldev', (path) => path.endsWith('format.txt'));
afterAll(() => console.log(counter.report()));

describe.skipIf(absent)('golden log device', () => {
  beforeAll(() => {
    for (const name of ['formatted', 'restored']) {
      folder.write(`${name}.img`, gunzipSync(golden(`ldev/${name}.img.gz`)));
    }
  });

  it('has its super sector', async () => {
    const { out, status } = await run('wldev-info', [folder.path('formatted.img')]);
    expect([status, linesOf(out)]).toEqual([0, goldenLines('ldev/info.txt')]);
    counter.check('ldev/info.txt');
  });

  it('gets a wlog restored byte for byte', async () => {
    const { out, err, status } = await run('wlog-restore', ['--verify', folder.path('formatted.img')], {
      stdin: golden('wlog/a512.wlog'),
    });
    expect([status, err, linesOf(out)]).toEqual([0, '', goldenLines('ldev/restore.txt')]);
    expect(sha256(folder.read('formatted.img'))).toBe(sha256(folder.read('restored.img')));
    for (const path of ['formatted.img.gz', 'restored.img.gz', 'restore.txt']) counter.check(`ldev/${path}`);
  });

  it('is shown', async () => {
    const { out } = await run('wldev-show', ['-super', '-head', '-pack', folder.path('restored.img')]);
    // The original writes of its last look at a block that is no header to standard error.
    expect(linesOf(out)).toEqual(
      goldenLines('ldev/wldev-show.txt').filter((line) => !line.startsWith('WALB_CHECK')),
    );
    counter.check('ldev/wldev-show.txt');
  });

  it('gives its wlog', async () => {
    const { stdout, err, status } = await run('wlog-cat', ['-v', folder.path('restored.img')]);
    expect([status, sha256(stdout)]).toEqual([0, sha256(golden('ldev/cat.wlog'))]);
    expect(linesOf(err)).toHaveLength(8);
    expect(goldenLines('ldev/cat.txt')).toHaveLength(1);
    counter.check('ldev/cat.wlog');
    counter.check('ldev/cat.txt');
    expect(linesOf((await run('wlog-show', ['-head', '-pack', goldenPath('ldev/cat.wlog')])).out)).toEqual(
      goldenLines('ldev/cat.show.txt'),
    );
    counter.check('ldev/cat.show.txt');
  });

  it('is replayed on a data device as its wlog is', async () => {
    const ddev = folder.write('ddev.img', new Uint8Array(4 << 20));
    expect((await run('wdev-redo', ['-z', folder.path('restored.img'), ddev])).status).toBe(0);
    const digest = goldenLines('wlog/a512.redo.sha256').find((line) =>
      line.endsWith('wlog-redo-z base.zero'),
    );
    expect(sha256(folder.read('ddev.img'))).toBe(digest?.split(' ')[0]);
    const { out } = await run('wldev-info', [folder.path('restored.img')]);
    expect(out).toContain('oldestLsid: 0\nwrittenLsid: 606\n');
  });
});

it.skipIf(absent)('leaves no golden file of log devices out', () => {
  expect(counter.missing()).toEqual([]);
});

it.skipIf(absent).each(['b-two-diffs', 'e-storage-with-log'])(
  'the log device of %s has its super sector',
  async (moment) => {
    const image = folder.write('moment.img', gunzipSync(golden(`base/${moment}/log-device.img.gz`)));
    const text = goldenLines(`base/${moment}/device.txt`);
    const { out } = await run('wldev-info', [image]);
    expect(linesOf(out)).toEqual(text.slice(text.indexOf('wldev-info') + 1).filter((line) => line !== ''));
  },
);

const showPacks = async (image: string, ...options: string[]) =>
  linesOf((await run('wldev-show', ['-pack', ...options, image])).out).filter((line) =>
    line.startsWith('wlog_'),
  );

describe.each([512, 4096])('a ring of blocks of %d bytes', (pbs) => {
  it('takes a log over its end, behind a padding, and gives the same blocks', async () => {
    const wlog = await makeWlog(SMALL_LOG, { pbs });
    const plain = folder.write('plain.img', new Uint8Array(2048 * 512));
    const moved = folder.write('moved.img', new Uint8Array(2048 * 512));
    expect((await run('wlog-redo', ['-z', plain], { stdin: wlog })).status).toBe(0);
    let padded = 0;
    for (let ringPb = 24; ringPb < 40; ringPb++) {
      const ldev = logImage(folder, 'ring.img', ringPb, 0, pbs);
      const restored = await run('wlog-restore', ['--verify', ldev], { stdin: wlog });
      expect([restored.status, restored.err]).toEqual([0, '']);
      const range = /Restored lsid range \[310, (\d+)\]/.exec(restored.out);
      const shown = await run('wldev-show', [ldev]);
      expect(shown.out).toContain(`reallyEndLsid ${range?.[1]}\n`);
      const cat = await run('wlog-cat', [ldev]);
      expect((await run('wlog-show', ['-none', '-validate'], { stdin: cat.stdout })).status).toBe(0);
      folder.write('moved.img', new Uint8Array(2048 * 512));
      expect((await run('wlog-redo', ['-z', moved], { stdin: cat.stdout })).status).toBe(0);
      expect(sha256(folder.read('moved.img'))).toBe(sha256(folder.read('plain.img')));
      const packs = linesOf(shown.out).filter((line) => line.startsWith('wlog_p'));
      if (packs.length > SMALL_LOG.length) padded++;
    }
    expect(padded).toBeGreaterThan(0);
  });
});

describe('wlog-restore', () => {
  it('refuses a log that is larger than the ring before it ends', async () => {
    const ldev = logImage(folder, 'small.img', 10, 0);
    const before = (await run('wldev-info', [ldev])).out;
    const { status, err } = await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
    expect(status).toBe(1);
    expect(err).toMatch(/ERROR wlog-restore:overflow: the ring of 10 blocks cannot hold the log\n$/);
    expect((await run('wldev-info', [ldev])).out).toBe(before);
  });

  it('refuses another block size and damaged data', async () => {
    const ldev = logImage(folder, 'other.img', 100, 0, 4096);
    const other = await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
    expect(other.err).toContain('Physical block size differs');
    const damaged = await makeWlog(SMALL_LOG, { pbs: 4096 });
    damaged[4096 * 2 + 5] ^= 1;
    const { status, err } = await run('wlog-restore', [ldev], { stdin: damaged });
    expect([status, err.includes('wlog file corrupt')]).toEqual([1, true]);
  });

  it('moves lsids by a difference of either sign', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    for (const [diff, lsid] of [
      ['-300', 10],
      ['0x10', 326],
    ] as const) {
      const ldev = logImage(folder, 'diff.img', 60, 0);
      const { out, status } = await run('wlog-restore', ['-d', diff, ldev], { stdin: wlog });
      expect(status).toBe(0);
      expect(out).toContain(`Lsid map 310 to ${lsid} (diff ${Number(diff)})\n`);
      expect((await run('wldev-info', [ldev])).out).toContain(`oldestLsid: ${lsid}\nwrittenLsid: ${lsid}\n`);
      expect((await showPacks(ldev))[0]).toMatch(new RegExp(`^wlog_p: lsid +${lsid} `));
    }
    const { status } = await run('wlog-restore', ['-d', '-311', logImage(folder, 'neg.img', 60, 0)], {
      stdin: wlog,
    });
    expect(status).toBe(1);
  });

  it('makes records behind the end of the device harmless', async () => {
    const ldev = logImage(folder, 'clip.img', 60, 0);
    expect((await run('wlog-restore', ['-s', '45', ldev], { stdin: await makeWlog(SMALL_LOG) })).status).toBe(
      0,
    );
    expect((await showPacks(ldev)).map((line) => line.replace(/ csum.*/, ''))).toEqual([
      'wlog_p: lsid        310 total    3 n_rec  2 n_pad  0',
      'wlog_r: lsid        311    1 io         40    2 flags E--',
      'wlog_r: lsid        313    3 io          7    1 flags E--',
      'wlog_p: lsid        314 total    5 n_rec  2 n_pad  1',
      'wlog_r: lsid        315    1 io          0    2 flags EP-',
      'wlog_r: lsid        317    3 io          0    3 flags EP-',
      'wlog_p: lsid        320 total    4 n_rec  1 n_pad  0',
      'wlog_r: lsid        321    1 io         41    4 flags E--',
    ]);
  });

  it('restores a range of packs, and zeros the block of an lsid', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const ldev = logImage(folder, 'range.img', 60, 0);
    const { out } = await run('wlog-restore', ['-b', '311', '-e', '320', ldev], { stdin: wlog });
    expect(out).toContain('Restored lsid range [314, 320]\n');
    expect((await showPacks(ldev)).filter((line) => line.startsWith('wlog_p'))).toHaveLength(1);
    await run('wlog-restore', ['-i', '320', ldev], { stdin: wlog });
    expect((await showPacks(ldev)).filter((line) => line.startsWith('wlog_p'))).toHaveLength(2);
  });
});

describe('tools on a log device', () => {
  let ldev: string;
  beforeAll(async () => {
    ldev = logImage(folder, 'tools.img', 60, 0);
    await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
  });

  it('begin at the oldest lsid unless forced, and end where they are told', async () => {
    expect(await showPacks(ldev, '-b', '5')).toHaveLength(3 + 7);
    expect(await showPacks(ldev, '-b', '314', '-e', '320')).toHaveLength(3);
    expect(await showPacks(ldev, '-b', '314', '-e', '315')).toHaveLength(3);
    expect((await run('wldev-show', ['-f', '-stat', ldev])).out).toContain('reallyEndLsid 0\nnrPacks 0\n');
    const bad = await run('wlog-cat', ['-e', '310', ldev]);
    expect([bad.status, bad.out]).toEqual([1, '']);
    expect(bad.err).toContain('bad lsid range');
    const cat = await run('wlog-cat', ['-b', '314', '-e', '320', ldev]);
    expect(linesOf((await run('wlog-show', ['-head', '-stat'], { stdin: cat.stdout })).out)).toEqual([
      expect.stringMatching(/lsid 314 320$/),
      'bgnLsid 314',
      'endLsid 320',
      'reallyEndLsid 320',
      'nrPacks 1',
      'normalLb 3',
      'discardLb 0',
      'paddingPb 2',
    ]);
  });

  it('show only packs that touch a range', async () => {
    const found = await showPacks(ldev, '-search', '-addr', '43', '-iosize', '10');
    expect(found.map((line) => line.slice(0, 24))).toEqual([
      'wlog_p: lsid        320 ',
      'wlog_r: lsid        321 ',
      'wlog_r: lsid        325 ',
    ]);
    expect(await showPacks(ldev, '-search', '-addr', '1063')).toHaveLength(4);
    expect(await showPacks(ldev, '-search', '-addr', '1064')).toHaveLength(0);
  });

  it('find headers anywhere, whole, with a wrong check sum, or broken', async () => {
    const found = await run('search-lsid', [ldev, '314', '320', '999']);
    expect(linesOf(found.out).filter((line) => !line.startsWith('wlog'))).toEqual([
      'addr[pb]: 24',
      'lsid: 314',
      'valid (w/i checksum)',
      'addr[pb]: 30',
      'lsid: 320',
      'valid (w/i checksum)',
    ]);
    // Blocks of zeros are no headers of lsid 0.
    expect((await run('search-lsid', [ldev, '0'])).out).toBe('');
    const image = folder.read('tools.img');
    image[24 * 512] ^= 1;
    image[30 * 512 + 24 + 4] = 0;
    const damaged = await run('search-lsid', [
      '-bgn',
      '24',
      '-end',
      '31',
      folder.write('s.img', image),
      '314',
      '0x140',
    ]);
    expect(linesOf(damaged.out).filter((line) => !line.startsWith('wlog'))).toEqual([
      'addr[pb]: 24',
      'lsid: 314',
      'valid (w/o checksum)',
      'addr[pb]: 30',
      'lsid: 320',
      'invalid',
    ]);
  });

  it('dump raw blocks, over the end of the ring too', async () => {
    const one = await run('wldev-dump', [ldev, '314', '315', '-o', folder.path('block.bin')]);
    expect(one.status).toBe(0);
    expect(
      Buffer.compare(folder.read('block.bin'), folder.read('tools.img').subarray(24 * 512, 25 * 512)),
    ).toBe(0);
    const shown = await run('wlog-show-raw', [folder.path('block.bin'), '512', '0xcafe']);
    expect(linesOf(shown.out)).toHaveLength(3);
    const bad = await run('wlog-show-raw', [folder.path('block.bin'), '512', '0xcaff']);
    expect([bad.status, bad.out]).toEqual([1, '']);
    expect(bad.err).toContain('invalid logpack header: ');
    const image = folder.read('tools.img');
    const ring = image.subarray(10 * 512, 70 * 512);
    const laps = await run('wldev-dump', [ldev, '359', '422']);
    expect(sha256(laps.stdout)).toBe(
      sha256(Buffer.concat([ring.subarray(59 * 512), ring, ring.subarray(0, 2 * 512)])),
    );
  });

  it('refuse what is no log device', async () => {
    const image = folder.read('tools.img');
    image[4096 + 20] ^= 1;
    for (const [bytes, message] of [
      [image, 'the super sector must have a valid checksum (at byte 4100 of '],
      [new Uint8Array(100_000), 'a super sector must have sector type 1, got 0 (at byte 4096 of '],
      [new Uint8Array(4096), 'eof error: a log device must have a super sector (at byte 4096 of '],
      [folder.read('tools.img').slice(0, 69 * 512), 'the ring buffer of 60 blocks must be inside the device'],
    ] as const) {
      const { status, err } = await run('wldev-info', [folder.write('bad.img', bytes)]);
      expect(status).toBe(1);
      expect(err).toContain(message);
    }
  });
});

describe('a log with a bad IO', () => {
  /** The log with the data of record `lsid` damaged. */
  async function damagedLog(lsid: number): Promise<string> {
    const ldev = logImage(folder, 'cut.img', 60, 0);
    await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
    const image = folder.read('cut.img');
    image[(10 + (lsid % 60)) * 512] ^= 1;
    return folder.write('cut.img', image);
  }

  const packs = async (bytes: Uint8Array) =>
    linesOf((await run('wlog-show', ['-pack'], { stdin: bytes })).out).map((line) =>
      line.slice(0, 24).trim(),
    );

  it('is extracted up to there, its pack cut, or with -s whole', async () => {
    const cut = await run('wlog-cat', [await damagedLog(313)]);
    expect(await packs(cut.stdout)).toEqual([
      'wlog_p: lsid        310',
      'wlog_r: lsid        311',
      'wlog_r: lsid        313',
    ]);
    const none = await run('wlog-cat', [await damagedLog(311)]);
    expect([none.status, await packs(none.stdout)]).toEqual([0, ['']]);
    const whole = await run('wlog-cat', ['-s', await damagedLog(313)]);
    expect(await packs(whole.stdout)).toHaveLength(10);
  });

  it('is replayed up to there, and cut on the log device', async () => {
    const ldev = await damagedLog(313);
    const ddev = folder.write('ddev.img', new Uint8Array(2048 * 512));
    const { status, out } = await run('wdev-redo', [ldev, ddev]);
    expect(status).toBe(0);
    expect(out).toContain('Applied lsid range [310, 313)\nnormal:           2 LB\n');
    expect((await run('wldev-info', [ldev])).out).toContain('oldestLsid: 310\nwrittenLsid: 313\n');
    expect((await showPacks(ldev)).map((line) => line.slice(0, 24).trim())).toEqual([
      'wlog_p: lsid        310',
      'wlog_r: lsid        311',
      'wlog_r: lsid        313',
    ]);
    // Doing it again does nothing.
    const before = sha256(folder.read('cut.img'));
    expect((await run('wdev-redo', [ldev, ddev])).out).toContain('Applied lsid range [313, 313)');
    expect(sha256(folder.read('cut.img'))).toBe(before);
  });

  it('gets an end block when nothing of its pack is left, unless it is the first', async () => {
    const ddev = folder.write('ddev.img', new Uint8Array(2048 * 512));
    const last = await damagedLog(321);
    await run('wdev-redo', [last, ddev]);
    expect((await run('wldev-info', [last])).out).toContain('writtenLsid: 320\n');
    const image = folder.read('cut.img');
    const block = image.subarray((10 + 20) * 512, (10 + 21) * 512);
    expect([...block.subarray(4, 16)]).toEqual([3, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    const first = await damagedLog(311);
    const before = sha256(folder.read('cut.img'));
    expect((await run('wdev-redo', [first, ddev])).out).toContain('Applied lsid range [310, 310)');
    expect(sha256(folder.read('cut.img'))).toBe(before);
  });

  it('is not replayed on a data device that is too small', async () => {
    const ldev = logImage(folder, 'toobig.img', 60, 0);
    const ops: LogOp[][] = [[{ write: 99, sizeLb: 2, byte: 1 }]];
    await run('wlog-restore', [ldev], { stdin: await makeWlog(ops) });
    const { status, err } = await run('wdev-redo', [
      ldev,
      folder.write('tiny.img', new Uint8Array(100 * 512)),
    ]);
    expect([status, err.includes('the data device must hold all blocks')]).toEqual([1, true]);
    expect((await run('wldev-info', [ldev])).out).toContain('writtenLsid: 310\n');
  });
});
