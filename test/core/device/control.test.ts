import { describe, expect, it } from 'vitest';
import { formatLdev, runDeviceCommand } from '../../../core/device/index.ts';
import { LB, Rig, type RigOptions, STEP, tagged, tagsOf } from './harness.ts';
import { blockAt, superOf } from './log-walk.ts';

async function rigged(options: RigOptions = {}) {
  const rig = new Rig({ ...options, device: { checkpointIntervalMs: 0, ...options.device } });
  const device = await rig.start();
  const face = device.openData();
  const write = (at: number, size: number) => rig.run(face.write(at, tagged(at + 1, at, size), STEP));
  const superNow = () => superOf(rig.ldev.durable, rig.ldev.pbs);
  return { rig, device, face, write, superNow };
}

const refused = { code: 'EFAULT' };

describe('the layout', () => {
  it.each([
    [512, 5120, 118],
    [4096, 12288, 20],
  ] as const)('of %s-byte blocks: super sector at 4096, ring at %s', async (pbs, ringAt, ringPb) => {
    const rig = new Rig({ pbs, ringPb });
    const device = await rig.start();
    expect(superOf(rig.ldev.durable, pbs)).toMatchObject({
      ringBufferSizePb: ringPb,
      physicalBlockBytes: pbs,
      name: 'vol0',
    });
    expect(device.logCapacityPb).toBe(ringPb);
    await rig.run(device.openData().write(0, tagged(1, 0, 1), STEP, { fua: true }));
    expect([...rig.ldev.durable.subarray(ringAt + 4, ringAt + 8)]).toEqual([3, 0, 1, 0]);
  });

  it('of a new format has nothing but the super sector; discarding first is possible', async () => {
    const rig = new Rig();
    rig.ldev.durable.fill(0xee);
    rig.ldev.visible.fill(0xee);
    await rig.format('a'.repeat(40));
    const image = rig.ldev.durable;
    expect(image.every((byte, at) => byte === 0xee || (at >= 4096 && at < 4608))).toBe(true);
    expect(superOf(image, 512).name).toBe('a'.repeat(31));
    const one = rig.ldev.durable.slice();
    const discards: number[] = [];
    const ldev = {
      ...rig.ldev.open(rig.life),
      supportsDiscard: true,
      discard: async (_at: number, sizeLb: number) => void discards.push(sizeLb),
    };
    await rig.run(
      formatLdev({ ldev, ddev: rig.ddev.open(rig.life), random: rig.worldRandom, discard: true }),
    );
    expect(discards).toEqual([1, 128]);
    expect(superOf(rig.ldev.durable, 512).uuid).toEqual(superOf(one, 512).uuid);
  });

  it('needs a log device that can hold a log, of the same block size', async () => {
    const rig = new Rig({ ringPb: 1 });
    await expect(rig.format()).rejects.toThrow('a log device must have at least 12 blocks, got 11');
    const ddev = { ...rig.ddev.open(rig.life), physicalBlockBytes: 4096 as const };
    await expect(
      formatLdev({ ldev: rig.ldev.open(rig.life), ddev, random: rig.worldRandom }),
    ).rejects.toThrow('pbs size differ');
  });
});

