import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import { hexOf } from '../../../core/format/binary.ts';
import { Reader } from '../../../core/format/serializer.ts';
import {
  fullReplStateToText,
  readFullReplState,
  writeFullReplState,
} from '../../../core/snapshot/full-repl-state.ts';
import {
  addrPortFromText,
  compressOptFromText,
  compressOptToText,
  DEFAULT_COMPRESS_OPT,
  hostInfoFromWords,
  hostInfoToText,
  readCompressOpt,
  readHostInfo,
  writeHostInfo,
} from '../../../core/snapshot/host-info.ts';
import { makeState } from '../../../core/snapshot/meta.ts';
import { decodeWith, encodeWith } from '../../../core/snapshot/meta-codec.ts';
import { MovingAverage } from '../../../core/snapshot/moving-average.ts';
import {
  readSnapshotInfo,
  unknownSnapshotInfo,
  writeSnapshotInfo,
} from '../../../core/snapshot/snapshot-info.ts';
import { readZeroClear, writeZeroClear, zeroClearToText } from '../../../core/snapshot/zero-clear.ts';
import { US_PER_S } from '../../../core/units.ts';
import { S } from './arbitraries.ts';

const TS = 1704067200;

describe('SnapshotInfo', () => {
  it.each([
    [unknownSnapshotInfo('vol0'), '04766f6c30ff00ff'],
    [{ volume: 'vol0', gid: 7, timestamp: TS, lsid: 1000 }, '04766f6c30078280009265' + '81e803'],
  ])('%o', (info, hex) => {
    const bytes = encodeWith(writeSnapshotInfo, info);
    expect(hexOf(bytes)).toBe(hex);
    expect(decodeWith(readSnapshotInfo, bytes)).toEqual(info);
  });

  it('needs a volume id', () => {
    expect(() => decodeWith(readSnapshotInfo, Uint8Array.of(0, 0, 0, 0))).toThrow(
      'SnapshotInfo:volId is empty.',
    );
  });
});

describe('FullReplState', () => {
  it('has its bytes and text', () => {
    const progress = { state: makeState(S(3), TS), progressLb: 2048, timestamp: TS };
    const bytes = encodeWith(writeFullReplState, progress);
    expect(hexOf(bytes)).toBe('13030082800092651103030311030303' + '810008' + '8280009265');
    expect(decodeWith(readFullReplState, bytes)).toEqual(progress);
    expect(fullReplStateToText(progress)).toBe('<|3|> 2048 2024-01-01T00:00:00');
  });
});

describe('ZeroClear', () => {
  it('has its bytes and text', () => {
    const archiveUuid = Uint8Array.from({ length: 16 }, (_, i) => i);
    const owed = { base: makeState(S(3), TS), beginLb: 2048, archiveUuid };
    const bytes = encodeWith(writeZeroClear, owed);
    expect(hexOf(bytes)).toBe(`13030082800092651103030311030303810008${hexOf(archiveUuid)}`);
    expect(decodeWith(readZeroClear, bytes)).toEqual(owed);
    expect(zeroClearToText(owed)).toBe('<|3|> from 2048, lineage 000102030405060708090a0b0c0d0e0f');
  });
});

