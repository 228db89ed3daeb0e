import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 183.212 s after the start.
 *   v0 cannot be brought back: command error: s0: start v0 target: c2xStartClient:c2sStartServer:bad state:SyncReady:Stopped
 * Was mended in core/server/storage/life-cycle.ts: the state SyncReady of a reset was there, but its directory could not be
 * synced; the volume was Stopped in memory and SyncReady on disk, where it neither starts nor says what it needs.
 *
 * What is done:
 *      5.005 s  an operator mends v0
 *      6.934 s  snapshot of v0
 *     13.895 s  snapshot of v0
 *     15.043 s  snapshot of v0
 *     15.704 s  snapshot of v0
 *     19.371 s  snapshot of v0
 *     20.537 s  hash-backup of v0
 * What goes wrong:
 *     any time  call 21 of file.sync-directory at walb-storage of s0: fails once with EIO, without effect
 */
export const g8: Scenario = chaosScenario({
  name: 'g8-reset-whose-state-was-not-synced',
  purpose:
    'A storage whose reset fails at the sync of its state says what its file says, and is backed up again',
  history: {
    version: 1,
    seed: 943,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0,p1/a0' },
    operations: [
      { kind: 'mend', atUs: 5_005_071, key: 4_000_000, volume: 0 },
      { kind: 'snapshot', atUs: 6_933_979, key: 7, volume: 0 },
      { kind: 'snapshot', atUs: 13_894_550, key: 9, volume: 0 },
      { kind: 'snapshot', atUs: 15_042_969, key: 10, volume: 0 },
      { kind: 'snapshot', atUs: 15_704_326, key: 5, volume: 0 },
      { kind: 'snapshot', atUs: 19_370_691, key: 20, volume: 0 },
      { kind: 'hash-backup', atUs: 20_536_793, key: 4, volume: 0 },
    ],
    faults: [
      {
        kind: 'error',
        host: 's0',
        process: 'walb-storage',
        times: 1,
        step: null,
        call: 'file.sync-directory',
        nth: 21,
        code: 'EIO',
        effect: 'none',
      },
    ],
  },
});
