import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { MemorySink } from '../../core/engine/memory-stream.ts';
import { WlogWriter } from '../../core/engine/wlog-writer.ts';
import { IoError } from '../../core/errors.ts';
import { checksum } from '../../core/format/checksum.ts';
import { LogpackBuilder } from '../../core/format/logpack-builder.ts';
import { deviceCalls } from '../../native/device-calls.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { Folder, run } from '../cli/tools/kit.ts';
import { logImage } from '../cli/tools/log-kit.ts';
import { MADE_UUID } from '../made-wlog.ts';
import { testFolder } from './folder.ts';
import { attachLoop, type LoopDevice, whyNoLoopDevices } from './loop-device.ts';

const path = testFolder();
const folder = new Folder();
const STEP = 'test';
const MIB = 1 << 20;
const DEVICE_BYTES = 16 * MIB;

const absent = whyNoLoopDevices();
// The checks of a fresh clone look whether any test was left out.
if (absent !== null) console.log(`loop devices: not tested, ${absent}`);

const attached: LoopDevice[] = [];
afterEach(() => {
  for (const device of attached.splice(0)) device.detach();
});

function attach(name: string, sectorBytes: 512 | 4096 = 512): string {
  const device = attachLoop(path(name), DEVICE_BYTES, sectorBytes);
  attached.push(device);
  return device.path;
}

/** Bytes that differ from place to place. */
function pattern(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(sizeBytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + seed, 2654435761);
  return new Uint8Array(words.buffer);
}

/** What the device holds, read by another program. */
const content = (device: string) => {
  const { stdout } = spawnSync('dd', [`if=${device}`, 'bs=1M', 'status=none'], {
    maxBuffer: 2 * DEVICE_BYTES,
  });
  return new Uint8Array(stdout);
};

describe.runIf(absent === null)('a block device', () => {
  it('has the size and the blocks that the kernel says', async () => {
    for (const sectorBytes of [512, 4096] as const) {
      const device = await openFileDevice(attach(`shape-${sectorBytes}`, sectorBytes), { writable: false });
      expect([device.sizeLb(), device.physicalBlockBytes]).toEqual([DEVICE_BYTES / 512, sectorBytes]);
      expect(device.supportsDiscard).toBe(true);
      device.close();
    }
    expect(deviceCalls()).not.toBeNull();
  });

  it.each([
    { sectorBytes: 512, direct: true },
    { sectorBytes: 512, direct: false },
    { sectorBytes: 4096, direct: true },
    { sectorBytes: 4096, direct: false },
  ] as const)('is read and written, $sectorBytes bytes a block, direct $direct', async (one) => {
    const loop = attach(`io-${one.sectorBytes}-${one.direct}`, one.sectorBytes);
    const device = await openFileDevice(loop, { writable: true, direct: one.direct });
    const expected = new Uint8Array(DEVICE_BYTES);
    const write = async (addressLb: number, data: Uint8Array) => {
      expected.set(data, addressLb * 512);
      await device.write(addressLb, data, STEP);
    };
    // Aligned or not, in memory and on the device, larger than the pieces that are copied.
    await write(0, pattern(4096, 1));
    await write(8, pattern(3 * MIB + 4096, 2).subarray(0, 3 * MIB));
    await write(20_001, pattern(512, 3));
    await write(20_008, pattern(8192, 4).subarray(4, 4 + 4096));
    await write(20_003, pattern(4 * 512, 5));
    for (const [addressLb, sizeLb] of [
      [0, 16],
      [7, 1],
      [9, 4097],
      [20_000, 24],
      [DEVICE_BYTES / 512 - 8, 8],
    ]) {
      const bytes = await device.read(addressLb, sizeLb, STEP);
      const wanted = expected.subarray(addressLb * 512, (addressLb + sizeLb) * 512);
      expect(Buffer.compare(bytes, wanted)).toBe(0);
    }
    await device.flush(STEP);
    device.close();
    expect(Buffer.compare(content(loop), expected)).toBe(0);
  });

  it('discards and makes zeros', async () => {
    const loop = attach('discard');
    const device = await openFileDevice(loop, { writable: true, direct: true });
    const expected = pattern(DEVICE_BYTES, 9);
    await device.write(0, expected, STEP);
    await device.flush(STEP);
    await device.discard(8192, 4096, STEP);
    await device.zeroOut?.(1, 30, STEP);
    await device.discard(5, 0, STEP);
    expected.fill(0, 8192 * 512, (8192 + 4096) * 512).fill(0, 512, 31 * 512);
    expect(Buffer.compare(content(loop), expected)).toBe(0);
    // The file beneath has lost the blocks.
    const used = spawnSync('stat', ['-c', '%b', path('discard')], { encoding: 'utf8' });
    expect(Number(used.stdout) * 512).toBeLessThan(DEVICE_BYTES - 4096 * 512 + MIB);
    await expect(device.discard(DEVICE_BYTES / 512 - 1, 2, STEP)).rejects.toThrow('are not inside');
    device.close();
    const readOnly = await openFileDevice(loop, { writable: false });
    await expect(readOnly.discard(0, 8, STEP)).rejects.toThrow(IoError);
    readOnly.close();
  });

  it('says what the system says', () => {
    const fd = openSync('/dev/null', 'r');
    expect(() => deviceCalls()?.sizeBytes(fd, '/dev/x')).toThrow('/dev/x: BLKGETSIZE64 failed (ENOTTY)');
    closeSync(fd);
  });
});

