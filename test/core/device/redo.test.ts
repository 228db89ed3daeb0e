import { describe, expect, it } from 'vitest';
import { encodeSuperSector } from '../../../core/format/super-sector.ts';
import { expectSame } from '../../expect-same.ts';
import type { DiskCall } from './crash-disk.ts';
import { LB, Rig, STEP, tagged, tagsOf } from './harness.ts';
import { blockAt, superOf, walkLog } from './log-walk.ts';

/** Holds back every write of data, so that the log is ahead of the data device. */
const holdData = (call: DiskCall) => (call.step === 'device.data.write' ? new Promise<void>(() => {}) : null);

/** Log images of a device: formatted, and after `write` with nothing on the data device. */
async function images(
  write: (rig: Rig, face: ReturnType<Awaited<ReturnType<Rig['start']>>['openData']>) => Promise<unknown>,
) {
  const rig = new Rig({ device: { checkpointIntervalMs: 0 } });
  const device = await rig.start();
  const before = rig.ldev.durable.slice();
  rig.ddev.hold = holdData;
  const face = device.openData();
  await rig.run(write(rig, face));
  await rig.run(face.flush(STEP));
  return { before, after: rig.ldev.durable.slice() };
}

async function reopen(image: Uint8Array, options: { again?: number } = {}) {
  const rig = new Rig({ ldevImage: image });
  let device = await rig.open();
  for (let i = 0; i < (options.again ?? 0); i++) {
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    device = await rig.open();
  }
  const tags = tagsOf(await rig.run(device.openData().read(0, 16, STEP)), 0);
  return { rig, device, tags };
}

