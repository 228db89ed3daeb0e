import { describe, expect, it } from 'vitest';
import {
  configDocument,
  loadConfig,
  parsePeriod,
  parseSizeUnit,
} from '../../../../core/control/worker/index.ts';

describe('periods', () => {
  it.each([
    [123, 123],
    ['123', 123],
    ['10m', 600],
    ['2h', 7200],
    ['100d', 8_640_000],
    ['1:00:00', 3600],
    ['00:10:05', 605],
    ['100:00:00', 360_000],
    [3600, 3600],
    [0, 0],
  ])('%s is %d seconds', (given, seconds) => {
    expect(parsePeriod(given)).toBe(seconds);
  });

  it.each(['10s', '-1', '1:60:00', '1:00:60', '10:30', '', '1 d', '1D', -1, 1.5, null, true, 2 ** 53])(
    'refuses %s',
    (given) => {
      expect(() => parsePeriod(given)).toThrow('a period');
    },
  );
});

describe('sizes', () => {
  it.each([
    [5, 5],
    ['17', 17],
    ['10K', 10 * 1024],
    ['7M', 7 * 1024 ** 2],
    ['8G', 8 * 1024 ** 3],
  ])('%s is %d bytes', (given, bytes) => {
    expect(parseSizeUnit(given)).toBe(bytes);
  });

  it.each(['10k', '1T', '-1', '', '1.5M', -1, null])('refuses %s', (given) => {
    expect(() => parseSizeUnit(given)).toThrow('a size');
  });
});

const LEAST = {
  general: { addr: 'localhost', port: 10_200, walbc_path: '/usr/bin/walbc' },
  apply: { keep_period: '14d' },
  merge: { interval: 10 },
};
const SERVER = { addr: '192.168.0.1', port: 10_201, interval: '3d' };

