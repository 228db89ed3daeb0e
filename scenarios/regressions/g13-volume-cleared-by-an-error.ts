import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 190.900 s after the start.
 *   v0 cannot be brought back: wait_for_state_change:bad goal:s0:v0:[HashSync,Stopped,StartTarget]:[Target]:SyncReady
 * Was mended in core/server/shared/persist.ts: the renaming of the volume's directory away was reported as failed, but was
 * not; the storage kept a volume without files. Archives and proxies looked already.
 *
 * What is done:
 *      2.000 s  full-backup of v0
 *      6.500 s  tell s0: stop v0 force
 *      8.000 s  tell s0: reset-vol v0
 *     18.500 s  tell s0: clear-vol v0
 *     27.500 s  tell p0: clear-vol v0
 * What goes wrong:
 *     any time  call 1 of storage.clear.files as file.rename at walb-storage of s0: fails once with EIO, with its whole effect
 */
export const g13: Scenario = chaosScenario({
  name: 'g13-volume-cleared-by-an-error',
  purpose: 'A storage whose clearing of a volume was reported as failed, but was not, has none',
  history: {
    version: 1,
    seed: 1,
    layout: { group: 's0/p0/a0' },
    operations: [
      { kind: 'full-backup', volume: 0, atUs: 2_000_000, key: 0 },
      { kind: 'command', server: 's0', words: 'stop VOL force', volume: 0, atUs: 6_500_000, key: 3 },
      { kind: 'command', server: 's0', words: 'reset-vol VOL', volume: 0, atUs: 8_000_000, key: 4 },
      { kind: 'command', server: 's0', words: 'clear-vol VOL', volume: 0, atUs: 18_500_000, key: 8 },
      { kind: 'command', server: 'p0', words: 'clear-vol VOL', volume: 0, atUs: 27_500_000, key: 14 },
    ],
    faults: [
      {
        ...{ kind: 'error', host: 's0', process: 'walb-storage', step: 'storage.clear.files' },
        ...{ call: 'file.rename', nth: 1, times: 1, code: 'EIO', effect: 'whole' },
      },
    ],
  },
});