describe('HostInfoForBkp', () => {
  it.each([
    ['127.0.0.1:15062 snappy:3:2 300', '093132372e302e302e31' + 'd63a' + '020302' + '812c01'],
    ['127.0.0.1:15999 snappy:0:1 0', '093132372e302e302e31' + '7f3e' + '020001' + '00'],
  ])('%s', (text, hex) => {
    const info = hostInfoFromWords(text.split(' '));
    expect(hostInfoToText(info)).toBe(text);
    const bytes = encodeWith(writeHostInfo, info);
    expect(hexOf(bytes)).toBe(hex);
    expect(decodeWith(readHostInfo, bytes)).toEqual(info);
  });

  it('has defaults for all but the address', () => {
    expect(hostInfoToText(hostInfoFromWords(['host:1']))).toBe('host:1 snappy:0:1 0');
    expect(hostInfoToText(hostInfoFromWords(['host:1', 'zstd:9:255']))).toBe('host:1 zstd:9:255 0');
    expect(() => hostInfoFromWords([])).toThrow(FormatError);
    expect(() => hostInfoFromWords(['host:1', 'none:0:1', 'x'])).toThrow(FormatError);
    expect(() => hostInfoFromWords(['host:1', 'none:0:1', '4294967296'])).toThrow(FormatError);
  });

  it.each([
    [':1', 'AddrPort::verify:addr is empty'],
    ['host:0', 'AddrPort::verify:port must not be 0'],
    ['host', 'parseAddrPort:parse error:host'],
    ['host:', 'expected'],
    ['host:65536', '0 to 65535'],
    ['::1:80', '0 to 65535'],
    ['a:b:80', 'expected'],
  ])('refuses the address "%s"', (text, message) => {
    expect(() => addrPortFromText(text)).toThrow(message);
  });

  it('verifies what it reads', () => {
    expect(() => decodeWith(readHostInfo, Uint8Array.of(0, 1, 0, 2, 0, 1, 0))).toThrow('addr is empty');
    expect(() => decodeWith(readHostInfo, Uint8Array.of(1, 0x61, 0, 0, 2, 0, 1, 0))).toThrow(
      'port must not be 0',
    );
  });
});

describe('CompressOpt', () => {
  it.each(['none:0:1', 'gzip:9:255', 'snappy:0:1', 'lzma:5:4', 'lz4:1:1', 'zstd:3:2'])('%s', (text) => {
    expect(compressOptToText(compressOptFromText(text))).toBe(text);
  });

  it('defaults to snappy', () => {
    expect(compressOptToText(DEFAULT_COMPRESS_OPT)).toBe('snappy:0:1');
  });

  it.each([
    ['snappy', 'parseCompressOpt:parse error'],
    ['snappy:0', 'parseCompressOpt:parse error'],
    ['snappy:0:1:2', 'parseCompressOpt:parse error'],
    ['brotli:0:1', 'parseCompressionType:wrong type'],
    ['Snappy:0:1', 'parseCompressionType:wrong type'],
    ['snappy:10:1', 'CompressOpt::verify:invalid level'],
    ['snappy:0:0', 'CompressOpt::verify:invalid num cpu'],
    ['snappy:256:1', '0 to 255'],
    ['snappy:0:256', '0 to 255'],
    ['snappy:-1:1', '0 to 255'],
    ['snappy:x:1', '0 to 255'],
    ['snappy::1', '0 to 255'],
  ])('refuses "%s"', (text, message) => {
    expect(() => compressOptFromText(text)).toThrow(message);
    expect(() => compressOptFromText(text)).toThrow(FormatError);
  });

  it.each([
    [[6, 0, 1], 'CompressOpt::verify:invalid type:6'],
    [[0, 10, 1], 'CompressOpt::verify:invalid level:10'],
    [[0, 0, 0], 'CompressOpt::verify:invalid num cpu:0'],
  ])('refuses the bytes %o', (bytes, message) => {
    expect(() => readCompressOpt(new Reader(Uint8Array.from(bytes)))).toThrow(message);
  });
});

describe('MovingAverage', () => {
  it('counts what is in the window', () => {
    const average = new MovingAverage(10);
    const at = (seconds: number) => average.bitsPerSecond(seconds * US_PER_S);
    expect(at(0)).toBe(0);
    average.append(100, 0);
    average.append(200, 5 * US_PER_S);
    expect([at(5), at(10)]).toEqual([480, 240]);
    expect(at(10.5)).toBeCloseTo(290.909, 3);
  });

  it('keeps a sample exactly as old as the window, and counts a new window as one second', () => {
    const average = new MovingAverage(10);
    const at = (seconds: number) => average.bitsPerSecond(seconds * US_PER_S);
    average.append(100, 0);
    average.append(200, 5 * US_PER_S);
    expect(at(10)).toBe(240);
    expect([at(15), at(16)]).toEqual([160, 0]);
    average.append(50, 20 * US_PER_S);
    expect(at(20)).toBe(400);
  });

  it('needs a window', () => {
    expect(() => new MovingAverage(0)).toThrow('SMAverate:bad intervalSec:0');
    expect(() => new MovingAverage(Number.NaN)).toThrow('SMAverate:bad intervalSec');
  });
});
