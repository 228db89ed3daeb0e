/** The worked examples in docs/formats.md are real: each is decoded, and is what the encoder writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex32 } from '../../../core/format/binary.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  decodeIndexRecord,
  decodeIndexSuper,
  encodeIndexSuper,
  splitAligned,
  WdiffIndex,
} from '../../../core/format/indexed-wdiff.ts';
import {
  decodeLogpackHeader,
  encodeEndBlock,
  encodeLogpackHeader,
  nextLsid,
  shrinkLogpack,
} from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import { Reader, Writer } from '../../../core/format/serializer.ts';
import { decodePackHeader, END_PACK, encodePackHeader } from '../../../core/format/sorted-wdiff.ts';
import { decodeSuperSector, encodeSuperSector, lsidToOffsetPb } from '../../../core/format/super-sector.ts';
import { decodeWdiffHeader, encodeWdiffHeader } from '../../../core/format/wdiff-header.ts';
import { decodeWlogHeader, encodeWlogHeader } from '../../../core/format/wlog.ts';
import { logpackLines, wlogHeaderLine } from '../../../core/format/wlog-text.ts';
import { expectBytes, hexBytes, repeated } from './format-kit.ts';

const DOC = readFileSync(join(import.meta.dirname, '../../../docs/formats.md'), 'utf8');
const SALT = 0xcafe;
const UUID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

/** The bytes of the block that begins with "```hex NAME SIZE". */
function example(name: string): Uint8Array {
  const found = new RegExp(`^\`\`\`hex ${name}(?: ([0-9]+))?\n([^\`]*)\`\`\``, 'm').exec(DOC);
  if (found === null) throw new Error(`docs/formats.md has no example ${name}`);
  return hexBytes(found[2], Number(found[1] ?? 0));
}

describe('examples of docs/formats.md', () => {
  it('checksum', () => {
    const text = new TextEncoder().encode('walbox!');
    for (const salt of [0, 5])
      expect(DOC).toContain(`| \`walbox!\` | ${salt} | \`${hex32(checksum(text, salt))}\` |`);
  });

  it('serialized values', () => {
    const writer = new Writer();
    writer.u32(300);
    writer.u64(null);
    writer.bool(true);
    writer.string('vol0');
    writer.u16(0x0311);
    writer.i32(-200);
    expectBytes(writer.finish(), example('serialized'));
    const r = new Reader(example('serialized'));
    expect([r.u32(), r.u64(), r.bool(), r.string(), r.u16(), r.i32()]).toEqual([
      300,
      null,
      true,
      'vol0',
      0x0311,
      -200,
    ]);
  });

  it('super sector', () => {
    const sector = decodeSuperSector(example('super-sector'));
    expect(sector).toMatchObject({
      name: 'disk-a',
      ringBufferSizePb: 246,
      oldestLsid: 300,
      writtenLsid: 310,
    });
    expect(lsidToOffsetPb(310, sector)).toBe(74);
    expectBytes(encodeSuperSector(sector), example('super-sector'));
  });

  it('logpack, shrunk logpack, end block, and their text', () => {
    const builder = new LogpackBuilder(512, 310);
    builder.addNormal(40, 2, checksum(repeated('X', 1024), SALT));
    builder.addDiscard(1000, 64);
    builder.addNormal(7, 1, checksum(repeated('Y', 512), SALT));
    const block = encodeLogpackHeader(builder.header(), 512, SALT);
    expectBytes(block, example('logpack'));
    const pack = decodeLogpackHeader(block, SALT);
    expect(nextLsid(pack)).toBe(314);
    expectBytes(encodeLogpackHeader(shrinkLogpack(pack, 2), 512, SALT), example('shrunk-logpack'));
    expectBytes(encodeEndBlock(512, SALT), example('end-block'));
    const header = decodeWlogHeader(example('wlog-header'));
    expect(DOC).toContain([wlogHeaderLine(header), ...logpackLines(pack)].join('\n'));
  });

  it('the end of the ring', () => {
    const builder = new LogpackBuilder(512, 486);
    expect(builder.addOnRing(0, 8, 0, 246)).toBe(true);
    expect(builder.header().records.map((r) => [r.kind, r.lsid])).toEqual([
      ['padding', 487],
      ['normal', 492],
    ]);
    const exact = new LogpackBuilder(512, 486);
    exact.addOnRing(0, 5, 0, 246);
    expect(exact.header().paddingCount).toBe(0);
  });

  it('wlog header', () => {
    const header = { physicalBlockBytes: 512, salt: SALT, uuid: UUID, beginLsid: 310, endLsid: null };
    expectBytes(encodeWlogHeader(header), example('wlog-header'));
  });

  it('wdiff headers', () => {
    for (const type of ['sorted', 'indexed'] as const) {
      expect(decodeWdiffHeader(example(`${type}-header`))).toEqual({ type, uuid: UUID });
      expectBytes(encodeWdiffHeader({ type, uuid: UUID }), example(`${type}-header`));
    }
  });

  it('packs', () => {
    const { records } = decodePackHeader(example('pack'));
    expect(records.map((r) => [r.addressLb, r.sizeLb, r.kind])).toEqual([
      [7, 1, 'normal'],
      [20, 2, 'zero'],
      [1000, 64, 'discard'],
    ]);
    expect(records[0].checksum).toBe(checksum(repeated('Y', 512), 0));
    expectBytes(encodePackHeader(records), example('pack'));
    expectBytes(END_PACK, example('end-pack'));
  });

  it('index', () => {
    const nothing = { compression: 'none', dataSizeBytes: 0, checksum: 0 } as const;
    const index = new WdiffIndex();
    index.add({
      addressLb: 6,
      sizeLb: 4,
      kind: 'normal',
      compression: 'none',
      dataOffsetBytes: 32,
      dataSizeBytes: 2048,
      checksum: checksum(repeated('X', 2048), 0),
    });
    index.add({ addressLb: 8, sizeLb: 1, kind: 'zero', dataOffsetBytes: 2080, ...nothing });
    const bytes = example('index');
    expectBytes([...index.encodedRecords()][0], bytes.subarray(0, 144));
    const indexSuper = { indexOffsetBytes: 2080, recordCount: 3, ioCount: 2 };
    expectBytes(encodeIndexSuper(indexSuper), bytes.subarray(144));
    expect(decodeIndexSuper(bytes.subarray(144), 2080 + bytes.length)).toEqual(indexSuper);
    expect(decodeIndexRecord(bytes, 96)).toMatchObject({ addressLb: 9, imageOffsetLb: 3 });
  });

  it('aligned pieces', () => {
    const sizes = (addressLb: number, sizeLb: number, limitLb: number) =>
      splitAligned(addressLb, sizeLb, limitLb).map((piece) => piece.sizeLb);
    expect(sizes(6, 4, 2048)).toEqual([2, 2]);
    expect(sizes(3, 14, 0)).toEqual([1, 4, 8, 1]);
    expect(sizes(3, 14, 4)).toEqual([1, 4, 4, 4, 1]);
  });
});
