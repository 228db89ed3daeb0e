import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (drain), 182.885 s after the start.
 *   v0: p0 has 2 diffs for a0, which has 1
 * Was mended in core/server/archive/life-cycle.ts, endRemoval: memory said Archived without an image, and every backup was refused.
 *
 * What is done:
 *      3.500 s  full-backup of v0
 *      9.500 s  full-backup of v0
 *     18.500 s  snapshot of v0
 * What goes wrong:
 *     any time  call 2 of archive.wdiff.clear at walb-archive of a0: fails once with EIO, without effect
 */
export const g2: Scenario = chaosScenario({
  name: 'g2-reset-that-fails-behind-its-removal',
  purpose: 'An archive whose reset fails behind the removal of its image gives the image up in memory, too',
  history: {
    version: 1,
    seed: 1,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0/a0' },
    operations: [
      { kind: 'full-backup', volume: 0, atUs: 3_500_000, key: 0 },
      { kind: 'full-backup', volume: 0, atUs: 9_500_000, key: 3 },
      { kind: 'snapshot', volume: 0, atUs: 18_500_000, key: 7 },
    ],
    faults: [
      {
        kind: 'error',
        host: 'a0',
        process: 'walb-archive',
        step: 'archive.wdiff.clear',
        call: null,
        nth: 2,
        times: 1,
        code: 'EIO',
        effect: 'none',
      },
    ],
  },
});
