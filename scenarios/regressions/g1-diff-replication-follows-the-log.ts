import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (drain), 188.303 s after the start.
 *   v0: a1 has gid 3 of 5
 * Was mended in core/server/archive/replicate-parts.ts, receiveDiffRepl: the uuid was left as it was, and proxies were refused for ever.
 *
 * What is done:
 *      3.500 s  full-backup of v0
 *      8.000 s  synchronize v0 from a0 to a1
 *     14.000 s  hash-backup of v0
 *     23.000 s  synchronize v0 from a0 to a1
 *     26.000 s  snapshot of v0
 * Nothing goes wrong.
 */
export const g1: Scenario = chaosScenario({
  name: 'g1-diff-replication-follows-the-log',
  purpose:
    'A diff replication behind a hash backup takes the uuid of the new log over, so that proxies can send there again',
  history: {
    version: 1,
    seed: 1,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0/a0,a1' },
    operations: [
      { kind: 'full-backup', volume: 0, atUs: 3_500_000, key: 0 },
      { kind: 'synchronize', archive: 'a1', from: 'a0', volume: 0, atUs: 8_000_000, key: 3 },
      { kind: 'hash-backup', volume: 0, atUs: 14_000_000, key: 7 },
      { kind: 'synchronize', archive: 'a1', from: 'a0', volume: 0, atUs: 23_000_000, key: 11 },
      { kind: 'snapshot', volume: 0, atUs: 26_000_000, key: 13 },
    ],
    faults: [],
  },
});
