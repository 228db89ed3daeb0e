import { describe, expect, it } from 'vitest';
import { getServerArgs, getServerParams, toCommandLines } from '../../../core/control/server-args.ts';
import {
  getServer,
  parseServerKind,
  ServerLayout,
  type ServerStartupParam,
  serverKindToString,
  verifyServerKind,
} from '../../../core/control/server-layout.ts';
import {
  archiveInfoArgs,
  COMPRESS_KINDS,
  compressKindToString,
  Diff,
  datetimeToStr,
  parseCompressKind,
  parseLtsv,
  parseTsDelta,
  replicateArgs,
  Snapshot,
  State,
  strToDatetime,
  verifyCompressKind,
  verifyGidRange,
  verifySizeUnit,
  verifyU64,
} from '../../../core/control/values.ts';
import { WalbDevice } from '../../../core/control/walb-device.ts';
import { newSimulation } from '../../../scenarios/lib/simulate.ts';
import { createWdevControl } from '../../../sim/wdev-control.ts';

function server(name: string, kind: 'storage' | 'proxy' | 'archive', port: number): ServerStartupParam {
  return { name, kind, address: { host: 'h', port }, binDir: '/b/', dataDir: '/d' };
}

const S0 = server('s0', 'storage', 1);
const P0 = server('p0', 'proxy', 2);
const P1 = server('p1', 'proxy', 3);
const A0 = { ...server('a0', 'archive', 4), vg: 'vg0', tp: 'tp0', logPath: '/l' };

