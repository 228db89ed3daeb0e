import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: coverage (chain), 21.774 s after the start.
 *   v0: a1 has gid 1, s0 let go up to 2, proxies have nothing
 * Was mended in core/control/replication.ts: a proxy that somebody had stopped by force held a diff that the source lacked;
 * the destination was registered beside it, and never got it.
 *
 * What is done:
 *      6.829 s  an operator mends v0
 *     19.073 s  an operator mends v0
 *     20.426 s  snapshot of v0
 *     20.490 s  stop v0 at p0 (force) for 7.642 s
 *     21.095 s  synchronize v0 from a0 to a1
 * Nothing goes wrong.
 */
export const g12: Scenario = chaosScenario({
  name: 'g12-synchronised-beside-a-stopped-proxy',
  purpose: 'A proxy that was stopped with diffs is emptied before a further archive is synchronised',
  history: {
    version: 1,
    seed: 5033,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: {
      group: 's0/p0/a0,a1',
      fileMeanUs: 164,
      syncMeanUs: 8_131,
      diskMeanUs: 381,
      volumeCommandMeanUs: 221_382,
    },
    operations: [
      { kind: 'mend', atUs: 6_829_283, key: 4_000_000, volume: 0 },
      { kind: 'mend', atUs: 19_072_759, key: 4_000_001, volume: 0 },
      { kind: 'snapshot', atUs: 20_426_172, key: 12, volume: 0 },
      {
        kind: 'stop',
        atUs: 20_489_853,
        key: 21,
        volume: 0,
        server: 'p0',
        mode: 'force',
        forUs: 7_641_990,
      },
      { kind: 'synchronize', atUs: 21_094_661, key: 16, volume: 0, archive: 'a1', from: 'a0' },
    ],
    faults: [],
  },
});
