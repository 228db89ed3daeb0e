import { MIB } from '../core/units.ts';

/** Bytes after which the system is asked to begin writing: a second's worth of a slow disk. */
const INTERVAL_BYTES = 32 * MIB;

/** Makes written data durable while others are still being made. */
export interface WriteBehind {
  /** Says that so many bytes lie in the page cache; may begin to sync them, and returns at once. */
  wrote(sizeBytes: number): void;
  /** Syncs everything. Throws what any sync threw, from then on always: what it was about may be lost, and the system tells it once. */
  flush(): Promise<void>;
}

/** `sync` makes durable what was written before its call. One runs at a time. */
export function writeBehind(sync: () => Promise<void>, intervalBytes = INTERVAL_BYTES): WriteBehind {
  let unsyncedBytes = 0;
  let running: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  async function syncOnce(): Promise<void> {
    unsyncedBytes = 0;
    try {
      await sync();
    } catch (error) {
      failure ??= { error };
    } finally {
      running = null;
    }
  }

  return {
    wrote(sizeBytes) {
      unsyncedBytes += sizeBytes;
      if (running === null && unsyncedBytes >= intervalBytes) running = syncOnce();
    },
    async flush() {
      while (running !== null) await running;
      running = syncOnce();
      await running;
      if (failure !== null) throw failure.error;
    },
  };
}