describe('redo', () => {
  it('of every subset of the blocks of one pack applies what is whole from its start', async () => {
    const { before, after } = await images((_rig, face) =>
      Promise.all([face.write(0, tagged(1, 0, 2), STEP), face.write(4, tagged(2, 4, 1), STEP)]),
    );
    const sector = superOf(before, 512);
    const headerChecksum = blockAt(after, sector, 0).slice(0, 4);
    for (let subset = 0; subset < 16; subset++) {
      const image = before.slice();
      for (let lsid = 0; lsid < 4; lsid++) {
        if ((subset >> lsid) & 1) blockAt(image, sector, lsid).set(blockAt(after, sector, lsid));
      }
      const hasHeader = (subset & 1) !== 0;
      const hasFirst = hasHeader && (subset & 6) === 6;
      const hasBoth = hasFirst && (subset & 8) !== 0;
      for (const again of [0, 2]) {
        const { rig, device, tags } = await reopen(image, { again });
        const first = hasFirst ? 1 : 0;
        const second = hasBoth ? 2 : 0;
        expect(tags).toEqual([first, first, 0, 0, second, ...Array.from({ length: 11 }, () => 0)]);
        const endLsid = hasBoth ? 4 : hasFirst ? 3 : 0;
        expect(device.lsids()).toMatchObject({ latest: endLsid, written: endLsid, prevWritten: endLsid });
        expect(superOf(rig.ldev.durable, 512).writtenLsid).toBe(endLsid);
        if (again === 0) expect(device.redone.shrunk).toBe(hasFirst && !hasBoth);
        if (hasFirst && !hasBoth) {
          // The header was cut to its first record, durably.
          const packs = walkLog(rig.ldev.durable, sector, 0);
          expect(packs.map((pack) => pack.header.records.length)).toEqual([1]);
          expect(
            blockAt(rig.ldev.durable, sector, 0)
              .slice(24 + 32)
              .every((byte) => byte === 0),
          ).toBe(true);
          expect(blockAt(rig.ldev.durable, sector, 0).slice(0, 4)).not.toEqual(headerChecksum);
        }
      }
    }
  });

  it('cuts behind padding and discards, and keeps those before the bad IO', async () => {
    const rig = new Rig({ ringPb: 12, device: { checkpointIntervalMs: 0 } });
    const device = await rig.start();
    const face = device.openData();
    await rig.run(face.write(0, tagged(1, 0, 6), STEP));
    await rig.run(face.flush(STEP));
    await rig.sleep(200_000);
    await rig.run(device.forceCheckpoint());
    rig.ddev.hold = holdData;
    // Header at 7, one block at 8, the discard, 3 blocks of padding, 4 blocks at the start of the ring.
    const writes = [
      face.write(8, tagged(2, 8, 1), STEP),
      face.discard(0, 1, STEP),
      face.write(10, tagged(3, 10, 4), STEP),
    ];
    await rig.run(Promise.all(writes));
    await rig.run(face.flush(STEP));
    const sector = superOf(rig.ldev.durable, 512);
    expect(walkLog(rig.ldev.durable, sector, 7)[0].header).toMatchObject({
      totalIoSizePb: 8,
      paddingCount: 1,
    });
    const image = rig.ldev.durable.slice();
    blockAt(image, sector, 14)[0] ^= 1;
    const again = new Rig({ ldevImage: image });
    again.ddev.visible.set(rig.ddev.durable);
    again.ddev.durable.set(rig.ddev.durable);
    const opened = await again.open();
    expect(opened.redone).toEqual({ endLsid: 12, packCount: 1, shrunk: true });
    expect(walkLog(again.ldev.durable, sector, 7)[0].header).toMatchObject({
      totalIoSizePb: 4,
      paddingCount: 1,
      records: [{ kind: 'normal' }, { kind: 'discard' }, { kind: 'padding' }],
    });
    const tags = tagsOf(await again.run(opened.openData().read(0, 14, STEP)), 0);
    expect(tags).toEqual([0, 1, 1, 1, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0]);
  });

  it('stops at a lost pack, and never replays the whole one behind it, not even when new packs refill its place', async () => {
    const { before, after } = await images(async (rig, face) => {
      for (const tag of [1, 2, 3]) await rig.run(face.write(tag, tagged(tag, tag, 1), STEP));
    });
    const sector = superOf(before, 512);
    // Pack 0 survived, pack 2 was lost, pack 4 survived.
    const image = after.slice();
    blockAt(image, sector, 2).set(blockAt(before, sector, 2));
    const { rig, device, tags } = await reopen(image);
    expect(tags.slice(0, 5)).toEqual([0, 1, 0, 0, 0]);
    expect(device.lsids().latest).toBe(2);
    const face = device.openData();
    await rig.run(face.write(9, tagged(9, 9, 1), STEP));
    await rig.run(face.flush(STEP));
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    const next = await rig.open();
    expect(next.lsids().latest).toBe(4);
    expect(tagsOf(await rig.run(next.openData().read(0, 10, STEP)), 0)).toEqual([
      0, 1, 0, 0, 0, 0, 0, 0, 0, 9,
    ]);
  });

  it('never takes an old header for the data of a new pack with the same bytes', async () => {
    const { before, after } = await images((_rig, face) => face.write(3, tagged(1, 1, 1), STEP));
    const sector = superOf(before, 512);
    const image = before.slice();
    blockAt(image, sector, 0).set(blockAt(after, sector, 0));
    const { rig, device } = await reopen(image);
    const face = device.openData();
    // The same data for another place: its header is lost, its data survive.
    void face.write(1, tagged(1, 1, 1), STEP).catch(() => {});
    await rig.sleep(0);
    blockAt(rig.ldev.durable, sector, 1).set(blockAt(after, sector, 1));
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    const next = await rig.open();
    expect(next.redone.packCount).toBe(0);
    expect(tagsOf(await rig.run(next.openData().read(0, 5, STEP)), 0)).toEqual([0, 0, 0, 0, 0]);
  });

  it('erases old packs wherever the log may come in its first turn, before it comes there', async () => {
    const { before, after } = await images(async (rig, face) => {
      for (let i = 0; i < 40; i++) await rig.run(face.write(i, tagged(i + 1, i, 1), STEP));
    });
    const sector = superOf(before, 512);
    const image = after.slice();
    blockAt(image, sector, 0).set(blockAt(before, sector, 0));
    const { rig, device } = await reopen(image);
    expect(device.lsids().latest).toBe(0);
    for (let lsid = 0; lsid < 80; lsid += 2) expect(walkLog(rig.ldev.durable, sector, lsid)).toEqual([]);
    expect(rig.logLines.some((line) => line.includes('erased 39 packs'))).toBe(true);
  });

  it.each(['ldev', 'ddev'] as const)(
    'fails on an error of the %s, and does it all when made again',
    async (name) => {
      const { after } = await images((_rig, face) => face.write(2, tagged(1, 2, 1), STEP));
      const rig = new Rig({ ldevImage: after });
      const steps = name === 'ldev' ? ['device.redo.header', 'device.redo.log'] : ['device.redo.write'];
      for (const step of steps) {
        rig[name].fault = (call) => (call.step === step ? { effect: 'none' } : null);
        await expect(rig.open()).rejects.toThrow(`${step} failed`);
        rig.crash();
      }
      rig[name].fault = () => null;
      const device = await rig.open();
      expect(tagsOf(await rig.run(device.openData().read(2, 1, STEP)), 2)).toEqual([1]);
    },
  );

  it('gives the same when the power fails in it, at any moment and twice', async () => {
    const { after } = await images(async (_rig, face) => {
      const writes = Array.from({ length: 10 }, (_, i) => face.write(i % 4, tagged(i + 1, i % 4, 2), STEP));
      await Promise.all(writes);
    });
    for (let us = 0; us < 3000; us += 97) {
      const rig = new Rig({ ldevImage: after, seed: us });
      for (const at of [us, (us * 7) % 3000]) {
        void rig.opening().catch(() => {});
        await rig.sleep(at);
        rig.crash({ ldev: 'blocks', ddev: 'blocks' });
      }
      const device = await rig.open();
      expect(tagsOf(await rig.run(device.openData().read(0, 6, STEP)), 0)).toEqual([9, 10, 10, 8, 8, 0]);
      expect(device.lsids().latest).toBe(walkLog(after, superOf(after, 512), 0).at(-1)?.nextLsid);
    }
  });

  it('makes what it reads durable first: a kernel crash alone leaves it in the cache of the log device', async () => {
    const rig = new Rig({ device: { checkpointIntervalMs: 0 }, params: { logFlushIntervalMs: 100 } });
    const device = await rig.start();
    await rig.run(device.openData().write(0, tagged(1, 0, 1), STEP));
    rig.crash();
    rig.ddev.onCall = (call) => {
      if (call.kind !== 'write') return;
      expect(walkLog(rig.ldev.durable, superOf(rig.ldev.durable, 512), 0).length).toBe(1);
    };
    const again = await rig.open();
    expect(again.redone.packCount).toBe(1);
  });

  it('refuses a log whose IO is not on the data device', async () => {
    const { after } = await images((_rig, face) => face.write(200, tagged(1, 200, 1), STEP));
    const sector = superOf(after, 512);
    after.set(encodeSuperSector({ ...sector, deviceSizeLb: 64 }), 4096);
    const rig = new Rig({ ldevImage: after, sizeLb: 64 });
    await expect(rig.open()).rejects.toThrow('the data device must hold blocks up to 201');
  });
});