describe('texts of values', () => {
  it('of diffs go to and fro, and name files', () => {
    const texts = [
      ['|24|-->|25,26| -- 2015-11-16T07:32:08 1', '20151116073208----24-24-25-26.wdiff'],
      ['|24,28|-->|30,35| M- 2015-11-16T07:32:09 123', '20151116073209-M--24-28-30-35.wdiff'],
      ['|1,5|-->|25| -C 2015-11-16T07:32:10 4567', '20151116073210--C-1-5-25-25.wdiff'],
      ['|24|-->|25| MC 2015-11-16T07:32:11 89101', '20151116073211-MC-24-25.wdiff'],
    ] as const;
    for (const [text, name] of texts) {
      const diff = Diff.parse(text);
      expect(Diff.toText(diff)).toBe(text);
      expect(Diff.fileName(diff)).toBe(name);
    }
    expect(Diff.isDirty(Diff.parse(texts[0][0]))).toBe(true);
    expect(Diff.isDirty(Diff.parse(texts[3][0]))).toBe(false);
  });

  it('of snapshots and states', () => {
    expect(Snapshot.toText(Snapshot.parse('|5|'))).toBe('|5|');
    expect(Snapshot.isDirty(Snapshot.parse('|2,3|'))).toBe(true);
    expect(() => Snapshot.parse('5')).toThrow();
    for (const text of ['<|3|>-20151116073208', '<|3|-->|5,8|>-20151116073208']) {
      expect(State.toText(State.parse(text, 0))).toBe(text);
    }
    expect(State.isApplying(State.parse('<|3|-->|5|>-20151116073208', 0))).toBe(true);
    expect(State.isApplying(State.parse('<|3|>-20151116073208', 0))).toBe(false);
  });

  it('of times', () => {
    expect(strToDatetime('2023-11-14T22:13:20', 'pretty')).toBe(1_700_000_000);
    expect(strToDatetime('20231114221320', 'digits')).toBe(1_700_000_000);
    expect(datetimeToStr(1_700_000_000, 'pretty')).toBe('2023-11-14T22:13:20');
    expect(datetimeToStr(1_700_000_000, 'digits')).toBe('20231114221320');
    for (const text of ['', '2023-11-14', '20231114221320']) {
      expect(() => strToDatetime(text, 'pretty')).toThrow('a time of the form pretty');
    }
  });

  it('of compressions', () => {
    expect([...COMPRESS_KINDS.keys()].map(compressKindToString)).toEqual([
      ...['none', 'snappy', 'gzip', 'lzma', 'lz4', 'zstd'],
    ]);
    expect(COMPRESS_KINDS.map(parseCompressKind)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(() => verifyCompressKind(6)).toThrow('verify_compress_kind: bad value');
    expect(() => verifyCompressKind(-1)).toThrow('verify_compress_kind: bad value');
    expect(() => parseCompressKind('zip')).toThrow('compress_str_to_kind: bad kind');
  });

  it('of lag, with and without a known destination', () => {
    const known =
      'name:vol0\tdest:a0\tkind:storage\tdest_kind:archive\tgid:3\tts:2023-11-14T22:13:20\tdest_gid:1\tdest_ts:2023-11-14T22:13:10\tts_delta:10';
    expect(parseTsDelta(known)).toEqual({
      ...{ name: 'vol0', dest: 'a0', kind: 'storage', destKind: 'archive', gid: 3, ts: 1_700_000_000 },
      ...{ destGid: 1, destTs: 1_699_999_990, tsDelta: 10 },
    });
    const unknown =
      'name:vol0\tdest:a0\tkind:storage\tdest_kind:archive\tgid:3\tts:2023-11-14T22:13:20\tdest_ts:\tdest_gid:\tts_delta:';
    expect(parseTsDelta(unknown)).toMatchObject({ destGid: null, destTs: null, tsDelta: null });
    expect(() => parseTsDelta('name:vol0')).toThrow('a field dest_gid is expected');
    expect(parseLtsv('a:1\tb:x:y')).toEqual(
      new Map([
        ['a', '1'],
        ['b', 'x:y'],
      ]),
    );
    expect(() => parseLtsv('a')).toThrow('key:value');
  });

  it('of settings as words', () => {
    const syncOpt = {
      compression: { type: 'gzip', level: 3, cpuCount: 2 },
      ...{ delayS: 5, maxWdiffMergeSizeU: '1G', bulkSizeU: '64K' },
    } as const;
    expect(archiveInfoArgs(syncOpt)).toEqual(['gzip:3:2', '5']);
    expect(replicateArgs(syncOpt)).toEqual(['gzip:3:2', '1G', '64K']);
    expect([archiveInfoArgs(null), replicateArgs(null)]).toEqual([[], []]);
  });
});

describe('checks', () => {
  it('of numbers, ranges and sizes', () => {
    verifyU64(0);
    verifyGidRange(3, 3, 'test');
    for (const size of ['0', '12', '64K', '64k', '1G', '2t', '3P']) verifySizeUnit(size);
    for (const size of ['', 'K', '64KB', '12 m', '1e', '-1'])
      expect(() => verifySizeUnit(size)).toThrow('bad size unit');
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53]) expect(() => verifyU64(value)).toThrow('at least 0');
    expect(() => verifyGidRange(4, 3, 'test')).toThrow('test:bad gid range:4:3');
  });

  it('of kinds and names of servers', () => {
    expect([0, 1, 2].map(serverKindToString)).toEqual(['storage', 'proxy', 'archive']);
    expect(() => serverKindToString(3)).toThrow('bad server kind');
    expect(parseServerKind('proxy')).toBe(1);
    expect(() => parseServerKind('repeater')).toThrow('bad server kind string');
    verifyServerKind(S0, ['storage']);
    expect(() => verifyServerKind(S0, ['proxy', 'archive'])).toThrow('invalid server type:s0:storage');
    expect(getServer('p1', [P0, P1])).toBe(P1);
    expect(() => getServer('p9', [P0, P1])).toThrow('get_server:not one:0:p9:p0,p1');
    expect(() => getServer('p0', [P0, P0])).toThrow('get_server:not one:2');
  });
});

