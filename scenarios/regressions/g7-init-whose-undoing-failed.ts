import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 180.552 s after the start.
 *   v0 cannot be brought back: a0: init-vol v0: ArchiveVolInfo::init:directory already exists:/walb/v0
 * Was mended in core/server/archive/life-cycle.ts: the file system became read-only while a volume was being initialised, so
 * that its undoing failed, too; what was left kept every further attempt from beginning.
 *
 * What is done:
 *      2.000 s  full-backup of v0
 *      6.367 s  hash-backup of v0
 * What goes wrong:
 *     any time  call 3 of net.write at p0: p0 loses power after the program knows of it, for 1.596 s
 *     any time  connection 6 from operator to s0 fails (unreachable), 4 times
 *     16.873 s  the file system of a0 is read-only, for 6.041 s
 */
export const g7: Scenario = chaosScenario({
  name: 'g7-init-whose-undoing-failed',
  purpose:
    'What a failed initialisation left behind on a read-only file system does not prevent the next one',
  history: {
    version: 1,
    seed: 1952,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0,p1/a0', syncMeanUs: 19_020 },
    operations: [
      { kind: 'full-backup', atUs: 2_000_000, key: 1_000_000, volume: 0 },
      { kind: 'hash-backup', atUs: 6_367_012, key: 18, volume: 0 },
    ],
    faults: [
      {
        kind: 'crash',
        host: 'p0',
        process: null,
        phase: 'delivered',
        how: 'power-loss',
        downUs: 1_596_382,
        step: null,
        call: 'net.write',
        nth: 3,
      },
      { kind: 'refuse', client: 'operator', server: 's0', port: null, nth: 6, times: 4, how: 'unreachable' },
      { kind: 'files-mode', atUs: 16_873_305, host: 'a0', mode: 'read-only', forUs: 6_040_866 },
    ],
  },
});