describe('configurations', () => {
  it('have defaults', () => {
    expect(loadConfig([LEAST])).toEqual({
      general: {
        address: { host: 'localhost', port: 10_200 },
        walbcPath: '/usr/bin/walbc',
        maxTasks: 1,
        maxReplicationTasks: 1,
        kickIntervalS: 1,
        timeoutS: 0,
      },
      apply: { keepPeriodS: 14 * 86_400, intervalS: 86_400 },
      merge: {
        intervalS: 10,
        maxCount: Number.POSITIVE_INFINITY,
        maxSizeBytes: Number.POSITIVE_INFINITY,
        thresholdCount: Number.POSITIVE_INFINITY,
      },
      replication: { servers: [], disabledVolumes: [] },
    });
  });

  it('loaded, printed and loaded again are the same', () => {
    const config = loadConfig([
      {
        general: { ...LEAST.general, max_task: 3, max_replication_task: 2, kick_interval: 7, timeout: 20 },
        apply: { keep_period: '1:00:00', interval: '2h' },
        merge: { interval: 10, max_nr: 10, max_size: '1M', threshold_nr: 5 },
        repl: {
          servers: {
            repl0: { ...SERVER, compress: 'gzip:3:4', max_merge_size: '5K', bulk_size: '40', log_name: 'r0' },
            repl1: { enabled: false },
          },
          disabled_volumes: ['vol0', 'vol1'],
        },
      },
    ]);
    expect(loadConfig([configDocument(config)])).toEqual(config);
    expect(config.apply).toEqual({ keepPeriodS: 3600, intervalS: 7200 });
    expect(config.merge).toEqual({ intervalS: 10, maxCount: 10, maxSizeBytes: 1024 ** 2, thresholdCount: 5 });
    expect(config.replication.servers[0]).toMatchObject({
      address: { host: '192.168.0.1', port: 10_201 },
      compression: { type: 'gzip', level: 3, cpuCount: 4 },
      maxMergeSizeU: '5K',
      bulkSizeU: '40',
    });
  });

  it('of later files go over earlier ones key by key, servers by name', () => {
    const config = loadConfig([
      { ...LEAST, repl: { servers: { a1: SERVER }, disabled_volumes: ['x'] } },
      {
        general: { max_task: 4 },
        apply: null,
        repl: { servers: { a1: { port: 9 }, a2: { ...SERVER, interval: 5 } } },
      },
      { repl: { disabled_volumes: ['y', 12] } },
    ]);
    expect(config.general).toMatchObject({ maxTasks: 4, address: { host: 'localhost' } });
    expect(
      config.replication.servers.map(({ name, address, intervalS }) => [name, address.port, intervalS]),
    ).toEqual([
      ['a1', 9, 259_200],
      ['a2', 10_201, 5],
    ]);
    expect(config.replication.disabledVolumes).toEqual(['y', '12']);
  });

  it('need no address for a disabled server, until a later file enables it', () => {
    const disabled = { ...LEAST, repl: { servers: { a1: { enabled: false } } } };
    expect(loadConfig([disabled]).replication.servers[0]).toMatchObject({ isEnabled: false });
    const enable = { repl: { servers: { a1: { enabled: true } } } };
    expect(() => loadConfig([disabled, enable])).toThrow('repl.servers.a1.addr is not set');
    expect(loadConfig([disabled, enable, { repl: { servers: { a1: SERVER } } }])).toMatchObject({
      replication: { servers: [{ isEnabled: true, intervalS: 259_200 }] },
    });
  });

  it.each([
    [{ ...LEAST, general: { port: 1 } }, 'general.addr is not set'],
    [{ ...LEAST, general: { addr: 'x' } }, 'general.port is not set'],
    [{ ...LEAST, general: { ...LEAST.general, port: 65_536 } }, 'general.port: a port of 1 to 65535'],
    [{ ...LEAST, general: { ...LEAST.general, max_task: -1 } }, 'general.max_task: a whole number'],
    [{ ...LEAST, general: { ...LEAST.general, max_task: true } }, 'general.max_task: a whole number'],
    [{ ...LEAST, general: { ...LEAST.general, max_tasks: 1 } }, 'general.max_tasks is not known'],
    [{ ...LEAST, apply: {} }, 'apply.keep_period is not set'],
    [{ ...LEAST, apply: { keep_period: 0 } }, 'apply.keep_period must not be 0'],
    [{ ...LEAST, apply: { keep_period: '10s' } }, 'apply.keep_period: a period'],
    [{ ...LEAST, merge: {} }, 'merge.interval is not set'],
    [{ ...LEAST, merge: { interval: 1, max_size: '1k' } }, 'merge.max_size: a size'],
    [{ ...LEAST, repl: { servers: { r: { ...SERVER, compress: 'zip:0:1' } } } }, 'repl.servers.r.compress'],
    [{ ...LEAST, repl: { servers: { r: { ...SERVER, bulk_size: '64KB' } } } }, 'bad size unit'],
    [{ ...LEAST, repl: { servers: { r: { ...SERVER, enabled: 'maybe' } } } }, 'true or false'],
    [{ ...LEAST, repl: { server: {} } }, 'repl.server is not known'],
    [{ ...LEAST, replication: {} }, 'replication is not known'],
    [{ ...LEAST, general: 'x' }, 'general: keys and values'],
    ['x', 'the configuration: keys and values'],
    [{ ...LEAST, repl: { disabled_volumes: 'v' } }, 'repl.disabled_volumes: a list'],
    [{ ...LEAST, general: { ...LEAST.general, constructor: 1 } }, 'general.constructor is not known'],
  ])('are refused with the key that is wrong: %j', (document, message) => {
    expect(() => loadConfig([document])).toThrow(message);
  });

  it('take the largest 64-bit number for no limit', () => {
    const merge = { interval: 1, max_nr: 18446744073709551615n, max_size: 2 ** 64, threshold_nr: 3 };
    expect(loadConfig([{ ...LEAST, merge }]).merge).toMatchObject({
      maxCount: Number.POSITIVE_INFINITY,
      maxSizeBytes: Number.POSITIVE_INFINITY,
      thresholdCount: 3,
    });
  });
});