describe('a layout', () => {
  const layout = new ServerLayout([S0], [P0, P1], [A0]);

  it('knows its primary archive, all servers, and what it lacks', () => {
    expect(layout.getPrimaryArchive()).toBe(A0);
    expect(layout.getAll()).toEqual([S0, P0, P1, A0]);
    expect(layout.replace({ proxies: [P1] }).proxies).toEqual([P1]);
    expect(layout.replace({ proxies: [] }).proxies).toEqual([P0, P1]);
    layout.verify(1, 2, 1);
    expect(() => layout.verify(2, 0, 0)).toThrow('more servers required');
    expect(() => new ServerLayout([P0], [], [])).toThrow('invalid server kind');
    expect(() => new ServerLayout([], [], []).getPrimaryArchive()).toThrow('there is no archive');
  });

  it('tells how its servers are started', () => {
    expect(Object.fromEntries(getServerParams(S0, layout))).toEqual({
      ...{ archive: 'h:4', proxy: 'h:2,h:3', p: '1', b: '/d', l: '/d/s0.log', id: 's0', fg: '2', bg: '1' },
    });
    expect(
      getServerArgs(A0, layout, { maxConn: 5, timeoutS: 3, isDebug: true, useRepeater: true }).join(' '),
    ).toBe('/b/walb-archive -vg vg0 -tp tp0 -p 10004 -b /d -l /l -id a0 -fg 2 -maxconn 5 -to 3 -debug');
    expect(toCommandLines(layout).map((line) => line.split(' ')[0])).toEqual([
      ...['/b/walb-archive', '/b/walb-proxy', '/b/walb-proxy', '/b/walb-storage'],
    ]);
    expect(() => getServerArgs(server('a1', 'archive', 9), layout)).toThrow('needs a volume group');
  });
});

describe('a walb device of an operator', () => {
  it('is formatted, made, watched, grown, emptied and taken away', async () => {
    const simulation = await newSimulation(1);
    await simulation.run(async () => {
      const host = simulation.addHost('s0');
      host.addDisk('log', { sizeLb: 4096 });
      host.addDisk('data', { sizeLb: 8192 });
      const world = host.kernelWorld();
      const device = new WalbDevice(
        'vol',
        '/dev/disk/log',
        '/dev/disk/data',
        createWdevControl(host),
        world.clock,
      );
      expect(device.path).toBe('/dev/walb/vol');
      expect(await device.exists()).toBe(false);
      await expect(device.getSizeLb()).rejects.toThrow('There is no walb device');
      await device.formatLdev();
      await device.create({ maxPendingMb: 8, minPendingMb: 4, logFlushIntervalMb: 2, maxLogpackKb: 0 });
      expect(await device.exists()).toBe(true);
      await expect(device.create()).rejects.toThrow('already');
      expect([await device.getSizeLb(), await device.getSizeMb(), await device.getLogSizeLb()]).toEqual([
        8192, 4, 4096,
      ]);
      await device.waitForLogEmpty(1);
      const app = host.spawn('application', async ({ devices }) => {
        const open = await devices.openDevice(device.path, 'test');
        await open.write(0, new Uint8Array(512).fill(3), 'test');
        open.close();
        return 0;
      });
      await app.exited;
      await expect(device.waitForLogEmpty(2)).rejects.toThrow('wait_for_log_empty:/dev/walb/vol');
      await device.reset();
      await device.waitForLogEmpty(1);
      host.medium('data').grow(8192 + 1024);
      await expect(device.resize(0)).rejects.toThrow('at least 1 MiB');
      await expect(device.resize(64)).rejects.toThrow();
      host.medium('data').grow(16_384);
      await device.resize(8);
      expect(await device.getSizeMb()).toBe(8);
      await device.delete();
      expect(await device.exists()).toBe(false);
      // What was written is still there.
      await device.create();
      expect(host.disks.get('data')?.peek(0, 1)[0]).toBe(3);
    });
  });
});
