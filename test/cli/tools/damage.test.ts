import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, linesOf, type RunResult, run } from './kit.ts';
import { makeWlog, SMALL_LOG } from './log-kit.ts';

/** Every place where something begins or ends, and some between. */
function places(sizeBytes: number): number[] {
  const found = new Set<number>();
  for (let at = 0; at < sizeBytes; at += 41) found.add(at);
  for (let at = 0; at <= sizeBytes; at += 512) for (const near of [at - 1, at, at + 1]) found.add(near);
  for (const near of [4, 31, 32, 33, 4127, 4128, 4129, sizeBytes - 24, sizeBytes - 25]) found.add(near);
  return [...found].filter((at) => at >= 0 && at < sizeBytes);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 0x10;
  return copy;
}

const folder = new Folder();
let wlog: Uint8Array;
let sorted: Uint8Array;
let indexed: Uint8Array;

beforeAll(async () => {
  wlog = await makeWlog(SMALL_LOG);
  sorted = (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout;
  indexed = (await run('wlog-to-wdiff', ['-indexed', '-x', '1K'], { stdin: wlog })).stdout;
});

/** One error line that names the place, and nothing that was left behind. */
function expectRefusal(result: RunResult, tool: string, name: string): void {
  expect(result.status).toBe(1);
  const errors = linesOf(result.err).filter((line) => line.includes(` ERROR ${tool}:`));
  expect(errors).toHaveLength(1);
  const place = /\(at byte (\d+) of (.+)\)$/.exec(errors[0]);
  expect(place?.[2]).toBe(name);
}

const placeOf = (result: RunResult) => Number(/\(at byte (\d+) of/.exec(result.err)?.[1]);

describe('a wlog', () => {
  it('that is cut anywhere is refused, and no wdiff is left behind', async () => {
    for (const at of places(wlog.length)) {
      const path = folder.write('cut.wlog', wlog.slice(0, at));
      for (const form of [[], ['-indexed']]) {
        const result = await run('wlog-to-wdiff', [...form, '-i', path, '-o', folder.path('out.wdiff')]);
        expectRefusal(result, 'wlog-to-wdiff', path);
        expect(placeOf(result)).toBeLessThanOrEqual(at);
      }
    }
    expect(folder.names()).toEqual(['cut.wlog']);
  });

  it('with a flipped bit anywhere is refused or converts to the same', async () => {
    let same = 0;
    for (const at of places(wlog.length)) {
      const result = await run('wlog-to-wdiff', [], { stdin: flipped(wlog, at) });
      if (result.status === 0) {
        expect(Buffer.compare(result.stdout, sorted), `${at}`).toBe(0);
        same++;
      } else {
        expectRefusal(result, 'wlog-to-wdiff', 'standard input');
        // Not before the damage ... but for the block that it is in.
        expect(placeOf(result)).toBeLessThanOrEqual(at);
        expect(placeOf(result)).toBeGreaterThan(at - 4096);
      }
    }
    // The content of paddings does not matter.
    expect(same).toBeGreaterThan(10);
  });

  it('that is cut is shown as far as it goes, and then refused', async () => {
    // Behind the second pack, at lsid 321: 3 and 5 blocks of data with their headers.
    const cut = wlog.slice(0, 4096 + 10 * 512);
    const shown = await run('wlog-show', ['-pack'], { stdin: cut });
    expectRefusal(shown, 'wlog-show', 'standard input');
    expect(linesOf(shown.out).filter((line) => line.startsWith('wlog_p'))).toHaveLength(2);
    expect(shown.err).toContain(
      'the wlog must go on or have its end block at lsid 320, but the file ends (at byte 9216',
    );
    const accepted = await run('wlog-show', ['-pack', '-noend'], { stdin: cut });
    expect([accepted.status, accepted.err, accepted.out]).toEqual([0, '', shown.out]);
    expect((await run('wlog-to-wdiff', ['-noend'], { stdin: cut })).err).toBe('converted until lsid 320\n');
  });

  it('with damaged data is shown, and -validate says which', async () => {
    const damaged = flipped(wlog, 4096 + 512 + 100);
    expect((await run('wlog-show', ['-stat'], { stdin: damaged })).status).toBe(0);
    const result = await run('wlog-show', ['-none', '-validate'], { stdin: damaged });
    expect([result.status, result.out]).toEqual([1, '']);
    expect(result.err).toMatch(
      /ERROR wlog-show:NG:wlog_r: lsid {8}311 .* csum [0-9a-f]{8}:[0-9a-f]{8} \(at byte 4608 of standard input\)\n$/,
    );
  });

  it('with damaged data is replayed up to there, or with -skipcsum whole', async () => {
    const damaged = flipped(wlog, 4096 + 512 + 100);
    const image = folder.write('disk.img', new Uint8Array(2000 * 512));
    const result = await run('wlog-redo', [image], { stdin: damaged });
    expectRefusal(result, 'wlog-redo', 'standard input');
    expect(placeOf(result)).toBe(4608);
    const skipped = await run('wlog-redo', ['-skipcsum', image], { stdin: damaged });
    expect(skipped.status).toBe(0);
    expect(linesOf(skipped.out).slice(0, 6)).toEqual([
      'Applied lsid range [310, 325)',
      'normal:          10 LB',
      'discard:          0 LB',
      'allZero:          0 LB',
      'ignored:         72 LB',
      'padding:          2 PB',
    ]);
    expect(folder.read('disk.img')[40 * 512 + 100] ^ 0x10).toBe(0x58);
  });
});

describe.each([
  ['sorted', () => sorted],
  ['indexed', () => indexed],
])('a wdiff, %s,', (_form, bytesOf) => {
  const merge = (path: string) => run('wdiff-merge', ['-i', path, '-o', folder.path('out.wdiff')]);

  it('that is cut anywhere is refused, and nothing is left behind', async () => {
    folder.write('cut.wdiff', bytesOf());
    const before = folder.names();
    for (const at of places(bytesOf().length)) {
      const path = folder.write('cut.wdiff', bytesOf().slice(0, at));
      const merged = await merge(path);
      expectRefusal(merged, 'wdiff-merge', path);
      expect(placeOf(merged)).toBeLessThanOrEqual(at);
      const shown = await run('wdiff-show', [path]);
      expect(shown.status).toBe(1);
    }
    expect(folder.names()).toEqual(before);
  });

  it('with a flipped bit anywhere is refused or merges to the same', async () => {
    const good = (await run('wdiff-merge', ['-i', folder.write('good.wdiff', bytesOf())])).stdout;
    let same = 0;
    for (const at of places(bytesOf().length)) {
      const path = folder.write('flipped.wdiff', flipped(bytesOf(), at));
      const merged = await run('wdiff-merge', ['-i', path]);
      const shown = await run('wdiff-show', ['-csum', path]);
      expect(shown.status, `${at}`).toBe(merged.status);
      if (merged.status === 0) {
        expect(Buffer.compare(merged.stdout, good)).toBe(0);
        same++;
      } else {
        expectRefusal(merged, 'wdiff-merge', path);
      }
    }
    // Images that nothing refers to, and the bytes before the index.
    if (bytesOf() === sorted) expect(same).toBe(0);
  });
});

describe('a failing output', () => {
  it('is an error and leaves the old file as it was', async () => {
    const out = folder.write('old.wdiff', sorted);
    const bad = folder.write('bad.wdiff', sorted.slice(0, 5000));
    const before = folder.names();
    expect((await run('wdiff-merge', ['-i', bad, '-o', out])).status).toBe(1);
    expect(Buffer.compare(folder.read('old.wdiff'), sorted)).toBe(0);
    expect(folder.names()).toEqual(before);
    const nowhere = await run('wlog-to-wdiff', ['-o', folder.path('none/out.wdiff')], { stdin: wlog });
    expect(nowhere.status).toBe(1);
    expect(nowhere.err).toMatch(
      /ERROR wlog-to-wdiff:.*none.out.wdiff: no such file or directory \(ENOENT\)\n$/,
    );
  });

  it('to a device that takes no data is an error', async () => {
    const result = await run('wlog-to-wdiff', ['-o', '/dev/full'], { stdin: wlog });
    expect(result.status).toBe(1);
    expect(result.err).toMatch(/ERROR wlog-to-wdiff:.*ENOSPC/);
    expect((await run('wlog-to-wdiff', ['-o', '/dev/null'], { stdin: wlog })).status).toBe(0);
  });
});

describe('an indexed wdiff', () => {
  it('cannot come through a pipe, but from a redirected file', async () => {
    const image = folder.write('disk.img', new Uint8Array(2000 * 512));
    const piped = await run('wdiff-redo', [image], { stdin: indexed });
    expectRefusal(piped, 'wdiff-redo', 'standard input');
    expect(piped.err).toContain('an indexed wdiff must be a regular file');
    expect((await run('wdiff-redo', [image], { stdin: indexed, stdinIsFile: true })).status).toBe(0);
    expect((await run('wdiff-show', ['-'], { stdin: indexed })).status).toBe(1);
    expect((await run('wdiff-show', ['-'], { stdin: indexed, stdinIsFile: true })).status).toBe(0);
  });
});
