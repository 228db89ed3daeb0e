import { beforeAll, describe, expect, it } from 'vitest';
import { encodePackHeader, PACK_HEADER_BYTES } from '../../../core/format/sorted-wdiff.ts';
import type { WdiffRecord } from '../../../core/format/wdiff-record.ts';
import { run } from '../../cli/tools/kit.ts';
import { makeWlog, SMALL_LOG } from '../../cli/tools/log-kit.ts';
import { flipped, joined, verifyBytes } from './kit.ts';

let wlog: Uint8Array;
let sorted: Uint8Array;
let indexed: Uint8Array;

/** A larger diff, of several packs. */
let large: Uint8Array;

beforeAll(async () => {
  wlog = await makeWlog(SMALL_LOG);
  sorted = (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout;
  indexed = (await run('wlog-to-wdiff', ['-indexed', '-x', '1K'], { stdin: wlog })).stdout;
  const much = await run('wlog-gen', [
    '-s',
    '2M',
    '-z',
    '1M',
    '--maxIoSize',
    '1K',
    '--nodiscard',
    '--seed',
    '5',
  ]);
  large = (await run('wlog-to-wdiff', [], { stdin: much.stdout })).stdout;
});

describe('a wlog', () => {
  it('that is sound is counted', async () => {
    const { kind, counts, findings } = await verifyBytes(wlog);
    expect([kind, findings]).toEqual(['wlog', []]);
    expect(counts).toEqual({
      lsids: '310 to 325',
      packs: 3,
      normal: 4,
      discard: 2,
      padding: 1,
      blocks: 2 + 64 + 1 + 3 + 4 + 8,
    });
    expect((await verifyBytes(joined(wlog, wlog))).counts).toMatchObject({
      wlogs: 2,
      lsids: '310 to 325, 310 to 325',
      packs: 6,
    });
  });

  it('with bad data in two places says which blocks are lost, and goes on', async () => {
    const bad = flipped(flipped(wlog, 4096 + 512), wlog.length - 512 - 100);
    const { damages, counts } = await verifyBytes(bad);
    expect(damages.map(({ offset, part, cost }) => [offset, part, cost])).toEqual([
      [4608, 'pack at lsid 310, record 0, lsid 311', 'what was written to blocks 40 to 41 (2)'],
      [
        4096 + 512 * (321 - 310),
        'pack at lsid 320, record 0, lsid 321',
        'what was written to blocks 41 to 44 (4)',
      ],
    ]);
    expect(counts.packs).toBe(3);
  });

  it('with a bad pack header goes on at the next pack, and tells the lsids that are lost', async () => {
    const { damages, counts } = await verifyBytes(flipped(wlog, 4096 + 4 * 512 + 20));
    expect(damages).toHaveLength(1);
    expect(damages[0]).toMatchObject({ offset: 4096 + 4 * 512, part: 'pack at lsid 314' });
    expect(damages[0].cost).toContain('the writes at lsids 314 to 319;');
    expect(counts.packs).toBe(2);
  });

  it('in which a pack is missing, or stands twice, is damaged there', async () => {
    const [begin, end] = [4096 + 4 * 512, 4096 + 10 * 512];
    const pack = wlog.subarray(begin, end);
    const missing = joined(wlog.subarray(0, begin), wlog.subarray(end));
    expect((await verifyBytes(missing)).damages[0]).toMatchObject({
      offset: begin,
      problem: 'the pack must have lsid 314, got 320',
    });
    const twice = joined(wlog.subarray(0, end), pack, wlog.subarray(end));
    expect((await verifyBytes(twice)).damages[0]).toMatchObject({
      offset: end,
      problem: 'the pack must have lsid 320, got 314',
    });
  });

  it('that was cut says from where on', async () => {
    const { damages } = await verifyBytes(wlog.slice(0, -512));
    expect(damages.map(({ offset, cost }) => [offset, cost.slice(0, 24)])).toEqual([
      [wlog.length - 512, 'the log from lsid 325 on'],
    ]);
    expect((await verifyBytes(wlog.slice(0, 4096 + 700))).damages[0].cost).toMatch(/and the log behind it$/);
  });

  it('is damaged for verify wherever it is for the converter', async () => {
    for (let at = 0; at < wlog.length; at += 37) {
      const bytes = flipped(wlog, at);
      const refused = (await run('wlog-to-wdiff', [], { stdin: bytes })).status === 1;
      expect((await verifyBytes(bytes, 'a.wlog')).damages.length > 0, `${at}`).toBe(refused);
      const cut = wlog.slice(0, at);
      expect((await verifyBytes(cut, 'a.wlog')).damages.length, `cut ${at}`).toBeGreaterThan(0);
    }
  });
});

describe.each([
  ['sorted', () => sorted],
  ['indexed', () => indexed],
])('a wdiff, %s,', (form, bytesOf) => {
  it('that is sound is counted', async () => {
    const { kind, counts, findings } = await verifyBytes(bytesOf());
    expect([kind, findings]).toEqual([`${form} wdiff`, []]);
    const shown = (
      await run('wdiff-show', ['-nohead', '-norec', '-stat', '-'], { stdin: bytesOf(), stdinIsFile: true })
    ).out;
    expect(shown).toContain(`normalNr ${counts.normal}`);
  });

  it('is damaged for verify wherever it is for the merger', async () => {
    const bytes = bytesOf();
    for (let at = 0; at < bytes.length; at += bytes.length > 2000 ? 61 : 1) {
      const bad = flipped(bytes, at);
      const refused = (await run('wdiff-redo', ['-i', '-', '/dev/null'], { stdin: bad, stdinIsFile: true }))
        .status;
      expect(refused).toBe(1);
      const shown = await run('wdiff-show', ['-csum', '-norec', '-'], { stdin: bad, stdinIsFile: true });
      expect((await verifyBytes(bad, 'a.wdiff')).damages.length > 0, `${at}`).toBe(shown.status === 1);
      expect((await verifyBytes(bytes.slice(0, at), 'a.wdiff')).damages.length, `cut ${at}`).toBeGreaterThan(
        0,
      );
    }
  });
});

describe('a sorted wdiff', () => {
  it('with a bad pack goes on at the next, and tells between which blocks something is missing', async () => {
    const whole = await verifyBytes(large);
    expect(whole.findings).toEqual([]);
    const packs = Number(whole.counts.packs);
    expect(packs).toBeGreaterThan(3);
    // The first pack says how large it is; its header is hit in a record, then in its size.
    for (const at of [32 + 16 + 3, 32 + 8]) {
      const { damages, counts } = await verifyBytes(flipped(large, at));
      expect(damages).toHaveLength(1);
      expect(damages[0]).toMatchObject({ offset: 32, part: 'pack 0' });
      expect(damages[0].cost).toMatch(/^what the diff has between block 0 and block \d+,/);
      expect(counts.packs).toBe(packs);
    }
  });

  it('with bytes behind the end is sound, with a notice', async () => {
    const { findings, damages } = await verifyBytes(joined(sorted, new Uint8Array(7)));
    expect([findings.length, damages.length]).toEqual([1, 0]);
    expect(findings[0]).toMatchObject({ severity: 'notice', offset: sorted.length });
  });

  it('that says sizes of 2^32-1 is refused without being believed', async () => {
    const record: WdiffRecord = {
      addressLb: 8,
      sizeLb: 0xffff_ffff,
      kind: 'normal',
      compression: 'snappy',
      dataOffsetBytes: 0,
      dataSizeBytes: 0xffff_ffff,
      checksum: 1,
    };
    const hostile = joined(sorted.slice(0, 32), encodePackHeader([record]), new Uint8Array(100));
    const { damages, largestReadBytes } = await verifyBytes(hostile);
    expect(damages[0]).toMatchObject({ offset: 32 + PACK_HEADER_BYTES, part: 'pack 0, record 0' });
    expect(largestReadBytes).toBeLessThan(2 << 20);
  });
});

describe('an indexed wdiff', () => {
  it('with several bad records tells each', async () => {
    const superAt = indexed.length - 24;
    const bad = flipped(flipped(indexed, superAt - 48 + 3), superAt - 3 * 48 + 30);
    const { damages } = await verifyBytes(bad);
    expect(damages.map(({ offset }) => offset)).toEqual([superAt - 3 * 48, superAt - 48]);
    expect(damages[0].cost).toMatch(/which blocks is not known/);
  });

  it('without its super is lost', async () => {
    const { damages } = await verifyBytes(flipped(indexed, indexed.length - 1));
    expect(damages.map(({ part }) => part)).toEqual(['index super']);
    expect(damages[0].cost).toMatch(/^the whole diff/);
  });
});

it('says of other files that they are not known', async () => {
  const { kind, damages } = await verifyBytes(new Uint8Array(5000).fill(7));
  expect([kind, damages.length]).toEqual(['unknown', 1]);
  expect((await verifyBytes(new Uint8Array(0), 'a.wlog')).damages.length).toBeGreaterThan(0);
});
