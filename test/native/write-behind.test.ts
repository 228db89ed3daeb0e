import { describe, expect, it } from 'vitest';
import { writeBehind } from '../../native/write-behind.ts';

/** Syncs that end, well or not, when they are told to. */
function handSyncs() {
  const ends: ((error?: Error) => void)[] = [];
  const sync = () =>
    new Promise<void>((resolve, reject) =>
      ends.push((error) => (error === undefined ? resolve() : reject(error))),
    );
  return { ends, sync };
}

/** Lets everything that is runnable run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('writing behind', () => {
  it('begins a sync when enough was written, one at a time', async () => {
    const { ends, sync } = handSyncs();
    const behind = writeBehind(sync, 100);
    behind.wrote(60);
    expect(ends.length).toBe(0);
    behind.wrote(60);
    expect(ends.length).toBe(1);
    behind.wrote(500);
    expect(ends.length).toBe(1);
    ends[0]?.();
    await turn();
    expect(ends.length).toBe(1);
    // What was written during the sync counts for the next one.
    behind.wrote(1);
    expect(ends.length).toBe(2);
  });

  it('a flush waits for the sync that runs, and for one that begins behind it', async () => {
    const { ends, sync } = handSyncs();
    const behind = writeBehind(sync, 100);
    behind.wrote(100);
    let isDone = false;
    const flush = behind.flush().then(() => {
      isDone = true;
    });
    await turn();
    expect(ends.length).toBe(1);
    ends[0]?.();
    await turn();
    expect([ends.length, isDone]).toEqual([2, false]);
    ends[1]?.();
    await flush;
  });

  it('a sync that failed is told by the next flush and all others, as the system tells it once', async () => {
    const { ends, sync } = handSyncs();
    const behind = writeBehind(sync, 100);
    behind.wrote(100);
    ends[0]?.(new Error('the disk is broken'));
    await turn();
    for (const nth of [1, 2]) {
      const flush = behind.flush();
      await turn();
      ends[nth]?.();
      await expect(flush).rejects.toThrow('the disk is broken');
    }
  });

  it('a sync that throws before it begins is told as any other, and hinders none', async () => {
    let count = 0;
    const behind = writeBehind(() => {
      count += 1;
      throw new Error('closed');
    }, 100);
    behind.wrote(100);
    for (const _ of [1, 2]) await expect(behind.flush()).rejects.toThrow('closed');
    expect(count).toBe(3);
  });
});
