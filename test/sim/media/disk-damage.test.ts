import { describe, expect, it } from 'vitest';
import type { SimDisk } from '../../../sim/disk.ts';
import { mediumParameters } from '../../../sim/disk-medium.ts';
import { createDisk, drive, outcomes } from './disk-kit.ts';
import { blocks } from './support.ts';

describe('a simulated disk that fails or lies', () => {
  it('a failing flush leaves its writes undecided until they are rewritten', () => {
    const parameters = mediumParameters('ideal', 512);
    const fail = (disk: SimDisk) => {
      drive(disk).write(0, 1, 1);
      disk.medium.failFlush(disk.medium.beginFlush());
    };
    const later = outcomes(
      300,
      parameters,
      (disk) => {
        fail(disk);
        drive(disk).flush();
        expect(drive(disk).values(0, 2)).toEqual([1, 1]);
      },
      2,
    );
    expect(later).toEqual(['0 0', '0 1', '1 0', '1 1']);
    const rewritten = outcomes(
      300,
      parameters,
      (disk) => {
        fail(disk);
        drive(disk).write(0, 2);
        drive(disk).flush();
      },
      2,
    );
    expect(rewritten).toEqual(['2 0', '2 1']);
  });

  it('a flush that the device ignores makes nothing durable', () => {
    const seen = outcomes(
      200,
      mediumParameters('ideal', 512),
      (disk) => {
        disk.medium.ignoresFlush = true;
        drive(disk).write(0, 1);
        drive(disk).flush();
      },
      1,
    );
    expect(seen).toEqual(['0', '1']);
  });

  it('damage is stable, shows no third content and heals when rewritten', () => {
    const disk = createDisk(1);
    const { write, values } = drive(disk);
    write(0, 1, 2, 3, 4);
    disk.medium.faults.makeUnreadable(1, 1);
    expect(() => disk.medium.read(0, 4)).toThrow('unreadable');
    expect(values(2, 2)).toEqual([3, 4]);
    disk.medium.rot(2);
    const rotten = disk.medium.read(2, 1);
    expect(rotten).not.toEqual(blocks(3));
    expect(disk.medium.read(2, 1)).toEqual(rotten);
    disk.powerLoss();
    expect(disk.medium.read(2, 1)).toEqual(rotten);
    write(1, 5, 6);
    expect(values(1, 2)).toEqual([5, 6]);
    expect(disk.medium.faults.damagedCount).toBe(0);
  });

  it('lost and misdirected writes are acknowledged, and can be switched off', () => {
    const disk = createDisk(1);
    const { write, flush, values } = drive(disk);
    write(0, 1, 1);
    write(8, 8, 8);
    disk.medium.faults.arm({ victimLb: null, fromLb: 0, endLb: 1 });
    write(0, 2, 2);
    disk.medium.faults.arm({ victimLb: 8, fromLb: 4, endLb: 5 });
    write(4, 3, 3);
    flush();
    expect(values(0, 10)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 3, 3]);
    disk.medium.faults.clear();
    expect(values(0, 10)).toEqual([2, 2, 0, 0, 3, 3, 0, 0, 8, 8]);
  });
});
