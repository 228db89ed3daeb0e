import { describe, expect, it } from 'vitest';
import { bytesText, durationText, type Progress, ProgressMeter, progressText } from '../../cli/progress.ts';
import { Folder, run } from './tools/kit.ts';
import { logImage } from './tools/log-kit.ts';

const folder = new Folder();

describe('progress', () => {
  it('is bytes, rate and time left', () => {
    expect(progressText(0, 1 << 30, 0)).toBe('0% of 1.0 GiB, 0 B/s');
    expect(progressText(256 << 20, 1 << 30, 2000)).toBe('25% of 1.0 GiB, 128 MiB/s, 0:06 left');
    expect(progressText(5_000_000, null, 1000)).toBe('4.8 MiB, 4.8 MiB/s');
    expect(progressText(2048, 1024, 1000)).toBe('100% of 1.0 KiB, 2.0 KiB/s, 0:00 left');
    expect([bytesText(0), bytesText(1023), bytesText(2 ** 50)]).toEqual(['0 B', '1023 B', '1024 TiB']);
    expect([durationText(59.2), durationText(3725)]).toEqual(['1:00', '1:02:05']);
  });

  it('shows on terminals only, not for short work, and is taken away', () => {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    let nowMs = 0;
    const meter = new ProgressMeter({ isTTY: true, write }, () => nowMs);
    meter.expect(1000);
    const steps = [100, 499, 500, 600, 700, 720].map((at) => {
      nowMs = at;
      meter.add(100);
      return written.length;
    });
    expect(steps).toEqual([0, 0, 1, 1, 2, 2]);
    expect(written[1]).toBe('\r\x1b[K50% of 1000 B, 714 B/s, 0:01 left');
    meter.clear();
    meter.clear();
    expect(written.slice(2)).toEqual(['\r\x1b[K']);
    const pipe = new ProgressMeter({ write }, () => 10_000);
    pipe.add(1);
    pipe.clear();
    expect(written).toHaveLength(3);
  });
});

/** A progress that only adds up; `expected` is null once nobody knows. */
function summing(): { progress: Progress; seen: { expected: number | null; done: number } } {
  const seen: { expected: number | null; done: number } = { expected: 0, done: 0 };
  const progress: Progress = {
    expect: (bytes) => {
      seen.expected = bytes === null || seen.expected === null ? null : seen.expected + bytes;
    },
    add: (bytes) => {
      seen.done += bytes;
    },
  };
  return { progress, seen };
}

describe('tools', () => {
  it('tell how much of a log device they have read, and of a log they have made', async () => {
    const made = summing();
    const gen = ['-s', '1M', '-z', '256K', '--seed', '3', '--lsid', '310'];
    const { stdout } = await run('wlog-gen', gen, { progress: made.progress });
    expect(made.seen.expected).toBe(256 << 10);
    // Behind it the header and the end block.
    expect(made.seen.done).toBe(stdout.length - 4096 - 512);
    const ringPb = 4096;
    const image = logImage(folder, 'ldev.img', ringPb, 310);
    const restored = summing();
    const options = { stdin: stdout, progress: restored.progress };
    expect((await run('wlog-restore', [image], options)).status).toBe(0);
    expect(restored.seen).toEqual({ expected: null, done: stdout.length });
    const endLsid = 310 + made.seen.done / 512;
    const wholeLog = { expected: made.seen.done, atLeast: made.seen.done };
    for (const [tool, words, { expected, atLeast }] of [
      ['wlog-cat', [image], { expected: null, atLeast: made.seen.done }],
      ['wlog-cat', ['-e', `${endLsid}`, image], wholeLog],
      // It passes over the data of the last pack.
      [
        'wldev-show',
        ['-stat', '-e', `${endLsid}`, image],
        { expected: made.seen.done, atLeast: made.seen.done / 2 },
      ],
      ['wldev-dump', [image, '310', `${endLsid}`], wholeLog],
      ['search-lsid', [image, '310'], { expected: ringPb * 512, atLeast: ringPb * 512 }],
      [
        'search-invalid-logpack',
        ['-f', '-bgn', '310', '-end', `${endLsid}`, image],
        { expected: made.seen.done, atLeast: 512 },
      ],
      [
        'wdev-redo',
        [image, folder.write('ddev.img', new Uint8Array(1 << 20))],
        { expected: null, atLeast: made.seen.done },
      ],
    ] as const) {
      const { progress, seen } = summing();
      expect([tool, (await run(tool, words, { progress })).status]).toEqual([tool, 0]);
      expect([tool, seen.expected]).toEqual([tool, expected]);
      expect([tool, seen.done]).toSatisfy(([, done]) => done >= atLeast);
    }
  });

  it('tell how much of their inputs they have read', async () => {
    const wlog = folder.path('a.wlog');
    const made = ['-s', '4M', '-z', '256K', '--seed', '3', '-o'];
    await run('wlog-gen', [...made, wlog]);
    const sizeBytes = folder.read('a.wlog').length;
    const seen = { expected: 0, done: 0 };
    const progress = {
      expect: (bytes: number | null) => {
        seen.expected += bytes ?? 0;
      },
      add: (bytes: number) => {
        seen.done += bytes;
      },
    };
    const wdiff = folder.path('a.wdiff');
    expect((await run('wlog-to-wdiff', ['-i', wlog, '-o', wdiff], { progress })).status).toBe(0);
    expect(seen).toEqual({ expected: sizeBytes, done: sizeBytes });
    Object.assign(seen, { expected: 0, done: 0 });
    const merged = ['-i', wdiff, wdiff, '-o', folder.path('m.wdiff')];
    expect((await run('wdiff-merge', merged, { progress })).status).toBe(0);
    expect(seen.expected).toBe(2 * folder.read('a.wdiff').length);
    expect(seen.done).toBeGreaterThanOrEqual(seen.expected);
    Object.assign(seen, { expected: 0, done: 0 });
    expect((await run('bhash', [wlog], { progress })).status).toBe(0);
    expect(seen).toEqual({ expected: sizeBytes, done: sizeBytes });
  });
});