describe('checkpoints', () => {
  it('are taken by the timer when there is something new, data device first', async () => {
    const { rig, device, write, superNow } = await rigged({ device: { checkpointIntervalMs: 1000 } });
    const steps: string[] = [];
    const note = (call: { step: string }) =>
      void (call.step.startsWith('device.super') && steps.push(call.step));
    rig.ldev.onCall = note;
    rig.ddev.onCall = note;
    await rig.sleep(5_000_000);
    expect(steps).toEqual([]);
    await write(0, 3);
    await rig.sleep(2_100_000);
    expect(steps).toEqual(['device.super.flush-data', 'device.super.write']);
    expect(device.lsids()).toMatchObject({ written: 4, prevWritten: 4 });
    expect(superNow()).toMatchObject({ writtenLsid: 4, oldestLsid: 0 });
  });

  it('sleep while nothing is written, and keep their beat', async () => {
    const { rig, device, write } = await rigged({ device: { checkpointIntervalMs: 1000 } });
    const beganUs = rig.loop.nowUs;
    await rig.sleep(5_300_000);
    expect(rig.loop.pendingCount).toBe(0);
    await write(0, 1);
    await rig.sleep(beganUs + 5_990_000 - rig.loop.nowUs);
    expect(device.lsids().prevWritten).toBe(0);
    await rig.sleep(20_000);
    expect(device.lsids()).toMatchObject({ written: 2, prevWritten: 2 });
    await rig.sleep(2_000_000);
    expect(rig.loop.pendingCount).toBe(0);
  });

  it('can be forced, timed anew and switched off', async () => {
    const { rig, device, write } = await rigged();
    await write(0, 1);
    await rig.sleep(200_000);
    expect(device.lsids().prevWritten).toBe(0);
    await rig.run(device.forceCheckpoint());
    expect(device.lsids().prevWritten).toBe(2);
    await write(0, 1);
    device.setCheckpointInterval(500);
    expect(device.checkpointIntervalMs).toBe(500);
    await rig.sleep(600_000);
    expect(device.lsids().prevWritten).toBe(4);
    device.setCheckpointInterval(0);
    await write(0, 1);
    await rig.sleep(100_000_000);
    expect(device.lsids().prevWritten).toBe(4);
    expect(() => device.setCheckpointInterval(86_400_001)).toThrow('0..86400000');
    device.setCheckpointInterval(86_400_000);
  });

  it('end with the first that fails', async () => {
    const { rig, device, write } = await rigged({ device: { checkpointIntervalMs: 100 } });
    await write(0, 1);
    rig.ddev.fault = (call) => (call.kind === 'flush' ? { effect: 'none' } : null);
    await rig.sleep(400_000);
    expect(device.isReadOnly).toBe(true);
    expect(rig.loop.pendingCount).toBe(0);
    await expect(rig.run(device.forceCheckpoint())).rejects.toMatchObject(refused);
  });
});

describe('the oldest lsid', () => {
  it('moves to places of packs between oldest and prev_written, durably', async () => {
    const { rig, device, write, superNow } = await rigged();
    for (const at of [0, 10, 20]) await write(at, 3);
    await rig.sleep(200_000);
    await expect(rig.run(device.setOldestLsid(4))).rejects.toMatchObject(refused);
    await rig.run(device.forceCheckpoint());
    await rig.run(device.setOldestLsid(4));
    expect(superNow().oldestLsid).toBe(4);
    for (const lsid of [0, 3, 5, 13, -1, 1.5]) {
      await expect(rig.run(device.setOldestLsid(lsid))).rejects.toMatchObject(refused);
    }
    await rig.run(device.setOldestLsid(4));
    await rig.run(device.setOldestLsid(12));
    expect(device.lsids()).toMatchObject({ oldest: 12, latest: 12 });
    expect([device.logUsagePb, device.isLogOverflow]).toEqual([0, false]);
  });
});

