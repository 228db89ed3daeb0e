import { describe, expect, it } from 'vitest';
import { performOperation } from '../../../sim/chaos/perform.ts';
import { VolumeTruth } from '../../../sim/chaos/volume-truth.ts';
import type { SimGroupDevice } from '../../../sim/group-device.ts';
import { playPlanted, told } from './kit.ts';

const newTruth = () => new VolumeTruth('v0', { storage: 's0' } as SimGroupDevice);

describe('what an archive owes', () => {
  it('is nothing while an operator asks for a resync, whatever image it gets meanwhile', () => {
    const truth = newTruth();
    const ends = [truth.excuse('a1'), truth.excuse('a1')];
    truth.seen('a1', 'Archived', 'new');
    expect(truth.owes('a1', 'new', 2)).toBe(false);
    expect(truth.owes('a0', 'new', 2)).toBe(true);
    ends[0]?.();
    expect(truth.owes('a1', 'new', 2)).toBe(false);
    ends[1]?.();
    expect(truth.owes('a1', 'new', 2)).toBe(true);
  });

  it('is nothing of an image that was given up, until another one is there', () => {
    const truth = newTruth();
    truth.promisesOf('a1').set(2, 'old');
    truth.releaseAll('a1', 'old');
    expect(truth.promisesOf('a1').size).toBe(0);
    truth.seen('a1', 'Archived', 'old');
    expect(truth.owes('a1', 'old', 2)).toBe(false);
    truth.seen('a1', 'Archived', 'new');
    expect(truth.owes('a1', 'new', 2)).toBe(true);
  });

  it('begins at the gid from which on the archive was not allowed to let go', () => {
    const truth = newTruth();
    for (const gid of [1, 3, 5]) truth.promisesOf('a1').set(gid, 'uuid');
    truth.release('a1', 'uuid', 3);
    truth.release('a1', 'uuid', 2);
    expect([...truth.promisesOf('a1').keys()]).toEqual([3, 5]);
    expect([2, 3].map((gid) => truth.owes('a1', 'uuid', gid))).toEqual([false, true]);
    expect(truth.owes('a1', 'other', 2)).toBe(true);
  });
});

describe('a resync of an archive that proxies send to', () => {
  it('is not asked for, also where nobody heard that they do: it would take back what was acknowledged', async () => {
    const pair = { volume: 0, archive: 'a1', from: 'a0' };
    const found = await playPlanted({
      layout: { group: 's0/p0/a0,a1' },
      plant: async (site) => {
        const { counts, volumes, running } = site;
        const atUs = 15_000_000;
        await performOperation(site, { kind: 'synchronize', atUs, key: 7, ...pair });
        await Promise.all(running);
        expect(volumes[0]?.synchronized.has('a1')).toBe(true);
        volumes[0]?.synchronized.delete('a1');
        const { operations, refused } = counts;
        await performOperation(site, { kind: 'replicate', atUs, key: 8, doResync: true, ...pair });
        await Promise.all(running);
        expect(counts).toMatchObject({ operations, refused: refused + 1 });
        volumes[0]?.synchronized.add('a1');
      },
    });
    expect(told(found), found?.message).toBe('nothing');
  });
});
