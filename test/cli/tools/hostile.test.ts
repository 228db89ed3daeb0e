import { beforeAll, describe, expect, it } from 'vitest';
import { encodePackHeader, PACK_HEADER_BYTES } from '../../../core/format/sorted-wdiff.ts';
import type { WdiffRecord } from '../../../core/format/wdiff-record.ts';
import { loadNativeCodecs } from '../../../native/codecs.ts';
import { fix, fixIndexedWdiff } from '../../fuzz/targets/repair.ts';
import { Folder, linesOf, run } from './kit.ts';
import { logImage, makeWlog, SALT, SMALL_LOG } from './log-kit.ts';

/**
 * Files that somebody made to do harm: their check sums are right. Every tool says one clear sentence with the place, ends
 * with status 1 in bounded time and memory, and leaves no file behind.
 */

const folder = new Folder();
const MAX_MEMORY_BYTES = 96 << 20;
const MAX_CPU_US = 5_000_000;

let wlog: Uint8Array;
let sorted: Uint8Array;
let indexed: Uint8Array;

beforeAll(async () => {
  wlog = await makeWlog(SMALL_LOG);
  sorted = (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout;
  indexed = (await run('wlog-to-wdiff', ['-indexed', '-x', '1K'], { stdin: wlog })).stdout;
});

function edited(bytes: Uint8Array, change: (view: DataView, copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
}

/** The first pack header of the log, changed. */
const logpack = (change: (view: DataView) => void) =>
  edited(wlog, (view, copy) => {
    change(view);
    fix(copy, 4096, 512, 0, SALT);
  });

/** The first index record, changed. */
const indexRecord = (change: (view: DataView, at: number) => void) =>
  edited(indexed, (view, copy) => {
    change(view, view.getUint32(copy.length - 24, true));
    fixIndexedWdiff(copy);
  });

function pack(record: Partial<WdiffRecord>, data: Uint8Array): Uint8Array {
  const whole: WdiffRecord = {
    addressLb: 8,
    sizeLb: 8,
    kind: 'normal',
    compression: 'snappy',
    dataOffsetBytes: 0,
    dataSizeBytes: data.length,
    checksum: 0,
    ...record,
  };
  const bytes = Buffer.concat([sorted.slice(0, 32), encodePackHeader([whole]), data, sorted.slice(-4096)]);
  return edited(new Uint8Array(bytes), (view, copy) => {
    const at = 32 + PACK_HEADER_BYTES;
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum = (sum + (copy[at + i] << (8 * (i % 4)))) | 0;
    view.setUint32(32 + 16 + 24, -sum >>> 0, true);
    fix(copy, 32, PACK_HEADER_BYTES, 0);
  });
}

/** Compressed data that become `sizeBytes` of zeros. */
const bomb = (type: 'gzip' | 'lzma' | 'zstd' | 'lz4' | 'snappy', sizeBytes: number) =>
  loadNativeCodecs().get(type)?.compress(new Uint8Array(sizeBytes), 0) ?? new Uint8Array(0);

const U32 = 0xffff_ffff;

const WLOGS: readonly (readonly [what: string, make: () => Uint8Array])[] = [
  ['65535 records', () => logpack((view) => view.setUint16(4096 + 16, 0xffff, true))],
  ['no records, but blocks', () => logpack((view) => view.setUint16(4096 + 16, 0, true))],
  ['65535 blocks in a pack', () => logpack((view) => view.setUint16(4096 + 6, 0xffff, true))],
  ['an IO of 2^32-1 blocks', () => logpack((view) => view.setUint32(4096 + 24 + 16, U32, true))],
  [
    'an IO at the end of all addresses',
    () => logpack((view) => view.setBigUint64(4096 + 24 + 8, 2n ** 64n - 2n, true)),
  ],
  ['an lsid of its own', () => logpack((view) => view.setBigUint64(4096 + 24 + 24, 5n, true))],
  ['a pack that points to itself', () => logpack((view) => view.setUint16(4096 + 24 + 20, 0, true))],
  [
    'physical blocks of 2^31 bytes',
    () =>
      edited(wlog, (view, copy) => {
        view.setUint32(20, 0x8000_0000, true);
        fix(copy, 0, 4096, 8);
      }),
  ],
  [
    'physical blocks of no bytes',
    () =>
      edited(wlog, (view, copy) => {
        view.setUint32(20, 0, true);
        fix(copy, 0, 4096, 8);
      }),
  ],
];

const WDIFFS: readonly (readonly [what: string, make: () => Uint8Array])[] = [
  ['2^32-1 stored bytes', () => pack({ dataSizeBytes: U32, sizeLb: 8 }, new Uint8Array(0))],
  ['an IO of 2^32-1 blocks', () => pack({ sizeLb: U32 }, new Uint8Array(9).fill(7))],
  ['a snappy bomb', () => pack({ sizeLb: 8 }, bomb('snappy', 32 << 20))],
  ['a zlib bomb', () => pack({ sizeLb: 8, compression: 'gzip' }, bomb('gzip', 32 << 20))],
  ['an xz bomb', () => pack({ sizeLb: 8, compression: 'lzma' }, bomb('lzma', 32 << 20))],
  ['an LZ4 bomb', () => pack({ sizeLb: 8, compression: 'lz4' }, bomb('lz4', 32 << 20))],
  ['a zstd bomb', () => pack({ sizeLb: 8, compression: 'zstd' }, bomb('zstd', 32 << 20))],
  ['an image of 2^32-1 blocks', () => indexRecord((view, at) => view.setUint32(at + 32, U32, true))],
  ['a piece outside of its image', () => indexRecord((view, at) => view.setUint32(at + 28, U32, true))],
  [
    'an image at the end of all files',
    () => indexRecord((view, at) => view.setBigUint64(at + 16, 2n ** 53n - 1n, true)),
  ],
  ['an image that is the index', () => indexRecord((view, at) => view.setUint32(at + 16, at, true))],
  [
    'an index of 2^32-1 records',
    () =>
      edited(indexed, (view, copy) => {
        view.setUint32(copy.length - 16, U32, true);
        fix(copy, copy.length - 24, 24, 20);
      }),
  ],
  [
    'an index in the header',
    () =>
      edited(indexed, (view, copy) => {
        view.setUint32(copy.length - 24, 0, true);
        fix(copy, copy.length - 24, 24, 20);
      }),
  ],
];

/** Command lines that read a wlog or a wdiff named IN, perhaps into OUT. */
const WLOG_TOOLS = [
  ['wlog-to-wdiff', '-i', 'IN', '-o', 'OUT'],
  ['wlog-to-wdiff', '-indexed', '-i', 'IN', '-o', 'OUT'],
  ['wlog-show', 'IN'],
  ['wlog-show', '-validate', 'IN'],
  ['wlog-redo', '-i', 'IN', 'IMAGE'],
  ['wlog-analyze', 'IN'],
];
const WDIFF_TOOLS = [
  // With the codec that they have, IOs may pass through as they are stored.
  ['wdiff-merge', '-i', 'IN', '-cmpr', 'none:0:1', '-o', 'OUT'],
  ['wdiff-merge', '-i', 'GOOD', 'IN', '-cmpr', 'none:0:1', '-o', 'OUT'],
  ['wdiff-redo', '-i', 'IN', 'IMAGE'],
  ['virt-full-cat', '-i', 'IMAGE', '-d', 'IN', '-o', 'OUT'],
  ['wdiff-dump', '0', '4096', 'IN', 'OUT'],
];

async function expectRefused(argv: readonly string[], input: Uint8Array): Promise<void> {
  const made: Record<string, () => string> = {
    IN: () => folder.write('in', input),
    GOOD: () => folder.write('good', sorted),
    IMAGE: () => folder.writeHole('image', 4096 * 512),
    OUT: () => folder.path('out'),
  };
  const words = argv.map((word) => made[word]?.() ?? word);
  const before = folder.names();
  const beganUs = process.cpuUsage();
  const beganBytes = process.memoryUsage().arrayBuffers;
  const { status, err } = await run(words[0], words.slice(1));
  const { user, system } = process.cpuUsage(beganUs);
  const grownBytes = process.memoryUsage().arrayBuffers - beganBytes;
  const what = argv.join(' ');
  expect(status, what).toBe(1);
  const errors = linesOf(err).filter((line) => line.includes(` ERROR ${words[0]}:`));
  expect(errors.length, `${what}: ${err}`).toBe(1);
  expect(errors[0], what).toMatch(/\(at byte \d+ of .+\)$/);
  expect(errors[0].length).toBeLessThan(500);
  expect(folder.names(), what).toEqual(before);
  expect(user + system, what).toBeLessThan(MAX_CPU_US);
  expect(grownBytes, what).toBeLessThan(MAX_MEMORY_BYTES);
}

describe('a hostile wlog', () => {
  it.each(WLOGS)('with %s', async (_what, make) => {
    const input = make();
    for (const argv of WLOG_TOOLS) await expectRefused(argv, input);
  });
});

describe('a hostile wdiff', () => {
  it.each(WDIFFS)('with %s', async (_what, make) => {
    const input = make();
    for (const argv of WDIFF_TOOLS) await expectRefused(argv, input);
  });
});

describe('a hostile log device', () => {
  const TOOLS = [
    ['wldev-info', 'IN'],
    ['wldev-show', 'IN'],
    ['wlog-cat', '-o', 'OUT', 'IN'],
    ['wldev-dump', '-o', 'OUT', 'IN', '0', '10'],
    ['search-lsid', 'IN', '5'],
    ['search-invalid-logpack', 'IN'],
    ['wdev-redo', 'IN', 'IMAGE'],
    ['wlog-restore', 'IN'],
    ['verify_wldev', '-r', 'GOOD', 'IN'],
  ];
  const SECTORS: readonly (readonly [what: string, at: number, value: bigint, width: 4 | 8])[] = [
    ['a ring of 2^53-1 blocks', 72, 2n ** 53n - 1n, 8],
    ['a ring of no blocks', 72, 0n, 8],
    ['a ring of 2^64-2 blocks', 72, 2n ** 64n - 2n, 8],
    ['an oldest lsid above the written one', 80, 2n ** 40n, 8],
    ['physical blocks of 2^32-1 bytes', 12, 0xffff_ffffn, 4],
    ['2^32-1 blocks of metadata', 16, 0xffff_ffffn, 4],
  ];

  it.each(SECTORS)('with %s', async (_what, at, value, width) => {
    const image = folder.read(logImage(folder, 'ldev', 100, 0).split('/').pop() ?? '');
    const input = edited(image, (view, copy) => {
      if (width === 8) view.setBigUint64(4096 + at, value, true);
      else view.setUint32(4096 + at, Number(value), true);
      fix(copy, 4096, 512, 4);
    });
    for (const argv of TOOLS) await expectRefused(argv, input);
  });
});
