import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (state file archive), 175.575 s after the start.
 *   a0 does not save the state of v0 anew
 * Was mended in core/server/shared/state-file.ts: a start that failed on a read-only file system had left word that the
 * state file may say something else; the next start saved it, and nobody said that it was right again.
 *
 * What is done:
 *      4.857 s  hash-backup of v0
 *      5.880 s  stop v0 at a0 (empty) for 6.711 s
 *     12.534 s  an operator mends v0
 * What goes wrong:
 *     12.327 s  the file system of a0 is read-only, for 1.594 s
 */
export const g14: Scenario = chaosScenario({
  name: 'g14-state-that-another-save-put-right',
  purpose: 'An archive that could not put a state back says when the file is right again, whoever saved it',
  history: {
    version: 1,
    seed: 888,
    layout: { group: 's0/p0/a0,a1', operatorPollMs: 1000 },
    operations: [
      { kind: 'hash-backup', atUs: 4_857_227, key: 21, volume: 0 },
      { kind: 'stop', atUs: 5_879_701, key: 11, volume: 0, server: 'a0', mode: 'empty', forUs: 6_711_242 },
      { kind: 'mend', atUs: 12_534_268, key: 4_000_001, volume: 0 },
    ],
    faults: [{ kind: 'files-mode', atUs: 12_326_878, host: 'a0', mode: 'read-only', forUs: 1_594_465 }],
  },
});
