import { readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { FormatError, IoError } from '../../core/errors.ts';
import { nodeClock } from '../../native/clock.ts';
import { readAt, writeAll } from '../../native/file-bytes.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { createOutputFile, removeUnfinishedFiles } from '../../native/output-file.ts';
import { nodeRandom } from '../../native/random.ts';
import { streamSink, streamSource } from '../../native/stdio.ts';
import { testFolder } from './folder.ts';

const path = testFolder();
const STEP = 'test';

describe('a file as a device', () => {
  it('is read and written by blocks', async () => {
    writeFileSync(path('disk'), new Uint8Array(4 * 512 + 100));
    const device = await openFileDevice(path('disk'), { writable: true });
    expect([device.sizeLb(), device.physicalBlockBytes, device.supportsDiscard]).toEqual([4, 512, true]);
    await device.write(2, new Uint8Array(512).fill(7), STEP, { preflush: true, fua: true });
    expect([...(await device.read(1, 2, STEP)).subarray(510, 514)]).toEqual([0, 0, 7, 7]);
    await device.flush(STEP);
    await expect(device.read(3, 2, STEP)).rejects.toThrow('2 blocks at 3 are not inside');
    await expect(device.write(4, new Uint8Array(512), STEP)).rejects.toThrow(IoError);
    await expect(device.write(0, new Uint8Array(100), STEP)).rejects.toThrow(IoError);
    await expect(device.discard(3, 2, STEP)).rejects.toThrow('2 blocks at 3 are not inside');
    device.close();
    device.close();
    const readOnly = await openFileDevice(path('disk'), { writable: false });
    await expect(readOnly.write(0, new Uint8Array(512), STEP)).rejects.toThrow('opened for reading only');
    readOnly.close();
  });

  it('is synced while more is written, and what that sync met is told by every flush', async () => {
    writeFileSync(path('behind'), new Uint8Array(0));
    truncateSync(path('behind'), 64 << 20);
    const device = await openFileDevice(path('behind'), { writable: true });
    const probe = await open(path('behind'));
    const sync = vi.spyOn(Object.getPrototypeOf(probe), 'datasync');
    try {
      sync.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
      for (let at = 0; at < 40 << 11; at += 2048) await device.write(at, new Uint8Array(1 << 20), STEP);
      expect(sync).toHaveBeenCalledTimes(1);
      for (const _ of [1, 2]) await expect(device.flush(STEP)).rejects.toMatchObject({ code: 'EIO' });
      expect(sync).toHaveBeenCalledTimes(3);
    } finally {
      sync.mockRestore();
      await probe.close();
      device.close();
    }
  });

  it('loses the blocks of discards and zeros, and keeps its size', async () => {
    writeFileSync(path('holes'), Buffer.alloc(1 << 20, 7));
    const device = await openFileDevice(path('holes'), { writable: true });
    const before = statSync(path('holes')).blocks;
    await device.discard(8, 1024, STEP);
    await device.zeroOut?.(1500, 100, STEP);
    await device.discard(3, 0, STEP);
    device.close();
    const expected = Buffer.alloc(1 << 20, 7);
    expected.fill(0, 8 * 512, 1032 * 512).fill(0, 1500 * 512, 1600 * 512);
    expect(Buffer.compare(readFileSync(path('holes')), expected)).toBe(0);
    expect(statSync(path('holes')).blocks).toBeLessThan(before);
    const readOnly = await openFileDevice(path('holes'), { writable: false });
    await expect(readOnly.discard(0, 1, STEP)).rejects.toThrow('opened for reading only');
    readOnly.close();
  });

  it('must be a file or a block device', async () => {
    await expect(openFileDevice('/dev/null', { writable: false })).rejects.toThrow(FormatError);
    await expect(openFileDevice(path('none'), { writable: false })).rejects.toThrow(
      'no such file or directory (ENOENT)',
    );
  });
});

describe('an output file', () => {
  it('appears whole or not at all', async () => {
    writeFileSync(path('out'), 'old');
    symlinkSync('out', path('link'));
    const names = () => readdirSync(path('.')).filter((name) => name.includes('out'));
    const given = await createOutputFile(path('link'));
    await given.write(new Uint8Array([65]));
    expect(readFileSync(path('out'), 'utf8')).toBe('old');
    expect(names()).toHaveLength(2);
    await given.abandon();
    expect(names()).toEqual(['out']);
    const made = await createOutputFile(path('link'));
    await made.write(new Uint8Array([65, 66, 67]));
    await made.writeAt(1, new Uint8Array([120]));
    await made.commit();
    expect([readFileSync(path('link'), 'utf8'), readFileSync(path('out'), 'utf8')]).toEqual(['AxC', 'AxC']);
    expect(names()).toEqual(['out']);
    const stopped = await createOutputFile(path('out2'));
    removeUnfinishedFiles();
    expect(names()).toEqual(['out']);
    await stopped.abandon();
  });
});

describe('streams', () => {
  it('give chunks of at most what was asked, then the end', async () => {
    const source = streamSource(Readable.from([Buffer.from('abc'), Buffer.from('defg')]), 'test');
    const parts: string[] = [];
    for (let bytes = await source.read(2); bytes !== null; bytes = await source.read(2)) {
      parts.push(Buffer.from(bytes).toString());
    }
    expect(parts).toEqual(['ab', 'c', 'de', 'fg']);
    expect(await source.read(2)).toBeNull();
    source.close();
  });

  it('fail with the error of the stream', async () => {
    const broken = new PassThrough();
    const sink = streamSink(broken, 'pipe');
    await sink.write(new Uint8Array([1]));
    broken.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await expect(sink.write(new Uint8Array([2]))).rejects.toThrow();
    await expect(streamSource(broken, 'pipe').read(1)).rejects.toThrow(IoError);
  });
});

describe('clock and random', () => {
  it('answer from the system', async () => {
    const clock = nodeClock();
    const beganUs = clock.monotonicUs();
    await new Promise<void>((resolve) => clock.startTimer(beganUs + 2000, resolve));
    expect(clock.monotonicUs()).toBeGreaterThanOrEqual(beganUs + 2000);
    const cancel = clock.startTimer(clock.monotonicUs() + 1e9, () => expect.unreachable());
    cancel();
    expect(clock.wallTimeS()).toBeGreaterThan(1.7e9);
    const random = nodeRandom();
    expect(random.bytes('a', 16)).toHaveLength(16);
    for (let i = 0; i < 100; i++) expect(random.below('a', 3)).toBeLessThan(3);
    expect(random.below('a', Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(0);
    expect(() => random.below('a', 0)).toThrow(RangeError);
  });
});

describe('short reads and writes', () => {
  it('are continued', async () => {
    const content = new Uint8Array([1, 2, 3, 4, 5, 6, 7]);
    const written: number[] = [];
    const handle = {
      async read(bytes: Uint8Array, at: number, size: number, position: number | null) {
        const part = content.subarray(position ?? 0, (position ?? 0) + Math.min(2, size));
        bytes.set(part, at);
        return { bytesRead: part.length };
      },
      async write(bytes: Uint8Array, at: number, size: number, position: number | null) {
        const part = bytes.subarray(at, at + Math.min(2, size));
        written.splice(position ?? written.length, part.length, ...part);
        return { bytesWritten: part.length };
      },
    };
    expect([...(await readAt(handle, 'x', 1, 5))]).toEqual([2, 3, 4, 5, 6]);
    expect([...(await readAt(handle, 'x', 4, 9))]).toEqual([5, 6, 7]);
    await writeAll(handle, 'x', 0, content);
    expect(written).toEqual([...content]);
    await writeAll(handle, 'x', null, content);
    expect(written).toEqual([...content, ...content]);
  });
});
