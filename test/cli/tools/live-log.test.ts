import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type WalbHost, walbHost } from '../../../native/walb-host.ts';
import { Folder, linesOf, run, sha256 } from './kit.ts';

/**
 * The log of a running walb device, recorded while several programs wrote to it (live-log/record.py): it begins in the
 * middle of the ring at lsid 6168, goes over its end behind a padding, and ends at 11932.
 */

const RECORDED = join(dirname(fileURLToPath(import.meta.url)), 'live-log');
const recorded = (name: string) => readFileSync(join(RECORDED, name));
const BEGIN = 6168;
const END = 11932;
const RING = 8182;
const PACKS = 218;
const folder = new Folder();
let log: string;
let before: Uint8Array;
const wanted = recorded('after.sha256').toString().trim();

beforeAll(() => {
  log = folder.write('log.img', gunzipSync(recorded('log.img.gz')));
  before = gunzipSync(recorded('before.img.gz'));
});

describe('the log of a running device', () => {
  it('is shown as the driver tells it', async () => {
    const info = linesOf((await run('wldev-info', [log])).out);
    expect(info).toEqual(
      expect.arrayContaining([`ringBufferSize: ${RING}`, `oldestLsid: ${BEGIN}`, `writtenLsid: ${BEGIN}`]),
    );
    const shown = linesOf((await run('wldev-show', ['-pack', '-stat', log])).out);
    expect(shown).toEqual(
      expect.arrayContaining([`reallyEndLsid ${END}`, `nrPacks ${PACKS}`, 'normalLb 5492', 'discardLb 602']),
    );
    expect(recorded('lsids').toString()).toContain(`latest       ${END}\n`);
    expect(sha256(before)).not.toBe(wanted);
  });

  it('is replayed to what the device holds, in every way', async () => {
    const ddev = folder.write('ddev.img', before);
    const ldev = folder.write('ldev.img', folder.read('log.img'));
    const redone = await run('wdev-redo', ['-z', ldev, ddev]);
    expect([redone.status, linesOf(redone.out)[0]]).toEqual([0, `Applied lsid range [${BEGIN}, ${END})`]);
    expect(sha256(folder.read('ddev.img'))).toBe(wanted);
    expect((await run('wldev-info', [ldev])).out).toContain(`\nwrittenLsid: ${END}\n`);
    // A second time there is nothing to do.
    expect(linesOf((await run('wdev-redo', ['-z', ldev, ddev])).out)[0]).toBe(
      `Applied lsid range [${END}, ${END})`,
    );

    const wlog = (await run('wlog-cat', [log])).stdout;
    const byLog = folder.write('by-log.img', before);
    expect((await run('wlog-redo', ['-d', byLog], { stdin: wlog })).status).toBe(0);
    expect(sha256(folder.read('by-log.img'))).toBe(wanted);

    for (const form of [[], ['-indexed']]) {
      const { stdout } = await run('wlog-to-wdiff', form, { stdin: wlog });
      const path = folder.write('by-diff.img', before);
      const options = { stdin: stdout, stdinIsFile: true };
      expect((await run('wdiff-redo', ['-z', path], options)).status).toBe(0);
      expect(sha256(folder.read('by-diff.img'))).toBe(wanted);
    }
  });

  it('has each pack where its lsid is searched, and no damage that was not done to it', async () => {
    const packs = linesOf((await run('wldev-show', ['-pack', log])).out).filter((line) =>
      line.startsWith('wlog_p'),
    );
    const lsids = packs.map((line) => Number(line.slice(13, 24)));
    const found = linesOf((await run('search-lsid', [log, ...lsids.map(String)])).out);
    expect(found.filter((line) => line === 'valid (w/i checksum)')).toHaveLength(PACKS);
    const places = found
      .filter((line) => line.startsWith('addr[pb]: '))
      .map((line) => Number(line.slice(10)));
    expect(places).toEqual(lsids.map((lsid) => 10 + (lsid % RING)).sort((a, b) => a - b));

    const range = ['-f', '-bgn', String(BEGIN), '-end', String(END)];
    const sound = await run('search-invalid-logpack', [...range, log]);
    expect([sound.status, sound.err]).toEqual([0, '']);
    const bytes = folder.read('log.img');
    bytes[(10 + (lsids[100] % RING)) * 512 + 20] ^= 1;
    const { status, err } = await run('search-invalid-logpack', [...range, folder.write('bad.img', bytes)]);
    expect([status, linesOf(err).map((line) => line.slice(24))]).toEqual([
      1,
      [
        `INFO search-invalid-logpack:LOGPACK_HEADER_INVALID_CHECKSUM lsid ${lsids[100]}`,
        `INFO search-invalid-logpack:FOUND_VALID_LSID lsid ${lsids[101]}`,
      ],
    ]);
  });
});

describe('wldev-checker', () => {
  /** The driver as it was recorded, which stops the checker when it has asked so often. */
  function recordedHost(asks: number): { host: WalbHost; stop: AbortController } {
    const attributes = folder.path('block/walb!r/walb');
    const numbers = recorded('ldev').toString().trim();
    mkdirSync(attributes, { recursive: true });
    mkdirSync(folder.path(`devblock/${numbers}`), { recursive: true });
    for (const name of ['lsids', 'status', 'ldev']) folder.write(`block/walb!r/walb/${name}`, recorded(name));
    folder.write(`devblock/${numbers}/uevent`, recorded('uevent'));
    mkdirSync(folder.path('dev'), { recursive: true });
    const device = /DEVNAME=(.*)/.exec(recorded('uevent').toString())?.[1] ?? '';
    folder.write('live.img', folder.read('log.img'));
    for (const name of [`dev/${device}`, 'dev/Lr']) symlinkSync(folder.path('live.img'), folder.path(name));
    const said = `#!/bin/sh\necho "$@" >> ${folder.path('said')}\n`;
    chmodSync(folder.write('wdevc', new TextEncoder().encode(said)), 0o755);
    const host = walbHost({
      sysBlock: folder.path('block'),
      sysDevBlock: folder.path('devblock'),
      devWalb: folder.path('dev'),
      dev: folder.path('dev'),
      wdevc: folder.path('wdevc'),
    });
    const stop = new AbortController();
    let asked = 0;
    const lsids = async (name: string) => {
      if (++asked === asks) stop.abort();
      return await host.lsids(name);
    };
    return { host: { ...host, lsids }, stop };
  }

  it('follows it round the ring, and lets go of what is written', async () => {
    const { host, stop } = recordedHost(6);
    const { status, err } = await run('wldev-checker', ['-monpadding', '-csum', '-delete', '-zero', 'r'], {
      walbHost: host,
      stop: stop.signal,
      workFolder: folder.path('.'),
    });
    expect([status, linesOf(err).map((line) => line.slice(24))]).toEqual([
      0,
      [
        `INFO wldev-checker:r: begins at lsid ${BEGIN}`,
        expect.stringContaining('padding: wlog_r: lsid'),
        `INFO wldev-checker:r: stopped at lsid ${END}, ${PACKS} packs were valid`,
      ],
    ]);
    expect(linesOf(readFileSync(folder.path('r.csum'), 'utf8'))).toHaveLength(END - BEGIN);
    // What was checked is not behind the last checkpoint of the device: nothing may be forgotten yet.
    expect(folder.names()).not.toContain('said');
  });
});
