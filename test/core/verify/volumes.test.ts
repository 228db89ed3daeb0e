import { describe, expect, it } from 'vitest';
import { createQueueFile, pushFront } from '../../../core/format/queue-file.ts';
import {
  decodeQueueHeader,
  RECORD_AREA_OFFSET,
  RECORD_HEADER_BYTES,
} from '../../../core/format/queue-layout.ts';
import { encodeSuperSector } from '../../../core/format/super-sector.ts';
import { encodeWith, writeMetaLsidGid } from '../../../core/snapshot/meta-codec.ts';
import { Folder, run } from '../../cli/tools/kit.ts';
import { logImage, makeWlog, SALT, SMALL_LOG, UUID } from '../../cli/tools/log-kit.ts';
import { runSteps } from '../format/queue-disk.ts';
import { flipped, verifyBytes } from './kit.ts';

const folder = new Folder();

/** A log device with SMALL_LOG, lsids 310 to 325, of which `writtenLsid` says what must be whole. */
async function logDevice(ringPb: number, writtenLsid: number): Promise<Uint8Array> {
  const path = logImage(folder, 'l.img', ringPb, 0);
  const restored = await run('wlog-restore', [path], { stdin: await makeWlog(SMALL_LOG) });
  expect(restored.status).toBe(0);
  const image = folder.read('l.img').slice();
  const sector = {
    physicalBlockBytes: 512,
    metadataSizePb: 0,
    salt: SALT,
    uuid: UUID,
    name: 'disk-a',
    ringBufferSizePb: ringPb,
    oldestLsid: 310,
    writtenLsid,
    deviceSizeLb: 2048,
  };
  image.set(encodeSuperSector(sector), 4096);
  return image;
}

describe('a log device', () => {
  it('that is sound is counted, also over the end of the ring', async () => {
    for (const ringPb of [400, 100, 20]) {
      const { kind, counts, findings } = await verifyBytes(await logDevice(ringPb, 310));
      expect([kind, findings]).toEqual(['log device', []]);
      // A padding pack may have come in before the end of the ring.
      expect(counts.lsids).toMatch(/^oldest 310, written 310, end 3(2[5-9]|3\d)$/);
      expect(counts).toMatchObject({ name: 'disk-a', ringPb, normal: 4, discard: 2 });
    }
  });

  it('with damage before the written lsid has lost log, behind it has ended there', async () => {
    const placeOf = (lsid: number) => 5120 + lsid * 512;
    const header = flipped(await logDevice(400, 325), placeOf(314) + 20);
    const lost = await verifyBytes(header);
    expect(lost.damages).toHaveLength(1);
    expect(lost.damages[0]).toMatchObject({ offset: placeOf(314), part: 'pack at lsid 314' });
    expect(lost.damages[0].cost).toContain('lsids 314 to 319');
    expect(lost.counts.packs).toBe(2);
    const data = await verifyBytes(flipped(await logDevice(400, 325), placeOf(321)));
    expect(data.damages.map(({ part }) => part)).toEqual(['pack at lsid 320, record 0, lsid 321']);
    const torn = await verifyBytes(flipped(await logDevice(400, 320), placeOf(321)));
    expect([torn.damages, torn.findings.length]).toEqual([[], 1]);
    expect(torn.findings[0].problem).toMatch(/^the log ends within a pack/);
    const ended = await verifyBytes(flipped(await logDevice(400, 320), placeOf(320)));
    expect(ended.findings).toEqual([]);
    expect(ended.counts.lsids).toBe('oldest 310, written 320, end 320');
  });

  it('that has overflowed says so', async () => {
    const { damages } = await verifyBytes(await logDevice(400, 800));
    expect(damages[0].problem).toMatch(/^the log has overflowed/);
  });

  it('with a broken super sector, or a ring that is not there, is lost', async () => {
    const image = await logDevice(400, 310);
    const bad = await verifyBytes(flipped(image, 4096 + 50));
    expect(bad.damages.map(({ part }) => part)).toEqual(['super sector']);
    const short = await verifyBytes(image.slice(0, 100_000));
    expect(short.damages[0].problem).toContain('must lie inside the device');
  });
});

