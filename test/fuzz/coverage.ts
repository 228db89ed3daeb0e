import { type Profiler, Session } from 'node:inspector';

/** What V8 counts: which ranges of our sources ran, and about how often. */
export class CoverageMap {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Number of different things that ran so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** Takes what ran since the last call; gives how much of it is new, and remembers it unless told not to. */
  take(remember = true): number {
    let found: readonly Profiler.ScriptCoverage[] = [];
    // Answers of the same thread come before the call returns.
    this.#session.post('Profiler.takePreciseCoverage', (_error, answer) => {
      found = answer.result;
    });
    const fresh = new Set<string>();
    for (const { scriptId, url, functions } of found) {
      if (!/\/(?:core|cli|native)\//.test(url) || url.includes('node_modules')) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          const key = `${scriptId}:${startOffset}-${endOffset}:${Math.ceil(Math.log2(count + 1) / 2)}`;
          if (count > 0 && !this.#seen.has(key)) fresh.add(key);
        }
      }
    }
    if (remember) for (const key of fresh) this.#seen.add(key);
    return fresh.size;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }
}
