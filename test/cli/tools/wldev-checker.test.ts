import { getEventListeners } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../../core/format/checksum.ts';
import type { LsidSet } from '../../../core/world/index.ts';
import { WALB_PATHS, type WalbHost, walbHost } from '../../../native/walb-host.ts';
import { Folder, linesOf, run } from './kit.ts';
import { logImage, makeWlog, SALT, SMALL_LOG } from './log-kit.ts';

const folder = new Folder();
const RING_PB = 400;
/** SMALL_LOG is at lsids 310 to 325, in packs at 310, 314 and 320. */
const placeOf = (lsid: number) => 5120 + lsid * 512;

async function image(): Promise<string> {
  const path = logImage(folder, 'ldev.img', RING_PB, 310);
  expect((await run('wlog-restore', [path], { stdin: await makeWlog(SMALL_LOG) })).status).toBe(0);
  return path;
}

function lsidsAt(permanent: number, changes: Partial<LsidSet> = {}): LsidSet {
  const all = { latest: permanent, completed: permanent, flush: permanent, permanent };
  return { ...all, written: 310, prevWritten: 310, oldest: 310, ...changes };
}

/** A driver that shows one set of lsids after the other, and then stops the checker. */
class Host implements WalbHost {
  readonly stop = new AbortController();
  readonly forgotten: number[] = [];
  isOverflowed = false;
  #asked = 0;
  readonly #path: string;
  readonly #moments: readonly LsidSet[];
  readonly #onAsk: (n: number) => void;

  constructor(path: string, moments: readonly LsidSet[], onAsk: (n: number) => void = () => undefined) {
    this.#path = path;
    this.#moments = moments;
    this.#onAsk = onAsk;
  }

