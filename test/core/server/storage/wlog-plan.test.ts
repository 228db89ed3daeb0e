import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isDelivered,
  type LogPosition,
  maxWlogSendPb,
  needsImplicitSnapshot,
  nextGid,
  nextLookMs,
  planTransfer,
  remainingMb,
  resultOfTransfer,
} from '../../../../core/server/storage/wlog-plan.ts';
import type { LsidSet } from '../../../../core/world/index.ts';

function at(lsid: number, gid: number, isMergeable = true, timestamp = 0): LogPosition {
  return { lsid, gid, isMergeable, timestamp };
}

function lsidsOf(permanent: number, latest = permanent): LsidSet {
  return {
    ...{ latest, completed: latest, flush: permanent, permanent, written: 0 },
    ...{ prevWritten: 0, oldest: 0 },
  };
}

describe('gids', () => {
  it('leave room for one cut for each transfer of log', () => {
    const maxPb = maxWlogSendPb(128, 512);
    expect(maxPb).toBe(262_144);
    expect(nextGid(at(1000, 5), 600_000, maxPb)).toBe(8);
    expect(nextGid(at(0, 0), 6383, maxWlogSendPb(1, 512))).toBe(4);
    expect(nextGid(at(100, 7), 100, maxPb)).toBe(8);
    expect(maxWlogSendPb(1, 4096)).toBe(256);
  });

  it('end before numbers are not exact any more', () => {
    expect(() => nextGid(at(0, 2 ** 53 - 1), 0, 1)).toThrow('takeSnapshotDetail:no gid is left');
  });
});

describe('delivered positions', () => {
  it('are those that are not beyond what was done', () => {
    const done = at(100, 5);
    expect(isDelivered(at(99, 4), done)).toBe(true);
    expect(isDelivered(at(100, 5), done)).toBe(true);
    expect(isDelivered(at(100, 4), done)).toBe(true);
    expect(isDelivered(at(100, 6), done)).toBe(false);
    expect(isDelivered(at(101, 6), done)).toBe(false);
  });
});

describe('implicit snapshots', () => {
  it('are taken when nothing is queued', () => {
    expect(needsImplicitSnapshot([], 0, 0, 10)).toBe(true);
  });
  it('or when the newest is old and there is more log', () => {
    const queue = [at(50, 1, true, 1000)];
    expect(needsImplicitSnapshot(queue, 60, 1009, 10)).toBe(false);
    expect(needsImplicitSnapshot(queue, 60, 1010, 10)).toBe(true);
    expect(needsImplicitSnapshot(queue, 50, 2000, 10)).toBe(false);
  });
});

