import { describe, expect, it } from 'vitest';
import { Folder, linesOf, run } from './kit.ts';
import { logImage, makeWlog, SMALL_LOG } from './log-kit.ts';

const folder = new Folder();

describe('search-invalid-logpack', () => {
  const search = async (change: (image: Uint8Array) => void, ...options: string[]) => {
    const ldev = logImage(folder, 'search.img', 60, 0);
    await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
    await run('wdev-redo', [ldev, folder.write('search-data.img', new Uint8Array(2048 * 512))]);
    const image = folder.read('search.img');
    change(image);
    folder.write('search.img', image);
    const { status, err } = await run('search-invalid-logpack', [...options, ldev]);
    return [status, ...linesOf(err).map((line) => line.replace(/^.* INFO search-invalid-logpack:/, ''))];
  };
  /** The byte of an lsid in the image. */
  const at = (lsid: number) => (10 + (lsid % 60)) * 512;

  it('finds nothing in a whole log', async () => {
    expect(await search(() => undefined)).toEqual([0, '']);
  });

  it('finds bad data, and headers that are bad in each way', async () => {
    const found = await search((image) => {
      image[at(313)] ^= 1;
      image[at(314)] ^= 1;
    });
    expect(found).toEqual([
      1,
      'INVALID_LOGPACK_IO lsid 313 of the pack at 310',
      'LOGPACK_HEADER_INVALID_CHECKSUM lsid 314',
      'FOUND_VALID_LSID lsid 320',
    ]);
    const moved = await search((image) => image.copyWithin(at(320), at(310), at(311)));
    expect(moved).toEqual([1, 'LOGPACK_HEADER_INVALID_LSID lsid 320']);
    // The words add up, but the type is another.
    const other = await search((image) => {
      const view = new DataView(image.buffer, at(320));
      view.setUint32(4, view.getUint32(4, true) + 1, true);
      view.setUint32(0, view.getUint32(0, true) - 1, true);
    });
    expect(other).toEqual([1, 'LOGPACK_HEADER_INVALID_DATA lsid 320']);
  });

  it('looks between the oldest and the written lsid, or where it is told', async () => {
    expect(await search((image) => (image[at(314)] ^= 1), '-end', '314')).toEqual([0, '']);
    expect(await search(() => undefined, '-f', '-bgn', '320', '-end', '330')).toEqual([
      1,
      'LOGPACK_HEADER_INVALID_CHECKSUM lsid 325',
    ]);
    const empty = await run('search-invalid-logpack', [logImage(folder, 'empty.img', 60, 5)]);
    expect([empty.status, empty.err.includes('bad lsid range:5:5')]).toEqual([1, true]);
  });
});

it('verify_wldev compares the records of a range with a recipe', async () => {
  const ldev = logImage(folder, 'verify.img', 60, 0);
  await run('wlog-restore', [ldev], { stdin: await makeWlog(SMALL_LOG) });
  const recipe = Buffer.from('0 2 00000000\n100 3 00000000\n');
  const argv = ['-b', '310', '-e', '320', ldev];
  const short = await run('verify_wldev', argv, { stdin: recipe });
  expect([short.status, short.err.includes('no more input')]).toEqual([1, true]);
  const all = (await run('verify_wldev', [ldev], { stdin: Buffer.from('1 1 0\n'.repeat(7)) })).out;
  expect(linesOf(all).every((line) => line.startsWith('NG 1 1 00000000 wlog_r: '))).toBe(true);
  // What it prints at the end of each line is what a right recipe has.
  const right = linesOf(all).map((line) => {
    const [, place, size, sum] = /io +(\d+) +(\d+) .* ([0-9a-f]{8}) [0-9a-f]{8}$/.exec(line) ?? [];
    return `${place} ${size} ${sum}`;
  });
  const good = await run('verify_wldev', [ldev], { stdin: Buffer.from(right.join('\n')) });
  expect([good.status, good.err, linesOf(good.out).length]).toEqual([0, '', 7]);
});