describe('opening', () => {
  async function formatted() {
    const rig = new Rig();
    await rig.format();
    return rig;
  }

  it('refuses a damaged super sector and leaves it as it is', async () => {
    const rig = await formatted();
    for (const at of [0, 4, 20, 511]) {
      const image = rig.ldev.durable.slice();
      image[4096 + at] ^= 1;
      const other = new Rig({ ldevImage: image });
      await expect(other.open()).rejects.toThrow('read super sector failed');
      expectSame(other.ldev.visible, image);
    }
    await expect(new Rig().open()).rejects.toThrow('read super sector failed');
  });

  it('refuses disks that do not fit', async () => {
    const rig = await formatted();
    const small = new Rig({ ldevImage: rig.ldev.durable, sizeLb: 100 });
    await expect(small.open()).rejects.toThrow('the data device must have at least 256 blocks, got 100');
    const cut = new Rig({ ldevImage: rig.ldev.durable.slice(0, 100 * LB) });
    await expect(cut.open()).rejects.toThrow('must fit on the log device');
    const ddev = { ...rig.ddev.open(rig.life), physicalBlockBytes: 4096 as const };
    await expect(rig.open({ ddev })).rejects.toThrow('pbs size differ');
  });

  it('fails when the super sector cannot be written back', async () => {
    const rig = await formatted();
    rig.ldev.fault = (call) => (call.step === 'device.open.write-back' ? { effect: 'none' } : null);
    await expect(rig.open()).rejects.toThrow('device.open.write-back failed');
  });

  it('takes the name given, or the one written, or the number; and keeps a given one', async () => {
    const rig = new Rig();
    await rig.format('');
    expect((await rig.open({ fallbackName: '3' })).name).toBe('3');
    rig.crash();
    await rig.format('vol0');
    expect((await rig.open()).name).toBe('vol0');
    rig.crash();
    expect((await rig.open({ name: 'other' })).name).toBe('other');
    rig.crash();
    expect((await rig.open()).name).toBe('other');
    rig.crash();
    await expect(rig.open({ name: 'a'.repeat(26) })).rejects.toThrow('at most 25 bytes');
    rig.crash();
    expect((await rig.open({ name: 'a'.repeat(25) })).name.length).toBe(25);
  });

  it('at the end of all lsids takes what still has one, and refuses the rest without harm', async () => {
    const rig = await formatted();
    const image = rig.ldev.durable.slice();
    const lastLsid = Number.MAX_SAFE_INTEGER - 5;
    image.set(
      encodeSuperSector({ ...superOf(image, 512), oldestLsid: lastLsid, writtenLsid: lastLsid }),
      4096,
    );
    const other = new Rig({ ldevImage: image });
    const device = await other.open();
    const face = device.openData();
    await other.run(face.write(0, tagged(1, 0, 2), STEP));
    await expect(other.run(face.write(2, tagged(2, 2, 2), STEP))).rejects.toMatchObject({ code: 'EIO' });
    expect(device.isReadOnly).toBe(false);
    await other.run(device.resetWal());
    await other.run(face.write(2, tagged(2, 2, 2), STEP));
    expect(tagsOf(await other.run(face.read(0, 4, STEP)), 0)).toEqual([1, 1, 2, 2]);
  });
});
