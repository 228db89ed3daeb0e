import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../../../fixed-seed.ts';
import { alignedDevice } from '../../../../core/server/archive/aligned-device.ts';
import { CachedFile } from '../../../../core/server/archive/cached-file.ts';
import {
  baseLvName,
  coldLvName,
  coldToBaseLvName,
  parseLvName,
  restoredLvName,
  restoringLvName,
} from '../../../../core/server/archive/lv-names.ts';
import {
  archiveOptionLines,
  archiveOptions,
  parseArchiveArguments,
} from '../../../../core/server/archive/options.ts';
import { ScanSleeper } from '../../../../core/server/archive/scan-sleeper.ts';
import { WatchedMutex } from '../../../../core/server/archive/watched-mutex.ts';
import type { BlockDevice, Clock, World } from '../../../../core/world/index.ts';

describe('names of block volumes', () => {
  it('say what they are', () => {
    expect(parseLvName(baseLvName('vol-0'))).toEqual({ role: 'base', volId: 'vol-0', gid: null });
    expect(parseLvName(restoredLvName('v', 12))).toEqual({ role: 'restored', volId: 'v', gid: 12 });
    expect(parseLvName(restoringLvName('v', 12))).toEqual({ role: 'restoring', volId: 'v', gid: 12 });
    expect(parseLvName(coldLvName('v', 0))).toEqual({ role: 'cold', volId: 'v', gid: 0 });
    expect(parseLvName(coldToBaseLvName('v', 3))).toEqual({ role: 'cold-to-base', volId: 'v', gid: 3 });
  });

  it('that are no names of an archive are nothing', () => {
    const others = [
      'wb_',
      'wb_v_1',
      'wb_v_tmp',
      'wc_v',
      'wc_v_1_tmp',
      'wr_v_x',
      'wx_v',
      'root',
      'wr_v_1_tmpx',
      'wb_v w',
    ];
    for (const name of [...others, `wb_${'v'.repeat(65)}`, `wc_v_${'9'.repeat(20)}`]) {
      expect(parseLvName(name), name).toBe(null);
    }
  });
});

describe('options', () => {
  it('have the defaults of the original', () => {
    const options = parseArchiveArguments([], 'host');
    expect(options).toMatchObject({
      nodeId: 'host',
      port: 5000,
      baseDirectory: '/var/forest/walb/archive',
      volumeGroup: 'vg',
      thinPool: '',
      maxConnections: 10,
      maxForegroundTasks: 2,
      socketTimeoutS: 10,
      maxWdiffSendCount: 1000,
      discardPolicy: 'ignore',
      fsyncIntervalBytes: 1 << 30,
      keepAlive: false,
    });
  });

  it('are read as the original reads them', () => {
    const line =
      '-b /b -p 10200 -id a0 -vg vg0 -tp tp0 -fg 3 -fi 64M -wn 0x10 -discard zero -sync-cmpr zstd:3:2 -ka -kaidle 1k';
    const options = parseArchiveArguments(line.split(' '), 'host');
    expect(options).toMatchObject({
      baseDirectory: '/b',
      port: 10200,
      nodeId: 'a0',
      thinPool: 'tp0',
      maxForegroundTasks: 3,
      fsyncIntervalBytes: 64 * 1024 * 1024,
      maxWdiffSendCount: 16,
      discardPolicy: 'zero',
      syncCompression: { type: 'zstd', level: 3, cpuCount: 2 },
      keepAlive: true,
      keepAliveIdleS: 1000,
    });
    expect(archiveOptionLines(options ?? archiveOptions({ nodeId: '', baseDirectory: '' }))).toEqual(
      expect.arrayContaining([
        'port=10200 (set)',
        'maxConnections=10 (default)',
        'syncCompression=zstd:3:2 (set)',
      ]),
    );
  });

  it('that make no sense are refused', () => {
    const bad = [
      '-x',
      '-fg 0',
      '-fi 0',
      '-wn 0',
      '-maxconn 0',
      '-discard no',
      '-sync-cmpr zstd:3',
      '-apply-sleep-pct 100',
      '-p',
      '-p 70000',
      '-fg 1x',
      '-ka -kaidle 100000',
    ];
    for (const line of bad) expect(() => parseArchiveArguments(line.split(' '), 'h'), line).toThrow();
    expect(parseArchiveArguments(['-kaidle', '100000'], 'h')).toMatchObject({ keepAliveIdleS: 100_000 });
    expect(parseArchiveArguments(['-h'], 'h')).toBe(null);
  });
});

