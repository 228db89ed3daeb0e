import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: memory-is-disk (archive), 29.882 s after the start.
 *   a1 answers otherwise after a restart: v1 Clear before, SyncReady afterwards
 * Was mended in core/server/archive/life-cycle.ts: an archive said Clear of a volume whose initialisation took long, in
 * place of InitVol, so that nobody could see that something was still under way.
 *
 * What is done:
 *     12.005 s  replicate v0 from a0 to a1
 *     15.948 s  replicate v1 from a0 to a1
 *     22.192 s  an operator mends v0
 * What goes wrong:
 *     any time  call 2 of file.write at a1: takes 6.239 s longer, 5 times
 */
export const g9: Scenario = chaosScenario({
  name: 'g9-volume-that-is-being-made',
  purpose: 'An archive says of a volume that is being initialised that it is, however long that takes',
  history: {
    version: 1,
    seed: 405,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0/a0,a1', volumeCount: 2, volumeCommandMeanUs: 705_163 },
    operations: [
      {
        kind: 'replicate',
        atUs: 12_005_442,
        key: 21,
        volume: 0,
        archive: 'a1',
        from: 'a0',
        doResync: false,
      },
      {
        kind: 'replicate',
        atUs: 15_948_167,
        key: 8,
        volume: 1,
        archive: 'a1',
        from: 'a0',
        doResync: false,
      },
      { kind: 'mend', atUs: 22_192_018, key: 4_000_004, volume: 0 },
    ],
    faults: [
      {
        kind: 'delay',
        host: 'a1',
        process: null,
        step: null,
        call: 'file.write',
        nth: 2,
        times: 5,
        addUs: 6_238_938,
      },
    ],
  },
});