describe('overflow', () => {
  it('rises one block above the capacity, writes go on, and stays until the log is reset', async () => {
    let told = 0;
    const { rig, device, face, write } = await rigged({
      ringPb: 10,
      device: { onOverflow: () => void (told += 1) },
    });
    await write(0, 4);
    await write(10, 4);
    expect([device.logUsagePb, device.isLogOverflow]).toEqual([10, false]);
    await rig.run(face.discard(100, 1, STEP));
    expect([device.logUsagePb, device.isLogOverflow, told]).toEqual([11, true, 1]);
    for (let at = 20; at < 100; at += 10) await write(at, 4);
    expect(tagsOf(await rig.run(face.read(0, 14, STEP)), 0)).toEqual([
      1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 11, 11, 11, 11,
    ]);
    await rig.sleep(200_000);
    await rig.run(device.forceCheckpoint());
    await rig.run(device.setOldestLsid(device.lsids().prevWritten));
    expect([device.logUsagePb, device.isLogOverflow, told]).toEqual([0, true, 1]);
    await rig.run(device.resetWal());
    expect([device.isLogOverflow, told]).toEqual([false, 1]);
  });

  it('is seen again when the device is made anew', async () => {
    const { rig, write } = await rigged({ ringPb: 10 });
    for (const at of [0, 10, 20]) await write(at, 4);
    rig.crash({ ldev: 'all', ddev: 'nothing' });
    const device = await rig.open();
    expect(device.isLogOverflow).toBe(true);
    expect(tagsOf(await rig.run(device.openData().read(20, 4, STEP)), 20)).toEqual([21, 21, 21, 21]);
  });

  it('is refused instead when the module says so; a smaller write may still succeed', async () => {
    const { rig, device, face, write } = await rigged({
      ringPb: 10,
      device: { module: { errorBeforeOverflow: true } },
    });
    await write(0, 6);
    await expect(write(10, 4)).rejects.toMatchObject({ code: 'EIO' });
    await write(10, 2);
    expect(device.lsids().latest).toBe(10);
    expect([device.isLogOverflow, device.isReadOnly]).toEqual([false, false]);
    await expect(rig.run(face.discard(0, 1, STEP))).rejects.toMatchObject({ code: 'EIO' });
    await rig.run(face.flush(STEP));
  });

  it('never overwrites log that redo needs: the super sector goes first', async () => {
    const { rig, device, write, superNow } = await rigged({ ringPb: 10 });
    rig.ldev.onCall = (call) => {
      if (!call.step.startsWith('device.log') || call.kind !== 'write') return;
      expect(device.lsids().latest - superNow().writtenLsid).toBeLessThanOrEqual(10);
    };
    for (let i = 0; i < 30; i++) await write(i * 5, 1 + (i % 9));
    expect(device.isReadOnly).toBe(false);
  });
});

describe('freeze', () => {
  it('waits for what is under way, holds writes, lets reads go on, and melts', async () => {
    const { rig, device, face } = await rigged({ device: { checkpointIntervalMs: 1000 } });
    const under = face.write(0, tagged(1, 0, 4), STEP);
    await rig.run(device.freeze());
    await rig.run(under);
    expect(device.lsids()).toMatchObject({ latest: 5, completed: 5, written: 5, prevWritten: 0 });
    let done = false;
    const write = face.write(1, tagged(2, 1, 1), STEP).then(() => void (done = true));
    const flush = face.flush(STEP);
    await rig.sleep(100_000_000);
    expect([done, device.freezeState, device.lsids().prevWritten]).toEqual([false, 'frozen', 0]);
    expect(tagsOf(await rig.run(face.read(0, 4, STEP)), 0)).toEqual([1, 1, 1, 1]);
    await rig.run(device.freeze());
    await expect(rig.run(device.resetWal())).rejects.toMatchObject(refused);
    expect(device.freezeState).toBe('frozen');
    await rig.run(device.melt());
    await rig.run(Promise.all([write, flush]));
    await rig.run(device.melt());
    await rig.sleep(1_500_000);
    expect(device.lsids().prevWritten).toBe(7);
  });

  it('is told by wdevc, and ended by it', async () => {
    const { rig, device } = await rigged();
    const wdevc = (...words: [string, ...string[]]) =>
      rig.run(runDeviceCommand(device, words[0], words.slice(1), rig.clock));
    for (const seconds of ['0', '100']) {
      expect(await wdevc('is-flozen')).toEqual(['0']);
      await wdevc('freeze', seconds);
      expect(await wdevc('is-flozen')).toEqual(['1']);
      await wdevc('melt');
    }
    expect(await wdevc('is-flozen')).toEqual(['0']);
  });

  it('ends by itself after its time, which a second freeze sets anew', async () => {
    const { rig, device, face } = await rigged();
    await rig.run(device.freeze(2));
    expect(device.freezeState).toBe('frozen-timeout');
    await rig.sleep(1_500_000);
    await rig.run(device.freeze(2));
    await rig.sleep(1_500_000);
    expect(device.freezeState).toBe('frozen-timeout');
    const write = face.write(0, tagged(1, 0, 1), STEP);
    await rig.sleep(600_000);
    expect(device.freezeState).toBe('melted');
    await rig.run(write);
    await rig.run(device.freeze(1));
    await rig.run(device.freeze(0));
    await rig.sleep(5_000_000);
    expect(device.freezeState).toBe('frozen');
  });
});

