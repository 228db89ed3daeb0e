import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 196.692 s after the start.
 *   v0 cannot be brought back: wait_for_state_change:bad goal:s0:v0:[HashSync,Stopped,StartTarget]:[Target]:SyncReady
 * Was mended in core/server/archive/wdiff-store.ts: while the file system failed, a diff could not be renamed, and it could
 * not be seen what it is called either; the archive looked for its new name until it was started again.
 *
 * What is done:
 *      6.354 s  an operator mends v0
 *     15.429 s  30 writes of up to 1 blocks to v0, one each 0.067 s
 *     24.052 s  enable-snapshot of v0 at a0
 *     33.546 s  unsynchronize of v0 at a0
 * What goes wrong:
 *     21.943 s  the file system of a0 is failing, for 10.586 s
 */
export const g11: Scenario = chaosScenario({
  name: 'g11-diff-that-could-not-be-renamed',
  purpose: 'An archive whose file system failed while a snapshot was enabled finds its diffs again',
  history: {
    version: 1,
    seed: 5000,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0/a0' },
    operations: [
      { kind: 'mend', atUs: 6_353_665, key: 4_000_000, volume: 0 },
      {
        kind: 'write',
        atUs: 15_428_571,
        key: 2_000_002,
        volume: 0,
        count: 30,
        maxIoLb: 1,
        intervalUs: 67_083,
      },
      { kind: 'enable-snapshot', atUs: 24_052_032, key: 28, volume: 0, archive: 'a0' },
      { kind: 'unsynchronize', atUs: 33_546_429, key: 11, volume: 0, archive: 'a0' },
    ],
    faults: [{ kind: 'files-mode', atUs: 21_942_654, host: 'a0', mode: 'failing', forUs: 10_586_432 }],
  },
});
