import { MIB } from '../core/units.ts';

/** Bytes after which the system is asked to begin writing. */
const INTERVAL_BYTES = 32 * MIB;

/** Makes written data durable while others are still being made. */
export interface WriteBehind {
  /** Says that so many bytes lie in the page cache; may begin to sync them, and returns at once. */
  wrote(sizeBytes: number): void;
  /**
   * Syncs everything. Throws what any sync threw, from then on always: what it was about may be lost, and the system
   * tells it once.
   */
  flush(): Promise<void>;
}

/** `sync` makes durable what was written before its call. One runs at a time. */
export function writeBehind(sync: () => Promise<void>, intervalBytes = INTERVAL_BYTES): WriteBehind {
  let unsyncedBytes = 0;
  let running: Promise<void> | null = null;
  let failure: { readonly error: unknown } | null = null;

  function begin(): Promise<void> {
    unsyncedBytes = 0;
    const ended = new Promise<void>((resolve) => resolve(sync())).then(
      () => {
        running = null;
      },
      (error: unknown) => {
        running = null;
        failure ??= { error };
      },
    );
    running = ended;
    return ended;
  }

  return {
    wrote(sizeBytes) {
      unsyncedBytes += sizeBytes;
      if (running === null && unsyncedBytes >= intervalBytes) void begin();
    },
    async flush() {
      while (running !== null) await running;
      await begin();
      if (failure !== null) throw failure.error;
    },
  };
}
