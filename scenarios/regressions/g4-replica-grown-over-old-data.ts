import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: admissible (archive), 50.549 s after the start.
 *   a1: the image of v0 at 1 has old data behind the device's end, block 256
 * Was mended in core/control/replication.ts: a replica that had refused to grow with zeroclear was grown without by the
 * controller, before it replicated, and showed what lay there.
 *
 * What is done:
 *     31.330 s  an operator mends v0
 *     38.829 s  replicate v0 from a0 to a1
 *     45.517 s  grow v0 by 128 blocks
 *     49.561 s  replicate v0 from a0 to a1
 * What goes wrong:
 *     39.369 s  the next 3 syncs of files at a1 fail
 */
export const g4: Scenario = chaosScenario({
  name: 'g4-replica-grown-over-old-data',
  purpose: 'A replica on thick volumes that is grown by a replication shows zeros in what is new',
  history: {
    version: 1,
    seed: 613,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0/a0,a1', thin: false },
    operations: [
      { kind: 'mend', atUs: 31_329_928, key: 4_000_002, volume: 0 },
      { kind: 'replicate', atUs: 38_828_673, key: 17, volume: 0, archive: 'a1', from: 'a0', doResync: false },
      { kind: 'resize', atUs: 45_516_587, key: 4, volume: 0, growLb: 128 },
      { kind: 'replicate', atUs: 49_560_902, key: 3, volume: 0, archive: 'a1', from: 'a0', doResync: false },
    ],
    faults: [{ kind: 'sync-failures', atUs: 39_369_068, host: 'a1', count: 3 }],
  },
});