/** A file system, as the writes of a log: what is not zero is written, the rest discarded. */
async function wlogOfImage(image: Uint8Array): Promise<Uint8Array> {
  const salt = 77;
  const pieceBytes = 32 * 1024;
  const sink = new MemorySink();
  const writer = await WlogWriter.open(sink, {
    physicalBlockBytes: 512,
    salt,
    uuid: MADE_UUID,
    beginLsid: 0,
    endLsid: null,
  });
  for (let at = 0; at < image.length; at += pieceBytes) {
    const data = image.subarray(at, at + pieceBytes);
    const builder = new LogpackBuilder(512, writer.lsid);
    const isZero = data.every((byte) => byte === 0);
    if (isZero) builder.addDiscard(at / 512, pieceBytes / 512);
    else builder.addNormal(at / 512, pieceBytes / 512, checksum(data, salt));
    await writer.writePack(builder.header(), isZero ? [] : [data]);
  }
  await writer.close();
  return sink.bytes.slice();
}

describe.runIf(absent === null)('tools on block devices', () => {
  it('replay a file system from a wlog and from a wdiff, discards included', async () => {
    mkdirSync(path('tree'));
    for (let i = 0; i < 40; i++) writeFileSync(path(`tree/${i}`), pattern(4096 * (i + 1), i));
    const file = path('fs.img');
    writeFileSync(file, '');
    truncateSync(file, DEVICE_BYTES);
    const made = spawnSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', path('tree'), file], {
      encoding: 'utf8',
    });
    expect(made.stderr).toBe('');
    const image = new Uint8Array(readFileSync(file));
    writeFileSync(path('fs.wlog'), await wlogOfImage(image));
    const converted = await run('wlog-to-wdiff', ['-i', path('fs.wlog'), '-o', path('fs.wdiff')]);
    expect(converted.status).toBe(0);

    const byLog = attach('by-log');
    const byDiff = attach('by-diff');
    // What was there before must go.
    for (const device of [byLog, byDiff]) writeFileSync(device, pattern(DEVICE_BYTES, 5));
    const replayed = await run('wlog-redo', ['-d', '-i', path('fs.wlog'), byLog]);
    expect([replayed.status, replayed.err]).toEqual([0, '']);
    expect(replayed.out).toMatch(/discard: +[1-9]/);
    const applied = await run('wdiff-redo', ['-d', '-i', path('fs.wdiff'), byDiff]);
    expect([applied.status, applied.err]).toEqual([0, '']);
    for (const device of [byLog, byDiff]) {
      const checked = spawnSync('e2fsck', ['-f', '-n', device], { encoding: 'utf8' });
      expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining('non-contiguous')]);
      expect(Buffer.compare(content(device), image)).toBe(0);
    }
  });

  it('work on a log device', async () => {
    const device = attach('log');
    const file = logImage(folder, 'ldev.img', 4096, 0);
    writeFileSync(device, readFileSync(file));
    const generated = await run('wlog-gen', ['-s', '1M', '-z', '64K', '--seed', '3', '-o', path('gen.wlog')]);
    expect(generated.status).toBe(0);
    const stdin = new Uint8Array(readFileSync(path('gen.wlog')));
    const outputs: unknown[] = [];
    for (const ldev of [file, device]) {
      const restored = await run('wlog-restore', [ldev], { stdin });
      const info = await run('wldev-info', [ldev]);
      const shown = await run('wldev-show', [ldev]);
      const log = await run('wlog-cat', [ldev]);
      expect([restored, info, shown, log].map(({ status, err }) => `${status}${err}`)).toEqual(
        Array(4).fill('0'),
      );
      expect(log.stdout.length).toBeGreaterThan(100_000);
      outputs.push([restored.out, info.out, shown.out, Buffer.from(log.stdout).toString('base64')]);
    }
    expect(outputs[1]).toEqual(outputs[0]);
  });
});