describe('reset of the log', () => {
  it('empties it, with a new uuid and salt, while writes are under way', async () => {
    const { rig, device, face, superNow } = await rigged();
    const before = superNow();
    const under = Array.from({ length: 20 }, (_, i) => face.write(i, tagged(i + 1, i, 1), STEP));
    const resetting = device.resetWal();
    await rig.sleep(1);
    const behind = face.write(100, tagged(77, 100, 1), STEP);
    await rig.run(resetting);
    await rig.run(Promise.all([...under, behind]));
    const after = superNow();
    expect(after.uuid).not.toEqual(before.uuid);
    expect(after.salt).not.toBe(before.salt);
    expect(after).toMatchObject({ oldestLsid: 0, writtenLsid: 0 });
    expect(device.lsids()).toMatchObject({ oldest: 0, prevWritten: 0, latest: 2 });
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    const again = await rig.open();
    const tags = tagsOf(await rig.run(again.openData().read(0, 20, STEP)), 0);
    expect(tags).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('cut by a power loss at any moment leaves the old log or an empty one, and the data', async () => {
    for (let us = 0; us < 1200; us += 60) {
      const { rig, device, write } = await rigged({ seed: us });
      await write(0, 4);
      await rig.sleep(200_000);
      void device.resetWal();
      await rig.sleep(us);
      rig.crash({ ldev: 'blocks', ddev: 'blocks' });
      const again = await rig.open();
      expect([0, 5]).toContain(again.lsids().latest);
      expect(tagsOf(await rig.run(again.openData().read(0, 5, STEP)), 0)).toEqual([1, 1, 1, 1, 0]);
    }
  });

  it('takes a log device that has grown into use, and melts when it has shrunk', async () => {
    const { rig, device, face, write } = await rigged({ ringPb: 10 });
    rig.ldev.grow(128);
    expect(device.logCapacityPb).toBe(10);
    await rig.run(device.resetWal());
    expect(device.logCapacityPb).toBe(118);
    for (let i = 0; i < 30; i++) await write(i, 3);
    expect(device.isLogOverflow).toBe(true);
    rig.ldev.sizeLb = 100;
    await expect(rig.run(device.resetWal())).rejects.toMatchObject(refused);
    expect(device.freezeState).toBe('melted');
    rig.ldev.sizeLb = 128;
    await rig.run(face.write(0, tagged(9, 0, 1), STEP));
  });

  it('leaves the device read-only when the super sector or the start of the log cannot be written', async () => {
    for (const step of ['device.super.write', 'device.reset.erase']) {
      const { rig, device, write } = await rigged();
      await write(0, 2);
      rig.ldev.fault = (call) => (call.step === step ? { effect: 'whole' } : null);
      await expect(rig.run(device.resetWal())).rejects.toMatchObject(refused);
      expect([device.isReadOnly, device.freezeState]).toEqual([true, 'melted']);
      rig.ldev.fault = () => null;
      rig.crash({ ldev: 'all', ddev: 'all' });
      const again = await rig.open();
      expect(tagsOf(await rig.run(again.openData().read(0, 3, STEP)), 0)).toEqual([1, 1, 0]);
    }
  });
});

describe('resize', () => {
  it('grows up to the data device, durably, and never shrinks', async () => {
    const { rig, device, face, write, superNow } = await rigged({ sizeLb: 64, ddevSizeLb: 128 });
    await expect(write(64, 1)).rejects.toMatchObject({ code: 'EINVAL' });
    await rig.run(device.resize(80));
    expect([device.sizeLb, face.sizeLb(), superNow().deviceSizeLb]).toEqual([80, 80, 80]);
    await write(64, 16);
    for (const size of [79, 129]) await expect(rig.run(device.resize(size))).rejects.toMatchObject(refused);
    await rig.run(device.resize(80));
    await rig.run(device.resize(0));
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    expect((await rig.open()).sizeLb).toBe(128);
  });
});

describe('stopping', () => {
  it('is refused while the device is open; a clean stop leaves nothing to redo', async () => {
    const { rig, device, face, superNow } = await rigged();
    const under = face.write(0, tagged(1, 0, 4), STEP);
    await expect(rig.run(device.stop())).rejects.toMatchObject({ code: 'EBUSY' });
    face.close();
    face.close();
    await rig.run(device.stop());
    await under;
    expect(superNow()).toMatchObject({ oldestLsid: 0, writtenLsid: 5 });
    await expect(rig.run(face.read(0, 1, STEP))).rejects.toMatchObject({ code: 'EIO' });
    await expect(rig.run(device.resize(0))).rejects.toMatchObject(refused);
    expect(() => device.openData()).toThrow('was stopped');
    rig.crash({ ldev: 'nothing', ddev: 'nothing' });
    const again = await rig.open();
    expect(again.redone.packCount).toBe(0);
    expect(tagsOf(await rig.run(again.openData().read(0, 5, STEP)), 0)).toEqual([1, 1, 1, 1, 0]);
    expect(rig.loop.pendingCount).toBeLessThan(3);
  });

  it('by force ends IO of those who have it open, also while frozen', async () => {
    const { rig, device, face } = await rigged();
    await rig.run(device.freeze());
    const frozen = face.write(0, tagged(1, 0, 1), STEP);
    await rig.run(device.stop({ force: true }));
    await frozen;
    await expect(rig.run(face.write(0, tagged(2, 0, 1), STEP))).rejects.toMatchObject({ code: 'EIO' });
    expect(tagsOf(rig.ddev.durable.subarray(0, LB), 0)).toEqual([1]);
  });
});

describe('notification', () => {
  it('comes when the log goes from empty to non-empty, and not otherwise', async () => {
    const { rig, device, write } = await rigged();
    let told = 0;
    const watch = device.watch(() => void (told += 1));
    await rig.sleep(1_000_000);
    expect(told).toBe(0);
    await write(0, 1);
    await rig.sleep(200_000);
    expect(told).toBe(1);
    await write(0, 1);
    await rig.sleep(200_000);
    await rig.run(device.forceCheckpoint());
    await rig.run(device.setOldestLsid(4));
    expect(told).toBe(1);
    await write(0, 1);
    await rig.sleep(200_000);
    expect(told).toBe(2);
    watch.close();
    await rig.run(device.resetWal());
    await write(0, 1);
    await rig.sleep(200_000);
    expect(told).toBe(2);
  });
});

describe('the log view', () => {
  it('is the log device, read-only', async () => {
    const { rig, device, write } = await rigged();
    await write(0, 2);
    const view = device.openLog();
    expect(view.sizeLb()).toBe(128);
    const image = await rig.run(view.read(0, 128, STEP));
    expect(blockAt(image, superOf(image, 512), 1)).toEqual(tagged(1, 0, 1));
    await expect(rig.run(view.write(0, new Uint8Array(LB), STEP))).rejects.toMatchObject({ code: 'EIO' });
    await expect(rig.run(view.discard(0, 1, STEP))).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    view.close();
    await expect(rig.run(view.read(0, 1, STEP))).rejects.toMatchObject({ code: 'EIO' });
    await expect(rig.run(device.openLog().read(128, 1, STEP))).rejects.toMatchObject({ code: 'EINVAL' });
  });
});
