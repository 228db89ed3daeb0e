import { describe, expect, it } from 'vitest';
import { RecentCounts } from '../../../../core/control/worker/recent-counts.ts';

/** Counts of volumes that answer 1, 2, 3 ... in the order in which they are asked. */
function counted() {
  const asked: string[] = [];
  let nowUs = 0;
  let isBroken = false;
  const counts = new RecentCounts({ monotonicUs: () => nowUs }, async (vol) => {
    asked.push(vol);
    if (isBroken) throw new Error('bad state');
    return asked.length;
  });
  return {
    counts,
    asked,
    advance: (us: number) => (nowUs += us),
    setBroken: (broken: boolean) => {
      isBroken = broken;
    },
  };
}

describe('counts of diffs that a worker asked for', () => {
  it('are asked again after ten seconds, each volume by itself', async () => {
    const { counts, asked, advance } = counted();
    expect(await counts.of('v0')).toBe(1);
    advance(9_999_999);
    expect(await counts.of('v0')).toBe(1);
    expect(await counts.of('v1')).toBe(2);
    advance(1);
    expect(await counts.of('v0')).toBe(3);
    expect(await counts.of('v1')).toBe(2);
    expect(asked).toEqual(['v0', 'v1', 'v0']);
  });

  it('are asked again when the volume was worked on', async () => {
    const { counts } = counted();
    await counts.of('v0');
    await counts.of('v1');
    counts.forget('v0');
    expect(await counts.of('v0')).toBe(3);
    expect(await counts.of('v1')).toBe(2);
  });

  it('are asked again after a question that failed', async () => {
    const { counts, advance, setBroken } = counted();
    await counts.of('v0');
    advance(10_000_000);
    setBroken(true);
    await expect(counts.of('v0')).rejects.toThrow('bad state');
    setBroken(false);
    expect(await counts.of('v0')).toBe(3);
  });
});