/** A device of physical blocks that refuses anything else. */
function strictDevice(sizeLb: number): { device: BlockDevice; content: Uint8Array } {
  const content = new Uint8Array(sizeLb * 512);
  const check = (addressLb: number, blocks: number) => {
    if (addressLb % 8 !== 0 || blocks % 8 !== 0 || blocks === 0)
      throw new Error(`not aligned: ${addressLb}+${blocks}`);
  };
  const device: BlockDevice = {
    physicalBlockBytes: 4096,
    supportsFlush: true,
    supportsDiscard: true,
    sizeLb: () => sizeLb,
    read: async (addressLb, blocks) => {
      check(addressLb, blocks);
      await Promise.resolve();
      return content.slice(addressLb * 512, (addressLb + blocks) * 512);
    },
    write: async (addressLb, data) => {
      check(addressLb, data.length / 512);
      await Promise.resolve();
      content.set(data, addressLb * 512);
    },
    flush: async () => {},
    discard: async (addressLb, blocks) => {
      check(addressLb, blocks);
      content.fill(0, addressLb * 512, (addressLb + blocks) * 512);
    },
    close: () => {},
  };
  return { device, content };
}

describe('a volume with blocks of 4096 bytes', () => {
  it('takes writes and reads of any blocks, many at a time', async () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 20 })), {
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(ranges, async (pieces) => {
        const { device, content } = strictDevice(1024);
        const aligned = alignedDevice(device);
        const expected = new Uint8Array(content.length);
        const writes: Promise<void>[] = [];
        let at = 0;
        pieces.forEach(([gapLb, sizeLb], i) => {
          at += gapLb;
          const data = new Uint8Array(sizeLb * 512).fill(i + 1);
          expected.set(data, at * 512);
          writes.push(aligned.write(at, data, 'test'));
          at += sizeLb;
        });
        await Promise.all(writes);
        expect(Buffer.compare(content, expected)).toBe(0);
        if (at > 1) {
          const part = await aligned.read(1, at - 1, 'test');
          expect(Buffer.compare(part, expected.subarray(512, at * 512))).toBe(0);
        }
      }),
    );
  });

  it('discards only whole blocks', async () => {
    const { device, content } = strictDevice(64);
    content.fill(1);
    const aligned = alignedDevice(device);
    await aligned.discard(3, 2, 'test');
    await aligned.discard(5, 20, 'test');
    const zeros = [...Array(64).keys()].filter((block) => content[block * 512] === 0);
    expect(zeros).toEqual([...Array(16).keys()].map((i) => i + 8));
  });
});

describe('a file that is kept in memory', () => {
  it('is written anew after a save that failed', async () => {
    let stored = 'old';
    let failing = false;
    const writes: string[] = [];
    const file = new CachedFile<string>(
      async () => stored,
      async (value) => {
        writes.push(value);
        stored = value;
        if (failing) throw new Error('not durable');
      },
    );
    expect(await file.load()).toBe('old');
    failing = true;
    await expect(file.save('new', 'test')).rejects.toThrow();
    await expect(file.load()).rejects.toThrow();
    failing = false;
    expect(await file.load()).toBe('new');
    expect(await file.load()).toBe('new');
    expect(writes).toEqual(['new', 'new', 'new']);
  });
});

/** A clock that goes on by `pass` and by what is waited for. */
function handClock(): { clock: Clock; nowUs: () => number; pass: (us: number) => void } {
  let nowUs = 0;
  const clock: Clock = {
    monotonicUs: () => nowUs,
    wallTimeS: () => 0,
    startTimer: (dueUs, onDue) => {
      nowUs = Math.max(nowUs, dueUs);
      onDue();
      return () => {};
    },
  };
  return {
    clock,
    nowUs: () => nowUs,
    pass: (us) => {
      nowUs += us;
    },
  };
}

describe('pauses of long work', () => {
  it('are the share of time that was asked for', async () => {
    for (const percent of [0, 10, 50, 90]) {
      const { clock, nowUs, pass } = handClock();
      const sleeper = new ScanSleeper(clock, percent);
      let workedUs = 0;
      while (nowUs() < 200_000_000) {
        pass(7000);
        workedUs += 7000;
        await sleeper.sleep();
      }
      const share = 100 - (workedUs * 100) / nowUs();
      expect(Math.abs(share - percent)).toBeLessThan(4);
    }
  });

  it('are not made for less than a tenth of a second', async () => {
    const { clock, nowUs, pass } = handClock();
    const sleeper = new ScanSleeper(clock, 50);
    pass(200_000);
    await sleeper.sleep();
    expect(nowUs()).toBe(200_000);
    pass(2000);
    await sleeper.sleep();
    expect(nowUs()).toBe(202_000 + 101_000);
  });
});

describe('a watched lock', () => {
  it('tells who waited or held it for longer than the threshold', async () => {
    const { clock, pass } = handClock();
    const told: string[] = [];
    const log = { warning: (text: string) => told.push(text) };
    const mutex = new WatchedMutex({ clock, log } as unknown as World, 'vol0', 2);
    const first = await mutex.acquire();
    const waiting = mutex.acquire();
    pass(1_900_000);
    first();
    const second = await waiting;
    pass(2_000_001);
    second();
    const third = await mutex.acquire();
    const late = mutex.acquire();
    pass(3_500_000);
    third();
    (await late)();
    expect(told).toEqual([
      'lock was held too long:vol0:2.000 s',
      'lock was held too long:vol0:3.500 s',
      'lock was waited for too long:vol0:3.500 s',
    ]);
  });
});