describe('plans of transfers', () => {
  const maxPb = 2048;

  it('join implicit snapshots in a row up to an explicit one', () => {
    const queue = [at(900, 5), at(600, 4, false), at(500, 3), at(300, 2)];
    const plan = planTransfer(at(100, 1), queue, lsidsOf(1000), maxPb);
    expect(plan.end).toEqual(at(600, 4, false));
    expect(plan.limitLsid).toBe(600);
    expect(plan.isLater).toBe(false);
  });

  it('join none beyond the limit or beyond what is durable', () => {
    const queue = [at(3000, 5), at(300, 2)];
    expect(planTransfer(at(100, 1), queue, lsidsOf(4000), maxPb).end.gid).toBe(2);
    expect(planTransfer(at(100, 1), [at(1500, 5), at(300, 2)], lsidsOf(1499), maxPb).end.gid).toBe(2);
    expect(planTransfer(at(100, 1), [at(1500, 5), at(300, 2)], lsidsOf(1500), maxPb).end.gid).toBe(5);
    expect(planTransfer(at(100, 1), [at(2148, 5), at(300, 2)], lsidsOf(4000), maxPb).end.gid).toBe(5);
  });

  it('send a stretch that cannot be cut whole, however long', () => {
    const plan = planTransfer(at(0, 1), [at(9000, 2)], lsidsOf(9000), maxPb);
    expect(plan.limitLsid).toBe(9000);
    expect(planTransfer(at(0, 1), [at(9000, 3)], lsidsOf(9000), maxPb).limitLsid).toBe(2048);
  });

  it('wait for log that is not durable', () => {
    expect(planTransfer(at(0, 1), [at(50, 2)], lsidsOf(49, 50), maxPb).isLater).toBe(true);
  });

  it('refuse an end before the begin', () => {
    expect(() => planTransfer(at(100, 1), [at(50, 2)], lsidsOf(200), maxPb)).toThrow(
      'getEndSnapshot:invalid MetaLsidGid record',
    );
  });

  it('end at the snapshot, or at a free gid when they were cut', () => {
    const begin = at(0, 1, false, 10);
    const plan = planTransfer(begin, [at(9000, 6, false, 20)], lsidsOf(9000), maxPb);
    expect(resultOfTransfer(plan, 2000)).toEqual({ done: at(2000, 2, true, 10), endGid: 2 });
    expect(resultOfTransfer(plan, 9000)).toEqual({ done: at(9000, 6, false, 20), endGid: 6 });
  });

  it('keep the gid of an end that a power loss left inside a pack', () => {
    const plan = planTransfer(at(90, 1), [at(100, 2, false, 20)], lsidsOf(200), maxPb);
    expect(resultOfTransfer(plan, 95)).toEqual({ done: at(95, 2, false, 20), endGid: 2 });
  });

  it('deliver every queue completely, with gids that grow by what was sent', () => {
    const packs = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 60 });
    const snapshots = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.boolean()), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(packs, snapshots, (sizes, taken) => {
        const bounds = [0];
        for (const size of sizes) bounds.push((bounds.at(-1) as number) + size);
        const limitPb = 256;
        const ends = taken
          .map(([i, isMergeable]) => ({
            lsid: bounds[Math.min(i, bounds.length - 1)] as number,
            isMergeable,
          }))
          .sort((a, b) => a.lsid - b.lsid);
        let queue: LogPosition[] = [];
        let done = at(0, 0, false);
        for (const end of ends) {
          const previous = queue[0] ?? done;
          queue.unshift(at(end.lsid, nextGid(previous, end.lsid, limitPb), end.isMergeable));
        }
        const explicit = queue.filter((position) => !position.isMergeable).map(({ gid }) => gid);
        const last = queue[0] as LogPosition;
        const reached: number[] = [];
        for (let runs = 0; queue.length > 0; runs++) {
          expect(runs).toBeLessThan(200);
          const plan = planTransfer(done, queue, lsidsOf(bounds.at(-1) as number), limitPb);
          // Whole packs up to the limit.
          const sent = bounds.filter((bound) => bound <= plan.limitLsid).at(-1) as number;
          const result = resultOfTransfer(plan, sent);
          expect(result.endGid).toBeGreaterThan(done.gid);
          expect(result.endGid).toBeLessThanOrEqual(plan.end.gid);
          expect(result.done.lsid).toBeGreaterThanOrEqual(done.lsid);
          reached.push(result.endGid);
          done = result.done;
          queue = queue.filter((position) => !isDelivered(position, done));
        }
        expect(done.gid).toBe(last.gid);
        expect(done.lsid).toBe(last.lsid);
        for (const gid of explicit) expect(reached).toContain(gid);
      }),
    );
  });
});

describe('the next look', () => {
  it('comes the sooner the more log waits', () => {
    expect([12, 32, 64].map((remaining) => nextLookMs(remaining, 128))).toEqual([1000, 663, 100]);
    expect(nextLookMs(0, 128)).toBe(1000);
  });
  it('counts MiB begun', () => {
    expect(remainingMb(at(0, 0), 0, 512)).toBe(0);
    expect(remainingMb(at(0, 0), 1, 512)).toBe(1);
    expect(remainingMb(at(0, 0), 2048, 512)).toBe(2);
    expect(remainingMb(at(0, 0), 255, 4096)).toBe(1);
  });
});
