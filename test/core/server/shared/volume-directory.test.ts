import { describe, expect, it } from 'vitest';
import { IoError } from '../../../../core/errors.ts';
import {
  finishDeletions,
  listVolumeDirectories,
  makeVolumeDirectory,
  removeVolumeDirectory,
} from '../../../../core/server/shared/persist.ts';
import type { FileStore } from '../../../../core/world/index.ts';
import { Site } from '../kit.ts';

const STEP = 'test';
const BASE = '/base';
const CONTENT = ['a', 'b', 'c'];

/** Calls that change the tree fail where their number is among these; the first is 1. `hasEffect`: behind their effect. */
function failing(
  files: FileStore,
  numbers: readonly number[],
  hasEffect = false,
): { files: FileStore; calls: () => number } {
  let calls = 0;
  const guarded = new Set(['makeDirectory', 'rename', 'syncDirectory', 'unlink', 'removeDirectory', 'open']);
  const proxy = new Proxy(files, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver) as unknown;
      if (typeof value !== 'function') return value;
      return (...words: unknown[]) => {
        if (guarded.has(String(name))) {
          calls += 1;
          if (numbers.includes(calls)) {
            const done = hasEffect
              ? (value as (...words: unknown[]) => Promise<unknown>).apply(target, words)
              : null;
            return Promise.resolve(done).then(() => Promise.reject(new IoError('EIO', `call ${calls}`)));
          }
        }
        return (value as (...words: unknown[]) => unknown).apply(target, words);
      };
    },
  });
  return { files: proxy, calls: () => calls };
}

const fillOf = (files: FileStore) => async (directory: string) => {
  for (const name of CONTENT) {
    const handle = await files.open(`${directory}/${name}`, 'create-new', STEP);
    handle.close();
  }
};

describe('the directory of a volume that is being made', () => {
  it('is there with all its files, or not at all, whichever two calls fail', async () => {
    let total = 0;
    const site = new Site();
    await site.run(async () => {
      const { files } = site.world;
      await files.makeDirectory(BASE, STEP);
      const measured = failing(files, []);
      await makeVolumeDirectory(measured.files, BASE, 'first', fillOf(measured.files), STEP);
      total = measured.calls();
      for (let first = 1; first <= total; first++) {
        for (let second = first; second <= total + 8; second++) {
          const name = `vol-${first}-${second}`;
          const broken = failing(files, [first, second]);
          const made = makeVolumeDirectory(broken.files, BASE, name, fillOf(broken.files), STEP);
          const isMade = await made.then(
            () => true,
            () => false,
          );
          const listed = await listVolumeDirectories(site.world, BASE, STEP);
          const there = listed.includes(name)
            ? (await files.list(`${BASE}/${name}`, STEP)).map((e) => e.name).sort()
            : [];
          expect([[], CONTENT], name).toContainEqual(there);
          if (isMade) expect(there, name).toEqual(CONTENT);
          await finishDeletions(site.world, BASE, STEP);
        }
      }
      expect((await files.list(BASE, STEP)).filter((entry) => entry.name.startsWith('.'))).toEqual([]);
    });
    expect(total).toBeGreaterThan(6);
  });

  it('may fail and be made again', async () => {
    const site = new Site();
    await site.run(async () => {
      const { files } = site.world;
      await files.makeDirectory(BASE, STEP);
      for (let from = 1; from <= 8; from++) {
        const broken = failing(files, [from]);
        const name = `vol-${from}`;
        await makeVolumeDirectory(broken.files, BASE, name, fillOf(broken.files), STEP).catch(() => {});
        const listed = await listVolumeDirectories(site.world, BASE, STEP);
        if (!listed.includes(name)) await makeVolumeDirectory(files, BASE, name, fillOf(files), STEP);
        expect((await files.list(`${BASE}/${name}`, STEP)).length).toBe(CONTENT.length);
      }
    });
  });
});

describe('the directory of a volume that is being removed', () => {
  it('is gone where that worked, and whole where it failed, whichever call fails', async () => {
    const site = new Site();
    await site.run(async () => {
      const { files, log } = site.world;
      await files.makeDirectory(BASE, STEP);
      const remove = (made: FileStore, name: string) =>
        removeVolumeDirectory({ files: made, log }, BASE, name, STEP);
      await makeVolumeDirectory(files, BASE, 'first', fillOf(files), STEP);
      const measured = failing(files, []);
      await remove(measured.files, 'first');
      expect(measured.calls()).toBeGreaterThan(5);
      for (const hasEffect of [false, true]) {
        for (let number = 1; number <= measured.calls(); number++) {
          const name = `vol-${number}-${hasEffect}`;
          await makeVolumeDirectory(files, BASE, name, fillOf(files), STEP);
          const isRemoved = await remove(failing(files, [number], hasEffect).files, name).then(
            () => true,
            () => false,
          );
          const listed = await listVolumeDirectories(site.world, BASE, STEP);
          expect(listed.includes(name), name).toBe(!isRemoved);
          if (!isRemoved)
            expect((await files.list(`${BASE}/${name}`, STEP)).length, name).toBe(CONTENT.length);
        }
      }
      await finishDeletions(site.world, BASE, STEP);
      expect((await files.list(BASE, STEP)).filter((entry) => entry.name.startsWith('.'))).toEqual([]);
    });
  });
});
