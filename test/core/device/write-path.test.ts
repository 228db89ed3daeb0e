import { describe, expect, it } from 'vitest';
import type { WalbDevice } from '../../../core/device/index.ts';
import type { BlockDevice } from '../../../core/world/index.ts';
import type { DiskCall } from './crash-disk.ts';
import { LB, Rig, type RigOptions, STEP, spoil, tagged, tagsOf } from './harness.ts';
import { superOf, walkLog } from './log-walk.ts';

async function rigged(
  options: RigOptions = {},
): Promise<{ rig: Rig; device: WalbDevice; face: BlockDevice }> {
  const rig = new Rig({ ...options, device: { checkpointIntervalMs: 0, ...options.device } });
  const device = await rig.start();
  return { rig, device, face: device.openData() };
}

const never = () => new Promise<void>(() => {});
const holdStep =
  (...steps: string[]) =>
  (call: DiskCall) =>
    steps.includes(call.step) ? never() : null;

/** Whether a promise has settled by now. */
async function isSettled(rig: Rig, promise: Promise<unknown>, afterUs = 50_000): Promise<boolean> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  promise.then(done, done);
  await rig.sleep(afterUs);
  return settled;
}

describe('a write', () => {
  it('completes with its log, without waiting for a flush or for the data device', async () => {
    const { rig, device, face } = await rigged();
    rig.ddev.hold = holdStep('device.data.write');
    rig.ldev.hold = holdStep('device.log.force-flush');
    await rig.run(face.write(3, tagged(1, 3, 2), STEP));
    expect(device.lsids()).toMatchObject({ latest: 3, completed: 3, permanent: 0, written: 0 });
    expect(tagsOf(await rig.run(face.read(2, 4, STEP)), 2)).toEqual([0, 1, 1, 0]);
  });

  it('goes to the data device when the flush interval is over, and then from memory', async () => {
    const { rig, device, face } = await rigged();
    const beganUs = rig.loop.nowUs;
    const sentUs: number[] = [];
    rig.ddev.onCall = (call) => {
      if (call.kind === 'write') sentUs.push(rig.loop.nowUs);
    };
    await rig.run(face.write(3, tagged(1, 3, 1), STEP));
    await rig.sleep(150_000);
    expect(sentUs.length).toBe(1);
    expect(sentUs[0] - beganUs).toBeGreaterThan(100_000);
    expect(sentUs[0] - beganUs).toBeLessThan(102_000);
    expect(device.lsids()).toMatchObject({ written: 2, permanent: 2, prevWritten: 0 });
    expect(device.heldBytes).toBe(0);
    expect(tagsOf(rig.ddev.visible.subarray(3 * LB, 4 * LB), 3)).toEqual([1]);
  });

  it('goes at once with a flush interval of 0, and earlier when so much is not flushed', async () => {
    const at = async (params: RigOptions['params'], writes: number) => {
      const { rig, face } = await rigged({ params: params ?? {}, ringPb: 20_000, sizeLb: 4096 });
      const beganUs = rig.loop.nowUs;
      let sentUs = 0;
      rig.ddev.onCall = (call) => {
        if (call.kind === 'write') sentUs ||= rig.loop.nowUs;
      };
      for (let i = 0; i < writes; i++) {
        void face.write(i * 64, tagged(1, i * 64, 64), STEP);
        await rig.sleep(1000);
      }
      await rig.sleep(300_000);
      return sentUs - beganUs;
    };
    expect(await at({ logFlushIntervalMs: 0 }, 1)).toBeLessThan(5_000);
    expect(await at({ logFlushIntervalMs: 200, logFlushIntervalMb: 1 }, 40)).toBeLessThan(50_000);
    expect(await at({ logFlushIntervalMs: 200, logFlushIntervalMb: 1 }, 4)).toBeGreaterThan(200_000);
  });

  it('is copied when it comes: what the caller does to its buffer later changes nothing', async () => {
    const { rig, face } = await rigged();
    const data = tagged(1, 0, 4);
    await rig.run(face.write(0, data, STEP));
    spoil(data);
    expect(tagsOf(await rig.run(face.read(0, 4, STEP)), 0)).toEqual([1, 1, 1, 1]);
    await rig.sleep(200_000);
    expect(tagsOf(rig.ddev.visible.subarray(0, 4 * LB), 0)).toEqual([1, 1, 1, 1]);
  });

  it('shares packs with those that come together, and those that come while the log is busy', async () => {
    const { rig, face } = await rigged({ ringPb: 400 });
    const headers: number[] = [];
    rig.ldev.onCall = (call) => {
      if (call.step === 'device.log.header') headers.push(rig.loop.nowUs);
    };
    const writes: Promise<void>[] = [];
    for (let i = 0; i < 10; i++) writes.push(face.write(i, tagged(i + 1, i, 1), STEP));
    await rig.run(Promise.all(writes));
    expect(headers.length).toBe(1);
    headers.length = 0;
    const later: Promise<void>[] = [];
    for (let i = 0; i < 60; i++) {
      later.push(face.write(i, tagged(100 + i, i, 1), STEP));
      await rig.sleep(1);
    }
    await rig.run(Promise.all(later));
    expect(headers.length).toBeLessThan(20);
  });

  it('is cut when it is larger than the log takes at once, and whole to the caller', async () => {
    const { rig, device, face } = await rigged({ ringPb: 8 });
    await rig.run(face.write(0, tagged(1, 0, 100), STEP));
    expect(tagsOf(await rig.run(face.read(0, 101, STEP)), 0)).toEqual([
      ...Array.from({ length: 100 }, () => 1),
      0,
    ]);
    expect(device.isLogOverflow).toBe(true);
    expect(device.isReadOnly).toBe(false);
  });

  it('outside of the device or of odd size is refused', async () => {
    const { rig, face } = await rigged();
    await expect(rig.run(face.write(255, tagged(1, 0, 2), STEP))).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(rig.run(face.write(0, new Uint8Array(100), STEP))).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(rig.run(face.read(-1, 1, STEP))).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(rig.run(face.discard(0, 257, STEP))).rejects.toMatchObject({ code: 'EINVAL' });
    await rig.run(face.write(255, tagged(1, 255, 1), STEP));
    await rig.run(face.write(0, new Uint8Array(0), STEP));
    expect((await rig.run(face.read(0, 0, STEP))).length).toBe(0);
    face.close();
    await expect(rig.run(face.read(0, 1, STEP))).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('overlapping writes', () => {
  it('land in the order of the log, although the disk completes them in any order', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { rig, face } = await rigged({ seed, params: { logFlushIntervalMs: 0 } });
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 12; i++) writes.push(face.write(i % 3, tagged(i + 1, i % 3, 3), STEP));
      await rig.run(Promise.all(writes));
      await rig.sleep(50_000);
      expect(tagsOf(rig.ddev.visible.subarray(0, 5 * LB), 0)).toEqual([10, 11, 12, 12, 12]);
    }
  });

  it('read as the newest of those that wait, over what the disk has', async () => {
    const { rig, face } = await rigged();
    await rig.run(face.write(0, tagged(1, 0, 6), STEP));
    await rig.run(face.flush(STEP));
    await rig.sleep(200_000);
    rig.ddev.hold = holdStep('device.data.write');
    await rig.run(face.write(1, tagged(2, 1, 3), STEP));
    await rig.run(face.write(3, tagged(3, 3, 2), STEP));
    expect(tagsOf(await rig.run(face.read(0, 6, STEP)), 0)).toEqual([1, 2, 2, 3, 3, 1]);
    await rig.run(face.write(1, tagged(4, 1, 3), STEP));
    expect(tagsOf(await rig.run(face.read(2, 2, STEP)), 2)).toEqual([4, 4]);
    expect(tagsOf(await rig.run(face.read(0, 6, STEP)), 0)).toEqual([1, 4, 4, 4, 3, 1]);
  });
});

describe('flush and FUA', () => {
  it('a flush makes durable what completed before it, with one flush of the log device', async () => {
    const { rig, device, face } = await rigged();
    await rig.run(face.write(0, tagged(1, 0, 1), STEP));
    await rig.run(face.write(1, tagged(2, 1, 1), STEP));
    const flushes: string[] = [];
    rig.ldev.onCall = (call) => void flushes.push(call.step);
    await rig.run(face.flush(STEP));
    expect(flushes).toEqual(['device.log.flush']);
    expect(device.lsids()).toMatchObject({ latest: 4, permanent: 4 });
    expect(walkLog(rig.ldev.durable, superOf(rig.ldev.durable, 512), 0).length).toBe(2);
  });

  it('takes no room in the log and reports the lost flush', async () => {
    const { rig, device, face } = await rigged();
    rig.ldev.fault = (call) => (call.step === 'device.log.flush' ? { effect: 'none' } : null);
    await expect(rig.run(face.flush(STEP))).rejects.toMatchObject({ code: 'EIO' });
    expect(device.lsids().latest).toBe(0);
    expect(device.isReadOnly).toBe(true);
  });

  it('a FUA write makes itself and everything before it durable, and may leave permanent inside a pack', async () => {
    const { rig, device, face } = await rigged();
    let releaseLast = () => {};
    const held = new Promise<void>((resolve) => {
      releaseLast = resolve;
    });
    rig.ldev.hold = (call) => (call.step === 'device.log.data' && call.data?.[0] === 3 ? held : null);
    const first = face.write(0, tagged(1, 0, 1), STEP);
    const fua = face.write(1, tagged(2, 1, 1), STEP, { fua: true });
    const last = face.write(2, tagged(3, 2, 1), STEP);
    await rig.run(Promise.all([first, fua]));
    expect(device.lsids()).toMatchObject({ latest: 4, completed: 3, permanent: 3, written: 0 });
    const image = rig.ldev.durable;
    expect(walkLog(image, superOf(image, 512), 0, device.lsids().permanent)).toEqual([]);
    releaseLast();
    await rig.run(last);
    await rig.sleep(200_000);
    expect(device.lsids()).toMatchObject({ written: 4, permanent: 4 });
  });

  it('a FUA write waits for no flush of what came behind it', async () => {
    const { rig, face } = await rigged();
    rig.ldev.hold = holdStep('device.log.flush');
    await rig.run(face.write(0, tagged(1, 0, 1), STEP, { fua: true }));
    expect(await isSettled(rig, face.flush(STEP))).toBe(false);
  });

  it('without a cache in the log device nothing is flushed, and completion is durability', async () => {
    const { rig, device, face } = await rigged({ hasCache: false });
    expect([device.isFlushCapable, face.supportsFlush]).toEqual([false, false]);
    const kinds = new Set<string>();
    rig.ldev.onCall = (call) => void kinds.add(call.kind);
    await rig.run(face.write(0, tagged(1, 0, 1), STEP, { fua: true, preflush: true }));
    await rig.run(face.flush(STEP));
    await rig.sleep(200_000);
    expect([...kinds]).toEqual(['write']);
    expect(device.lsids().written).toBe(2);
  });
});

describe('the limit of pending data', () => {
  const params = { maxPendingMb: 2, minPendingMb: 1, logFlushIntervalMb: 1, queueStopTimeoutMs: 100 };

  it('bounds the memory of the device while the data device stands still, and lets all through after', async () => {
    const { rig, device, face } = await rigged({ params, ringPb: 60_000, sizeLb: 40_000 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    rig.ddev.hold = (call) => (call.kind === 'write' ? held : null);
    const writes: Promise<void>[] = [];
    let acked = 0;
    for (let i = 0; i < 300; i++) {
      const write = face.write(i * 128, tagged(i + 1, i * 128, 128), STEP);
      writes.push(write.then(() => void (acked += 1)));
    }
    await rig.sleep(1_000_000);
    expect(device.heldBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(acked).toBeGreaterThanOrEqual(32);
    expect(acked).toBeLessThanOrEqual(64);
    release();
    await rig.run(Promise.all(writes));
    await rig.sleep(300_000);
    expect(device.heldBytes).toBe(0);
    expect(new Set(tagsOf(rig.ddev.visible.subarray(0, 300 * 128 * LB), 0)).size).toBe(300);
  });

  it('stops the queue for a discard longer than the limit, and starts it again', async () => {
    const { rig, face } = await rigged({ params, ringPb: 500, sizeLb: 10_000 });
    await rig.run(face.discard(0, 8000, STEP));
    const write = face.write(0, tagged(1, 0, 1), STEP);
    expect(await isSettled(rig, write, 50_000)).toBe(false);
    await rig.run(write);
  });
});

describe('discards', () => {
  it.each(['zero', 'none'] as const)(
    'are logged without data and go to a data device that has them: %s',
    async (discardMode) => {
      const { rig, device, face } = await rigged({ discardMode });
      await rig.run(face.write(0, tagged(1, 0, 4), STEP));
      await rig.run(face.discard(1, 2, STEP));
      await rig.sleep(200_000);
      expect(device.lsids()).toMatchObject({ latest: 6, written: 6 });
      const expected = discardMode === 'zero' ? [1, 0, 0, 1] : [1, 1, 1, 1];
      expect(tagsOf(rig.ddev.visible.subarray(0, 4 * LB), 0)).toEqual(expected);
      const packs = walkLog(rig.ldev.visible, superOf(rig.ldev.visible, 512), 0);
      expect(packs[1].ios).toMatchObject([{ kind: 'discard', addressLb: 1, sizeLb: 2 }]);
    },
  );

  it('larger than a pack or than the whole log take one block', async () => {
    const { rig, device, face } = await rigged({ ringPb: 8, sizeLb: 200_000 });
    await rig.run(face.discard(0, 200_000, STEP));
    expect(device.lsids().latest).toBe(1);
  });

  it('that the device refuses now have no effect; the device goes on', async () => {
    const { rig, device, face } = await rigged({ discardMode: 'keep' });
    const ddev = rig.ddev;
    const { IoError } = await import('../../../core/errors.ts');
    rig.crash();
    const open = {
      ...ddev.open(rig.life),
      discard: () => Promise.reject(new IoError('EOPNOTSUPP', 'no more')),
    };
    const again = await rig.open({ ddev: open });
    await rig.run(again.openData().discard(0, 5, STEP));
    await rig.sleep(200_000);
    expect([again.isReadOnly, again.lsids().written]).toEqual([false, 1]);
    expect([device.isReadOnly, face.sizeLb()]).toEqual([false, 256]);
  });

  it('are not offered when the module says so', async () => {
    const { rig, face } = await rigged({ device: { module: { discard: false } } });
    expect(face.supportsDiscard).toBe(false);
    await expect(rig.run(face.discard(0, 1, STEP))).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  });
});

describe('read-only', () => {
  const steps: [string, 'ldev' | 'ddev'][] = [
    ['device.log.header', 'ldev'],
    ['device.log.data', 'ldev'],
    ['device.log.force-flush', 'ldev'],
    ['device.data.write', 'ddev'],
    ['device.super.flush-data', 'ddev'],
    ['device.super.write', 'ldev'],
  ];
  it.each(steps)(
    'after an error at %s: writes fail, acknowledged ones are read, flushed ones survive',
    async (step, disk) => {
      for (const effect of ['none', 'part', 'whole'] as const) {
        const { rig, device, face } = await rigged({ device: { checkpointIntervalMs: 10_000 } });
        await rig.run(face.write(0, tagged(1, 0, 2), STEP));
        await rig.run(face.flush(STEP));
        rig[disk].fault = (call) => (call.step === step ? { effect } : null);
        const outcomes = [4, 5].map((at) =>
          face.write(at, tagged(at, at, 1), STEP).then(
            () => at,
            () => 0,
          ),
        );
        const acked = (await rig.run(Promise.all(outcomes))).filter((at) => at > 0);
        await rig.sleep(11_000_000);
        expect(device.isReadOnly).toBe(true);
        expect(device.status()).toMatchObject({
          readOnly: true,
          logTasksWorking: false,
          dataTasksWorking: false,
        });
        await expect(rig.run(face.write(0, tagged(9, 0, 1), STEP))).rejects.toMatchObject({ code: 'EIO' });
        await expect(rig.run(face.flush(STEP))).rejects.toMatchObject({ code: 'EIO' });
        await expect(rig.run(face.discard(0, 1, STEP))).rejects.toMatchObject({ code: 'EIO' });
        await expect(rig.run(device.setOldestLsid(0))).rejects.toMatchObject({ code: 'EFAULT' });
        await expect(rig.run(device.resetWal())).rejects.toMatchObject({ code: 'EFAULT' });
        expect(device.freezeState).toBe('melted');
        expect(device.heldBytes).toBe(0);
        const tags = tagsOf(await rig.run(face.read(0, 6, STEP)), 0);
        expect(tags.slice(0, 2)).toEqual([1, 1]);
        for (const at of acked) expect(tags[at]).toBe(at);
        rig[disk].fault = () => null;
        await rig.run(device.stop({ force: true }));
        rig.crash({ ldev: 'blocks', ddev: 'blocks' });
        const again = await rig.open();
        expect(tagsOf(await rig.run(again.openData().read(0, 2, STEP)), 0)).toEqual([1, 1]);
      }
    },
  );

  it('cancels what waits, in the queue and frozen', async () => {
    const { rig, device, face } = await rigged();
    await rig.run(face.write(0, tagged(1, 0, 1), STEP));
    await rig.run(device.freeze());
    const waiting = expect(face.write(1, tagged(2, 1, 1), STEP)).rejects.toMatchObject({ code: 'EIO' });
    rig.ddev.fault = () => ({ effect: 'none' });
    await expect(rig.run(device.forceCheckpoint())).rejects.toMatchObject({ code: 'EFAULT' });
    await waiting;
    expect(device.heldBytes).toBe(0);
    await rig.run(device.melt());
  });

  it('reads fail while the data device cannot be read, and are never served from old memory', async () => {
    const { rig, device, face } = await rigged();
    await rig.run(face.write(0, tagged(1, 0, 8), STEP));
    await rig.sleep(200_000);
    expect(device.lsids().written).toBe(device.lsids().latest);
    rig.ddev.fault = (call) => (call.kind === 'read' ? { effect: 'none' } : null);
    await expect(rig.run(face.read(0, 8, STEP))).rejects.toMatchObject({ code: 'EIO' });
    rig.ldev.fault = (call) => (call.kind === 'read' ? { effect: 'none' } : null);
    rig.ddev.fault = () => null;
    expect(tagsOf(await rig.run(face.read(0, 1, STEP)), 0)).toEqual([1]);
    expect(device.isReadOnly).toBe(false);
  });
});
