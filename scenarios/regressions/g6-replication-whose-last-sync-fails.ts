import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: memory-is-disk (archive), 56.514 s after the start.
 *   a1 answers otherwise after a restart: SyncReady before, Archived afterwards
 * Was mended in core/server/shared/state-file.ts: the last record of a full replication was there, but its sync
 * failed; the replication counted as failed in memory, and as done on disk.
 *
 * What is done:
 *      2.000 s  full-backup of v0
 *     13.000 s  replicate v0 from a0 to a1
 *     20.000 s  ask s0 for its status
 * What goes wrong:
 *     any time  call 1 of archive.full.state as file.sync-directory at walb-archive of a1: fails once with EIO
 */
export const g6: Scenario = chaosScenario({
  name: 'g6-replication-whose-last-sync-fails',
  purpose: 'A replication whose last sync fails has failed in memory and on disk',
  history: {
    version: 1,
    seed: 1,
    layout: { group: 's0/p0/a0,a1' },
    operations: [
      { kind: 'full-backup', atUs: 2_000_000, key: 0, volume: 0 },
      { kind: 'replicate', atUs: 13_000_000, key: 4, volume: 0, archive: 'a1', from: 'a0', doResync: false },
      { kind: 'status', atUs: 20_000_000, key: 9, server: 's0' },
    ],
    faults: [
      {
        ...{ kind: 'error', host: 'a1', process: 'walb-archive', step: 'archive.full.state' },
        ...{ call: 'file.sync-directory', nth: 1, times: 1, code: 'EIO', effect: 'none' },
      },
    ],
  },
});