/** A queue file of snapshots, given newest first. */
function queueFile(positions: readonly (readonly [lsid: number, gid: number])[]): Uint8Array {
  let change = createQueueFile(7);
  let bytes = runSteps(new Uint8Array(0), change.steps);
  for (const [lsid, gid] of [...positions].reverse()) {
    const record = encodeWith(writeMetaLsidGid, { isMergeable: true, timestamp: 5, lsid, gid });
    change = pushFront(change.queue, record);
    bytes = runSteps(bytes, change.steps);
  }
  return bytes;
}

describe('a queue file', () => {
  const good = queueFile([
    [30, 3],
    [20, 2],
    [10, 1],
  ]);

  it('that is sound is counted', async () => {
    expect(await verifyBytes(good, 'queue')).toMatchObject({
      kind: 'queue file',
      counts: { snapshots: 3 },
      findings: [],
    });
    // Its preamble is enough.
    expect((await verifyBytes(good, 'any')).kind).toBe('queue file');
  });

  it('with one bad record tells it, and reads the others', async () => {
    const dataAt = RECORD_AREA_OFFSET + (decodeQueueHeader(good, 0)?.beginOffset ?? 0) + RECORD_HEADER_BYTES;
    const { damages, counts } = await verifyBytes(flipped(good, dataAt + 3), 'queue');
    expect(damages.map(({ part }) => part)).toEqual(['record 0']);
    expect(counts).toEqual({ snapshots: 2 });
  });

  it('with one broken header is sound, with two it is lost', async () => {
    const one = await verifyBytes(flipped(good, 5), 'queue');
    expect([one.damages, one.findings.length, one.counts.snapshots]).toEqual([[], 1, 3]);
    const two = await verifyBytes(flipped(flipped(good, 5), 33), 'queue');
    expect(two.damages.map(({ part }) => part)).toEqual(['both headers']);
  });

  it('in the wrong order is damaged', async () => {
    const { damages } = await verifyBytes(
      queueFile([
        [10, 1],
        [20, 2],
      ]),
    );
    expect(damages[0].problem).toContain('newest first');
  });

  it('is refused everywhere where it is hit or cut, or reads the same', async () => {
    for (let at = 0; at < 300; at++) {
      const hit = await verifyBytes(flipped(good, at), 'queue');
      if (hit.damages.length === 0) expect(hit.counts.snapshots).toBe(3);
      const cut = await verifyBytes(good.slice(0, at), 'queue');
      if (cut.damages.length === 0) expect(cut.counts.snapshots).toBe(3);
    }
  });
});

describe('small files', () => {
  it.each([
    ['state', [8, ...Buffer.from('Archived')], 'Archived'],
    ['uuid', Array.from({ length: 16 }, (_, i) => i), '000102030405060708090a0b0c0d0e0f'],
    ['path', [3, ...Buffer.from('/a1')], '/a1'],
    ['size', [0x81, 0, 0x20], '8192 blocks'],
    ['9.cold', [0x82, 0xb2, 0x67, 3, 0x6b], 'time 1795385266'],
    ['a0.archive', [9, ...Buffer.from('127.0.0.1'), 0xd8, 0x27, 2, 0, 1, 0], '127.0.0.1:10200'],
  ])('%s is read', async (name, bytes, value) => {
    const whole = Uint8Array.from(bytes);
    expect(await verifyBytes(whole, name)).toMatchObject({
      kind: 'metadata',
      findings: [],
      counts: { value },
    });
    const cut = await verifyBytes(whole.slice(0, -1), name);
    expect(cut.damages).toHaveLength(1);
    expect((await verifyBytes(Uint8Array.from([...bytes, 1]), name)).findings[0].severity).toBe('notice');
  });
});
