import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 183.212 s after the start.
 *   v0 cannot be brought back: command error: s0: start v0 target: c2xStartClient:c2sStartServer:bad state:SyncReady:Stopped
 * Was mended in core/server/storage/life-cycle.ts: the state SyncReady of a reset was there, but its directory could not be
 * synced; the volume was Stopped in memory and SyncReady on disk, where it neither starts nor says what it needs.
 *
 * What is done:
 *      2.000 s  full-backup of v0
 *     10.000 s  hash-backup of v0
 *     30.000 s  ask s0 for its status
 * What goes wrong:
 *     any time  call 7 of storage.state.save as file.sync-directory at walb-storage of s0: fails once with EIO
 */
export const g8: Scenario = chaosScenario({
  name: 'g8-reset-whose-state-was-not-synced',
  purpose:
    'A storage whose reset fails at the sync of its state says what its file says, and is backed up again',
  history: {
    version: 1,
    seed: 1,
    layout: { group: 's0/p0/a0' },
    operations: [
      { kind: 'full-backup', atUs: 2_000_000, key: 0, volume: 0 },
      { kind: 'hash-backup', atUs: 10_000_000, key: 4, volume: 0 },
      { kind: 'status', atUs: 30_000_000, key: 9, server: 's0' },
    ],
    faults: [
      {
        ...{ kind: 'error', host: 's0', process: 'walb-storage', step: 'storage.state.save' },
        ...{ call: 'file.sync-directory', nth: 7, times: 1, code: 'EIO', effect: 'none' },
      },
    ],
  },
});
