import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: admissible (archive), 56.378 s after the start.
 *   a1: the image of v0 at 7 is not admissible: 8 or more blocks hold what no admissible order of the log gives
 * Was mended in core/server/archive/same-log.ts: a replica that had a gid of the old log more than its source took the
 * diffs of the new log from that gid on, which the hash backup of the source had given away again.
 *
 * What is done:
 *      9.044 s  an operator mends v0
 *     13.884 s  replicate v0 from a0 to a1
 *     18.319 s  synchronize v0 from a0 to a1
 *     19.667 s  26 writes of up to 32 blocks to v0, one each 0.173 s
 *     22.500 s  restore of v0 at a0
 *     23.418 s  hash-backup of v0
 *     55.071 s  synchronize v0 from a0 to a1
 * Nothing goes wrong.
 */
export const g5: Scenario = chaosScenario({
  name: 'g5-replica-ahead-of-a-hash-backup',
  purpose:
    'A replica that was ahead of its source when that was hash-backed-up takes nothing that does not follow',
  history: {
    version: 1,
    seed: 3449,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0,p1/a0,a1', volumeCommandMeanUs: 797_405 },
    operations: [
      { kind: 'mend', atUs: 9_043_688, key: 4_000_000, volume: 0 },
      { kind: 'replicate', atUs: 13_883_697, key: 2, volume: 0, archive: 'a1', from: 'a0', doResync: false },
      { kind: 'synchronize', atUs: 18_318_603, key: 24, volume: 0, archive: 'a1', from: 'a0' },
      {
        kind: 'write',
        atUs: 19_666_666,
        key: 2_000_002,
        volume: 0,
        count: 26,
        maxIoLb: 32,
        intervalUs: 172_990,
      },
      { kind: 'restore', atUs: 22_499_923, key: 3, volume: 0, archive: 'a0' },
      { kind: 'hash-backup', atUs: 23_418_319, key: 5, volume: 0 },
      { kind: 'synchronize', atUs: 55_070_985, key: 0, volume: 0, archive: 'a1', from: 'a0' },
    ],
    faults: [],
  },
});