  async lsids(): Promise<LsidSet> {
    const n = this.#asked++;
    this.#onAsk(n);
    if (n >= this.#moments.length) this.stop.abort();
    return this.#moments[Math.min(n, this.#moments.length - 1)];
  }

  isOverflow = async () => this.isOverflowed;
  logPath = () => this.#path;
  rawLogPath = async () => this.#path;

  async setOldestLsid(_name: string, lsid: number): Promise<void> {
    this.forgotten.push(lsid);
  }
}

const check = (host: Host, ...options: string[]) =>
  run('wldev-checker', [...options, 'disk-a'], {
    walbHost: host,
    stop: host.stop.signal,
    workFolder: folder.path('.'),
  });

describe('wldev-checker', () => {
  it('follows a log as it becomes permanent, pack by pack', async () => {
    const host = new Host(
      await image(),
      [310, 316, 316, 325, 325].map((at) => lsidsAt(at)),
    );
    const { status, err } = await check(host, '-csum', '-monpadding');
    expect([status, linesOf(err).map((line) => line.slice(24))]).toEqual([
      0,
      [
        'INFO wldev-checker:disk-a: begins at lsid 310',
        expect.stringContaining('padding: wlog_r: lsid        315'),
        'INFO wldev-checker:disk-a: stopped at lsid 325, 3 packs were valid',
      ],
    ]);
    const sums = linesOf(readFileSync(folder.path('disk-a.csum'), 'utf8')).map((line) => line.split('\t'));
    expect(sums.map(([lsid]) => Number(lsid))).toEqual(Array.from({ length: 15 }, (_, i) => 310 + i));
    const block = folder.read('ldev.img').subarray(placeOf(311), placeOf(312));
    expect(sums[1][1]).toBe(checksum(block, SALT).toString(16).padStart(8, '0'));
  });

  it('lets go of each pause when it is over', async () => {
    const counts: number[] = [];
    const host: Host = new Host(
      await image(),
      Array.from({ length: 20 }, () => lsidsAt(310)),
      () => counts.push(getEventListeners(host.stop.signal, 'abort').length),
    );
    expect((await check(host)).status).toBe(0);
    // Else Node warns from the eleventh on, and each holds memory while the checker runs.
    expect(counts).toEqual(counts.map(() => 0));
    expect(counts.length).toBeGreaterThanOrEqual(20);
  });

  it('keeps what is not valid, and reads it again until it is', async () => {
    const path = await image();
    const good = folder.read('ldev.img');
    const bad = good.slice();
    bad[placeOf(314) + 20] ^= 1;
    bad[placeOf(311)] ^= 1;
    folder.write('ldev.img', bad);
    const half = good.slice();
    half[placeOf(314) + 20] ^= 1;
    const host = new Host(
      path,
      Array.from({ length: 7 }, () => lsidsAt(325)),
      (n) => {
        if (n === 3) folder.overwrite('ldev.img', half);
        if (n === 5) folder.overwrite('ldev.img', good);
      },
    );
    const { status, err } = await check(host);
    const errors = linesOf(err).filter((line) => line.includes(' ERROR '));
    expect(status).toBe(0);
    expect(errors[0]).toMatch(
      /lsid 310: the data of record 0 must have the check sum [0-9a-f]{8}, got [0-9a-f]{8}; see logpackio-disk-a-310-0-20180102030405$/,
    );
    expect(errors[errors.length - 1]).toMatch(/lsid 314: .*; see logpackheader-disk-a-314-20180102030405$/);
    expect(err).toMatch(/stopped at lsid 325, 3 packs were valid\n$/);
    expect(folder.read('logpackio-disk-a-310-0-20180102030405').length).toBe(1024);
    expect(folder.read('logpackheader-disk-a-314-20180102030405').length).toBe(512);
  });

  it('lets the device forget what it has written, and zeroes it', async () => {
    const written = { written: 320, prevWritten: 314 };
    const host = new Host(await image(), [
      lsidsAt(310),
      lsidsAt(325, written),
      lsidsAt(325, { ...written, oldest: 314 }),
    ]);
    expect((await check(host, '-delete', '-zero')).status).toBe(0);
    expect(host.forgotten).toEqual([314]);
    const after = folder.read('ldev.img');
    expect(after.subarray(placeOf(310), placeOf(314)).every((byte) => byte === 0)).toBe(true);
    expect(after.subarray(placeOf(314), placeOf(315)).some((byte) => byte !== 0)).toBe(true);
  });

  it('wants the name of a device, not its path', async () => {
    const { status, err } = await run('wldev-checker', ['/dev/walb/0']);
    expect([status, err]).toEqual([1, expect.stringContaining('named without its path, 0 for /dev/walb/0')]);
  });

  it('ends when the log overflows or is a lap ahead', async () => {
    const path = await image();
    const ahead = await check(new Host(path, [lsidsAt(325, { latest: 311 + RING_PB })]));
    expect([ahead.status, ahead.err.includes('a lap ahead')]).toEqual([1, true]);
    const host = new Host(path, [lsidsAt(325)]);
    host.isOverflowed = true;
    const overflowed = await check(host, '-b', '314');
    expect([overflowed.status, overflowed.err.includes('the log has overflowed')]).toEqual([1, true]);
  });
});

describe('the driver', () => {
  const LSIDS =
    'latest       325\ncompleted    325\nflush        325\npermanent    320\nwritten      314\nprev_written 314\noldest       310\n';

  it('is read from sysfs, and told by wdevc', async () => {
    const attributes = folder.path('block/walb!disk-a/walb');
    mkdirSync(attributes, { recursive: true });
    mkdirSync(folder.path('devblock/7:3'), { recursive: true });
    writeFileSync(`${attributes}/lsids`, LSIDS);
    writeFileSync(`${attributes}/status`, 'read_only                0\nlog_overflow             1\n');
    writeFileSync(`${attributes}/ldev`, '7:3\n');
    writeFileSync(folder.path('devblock/7:3/uevent'), 'MAJOR=7\nMINOR=3\nDEVNAME=loop3\n');
    writeFileSync(folder.path('wdevc'), `#!/bin/sh\necho "$@" >> ${folder.path('said')}\n[ "$3" != 999 ]\n`);
    chmodSync(folder.path('wdevc'), 0o755);
    const host = walbHost({
      sysBlock: folder.path('block'),
      sysDevBlock: folder.path('devblock'),
      devWalb: '/dev/walb',
      dev: '/dev',
      wdevc: folder.path('wdevc'),
    });
    expect(await host.lsids('disk-a')).toEqual({
      latest: 325,
      completed: 325,
      flush: 325,
      permanent: 320,
      written: 314,
      prevWritten: 314,
      oldest: 310,
    });
    expect(await host.isOverflow('disk-a')).toBe(true);
    expect(await host.rawLogPath('disk-a')).toBe('/dev/loop3');
    expect([host.logPath('a', false), host.logPath('a', true)]).toEqual(['/dev/walb/La', '/dev/walb/Xa']);
    await host.setOldestLsid('disk-a', 314);
    await expect(host.setOldestLsid('disk-a', 999)).rejects.toThrow('set-oldest-lsid');
    const without = walbHost({ ...WALB_PATHS, wdevc: folder.path('no-wdevc') });
    await expect(without.setOldestLsid('disk-a', 314)).rejects.toThrow(
      /^the program .*no-wdevc was not found/,
    );
    expect(linesOf(readFileSync(folder.path('said'), 'utf8'))[0]).toBe(
      'set-oldest-lsid /dev/walb/disk-a 314',
    );
    writeFileSync(`${attributes}/lsids`, LSIDS.replace('oldest       310\n', ''));
    await expect(host.lsids('disk-a')).rejects.toThrow('must have a line of oldest');
    writeFileSync(`${attributes}/lsids`, LSIDS.replace('310', 'x'));
    await expect(host.lsids('disk-a')).rejects.toThrow('bad data');
    await expect(host.lsids('none')).rejects.toThrow('ENOENT');
  });
});
