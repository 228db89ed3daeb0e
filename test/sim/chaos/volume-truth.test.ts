import { describe, expect, it } from 'vitest';
import { VolumeTruth } from '../../../sim/chaos/volume-truth.ts';
import type { SimGroupDevice } from '../../../sim/group-device.ts';

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
