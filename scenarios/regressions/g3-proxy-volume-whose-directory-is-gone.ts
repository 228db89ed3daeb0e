import { chaosScenario } from '../lib/chaos-scenario.ts';
import type { Scenario } from '../lib/scenario.ts';

/**
 * Did not hold: converges (mend), 184.355 s after the start.
 *   v0 cannot be brought back: command error: p0: start v0: c2xStartClient:/walb/v0/received: v0 does not exist
 * Was mended in core/server/proxy/life-cycle.ts, removeAll: memory kept a volume without files, which could not be started any more.
 *
 * What is done:
 *      3.500 s  full-backup of v0
 *      8.000 s  tell p0: stop v0 force
 *      9.500 s  tell p0: clear-vol v0
 *     21.500 s  ask s0 for its status
 * What goes wrong:
 *     any time  call 2 of proxy.clear.files at walb-proxy of p0: fails once with EIO, with its whole effect
 */
export const g3: Scenario = chaosScenario({
  name: 'g3-proxy-volume-whose-directory-is-gone',
  purpose: 'A proxy that fails while it removes a volume forgets it once the directory has gone',
  history: {
    version: 1,
    seed: 1,
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: { group: 's0/p0,p1/a0' },
    operations: [
      { kind: 'full-backup', volume: 0, atUs: 3_500_000, key: 0 },
      { kind: 'command', server: 'p0', words: 'stop VOL force', volume: 0, atUs: 8_000_000, key: 3 },
      { kind: 'command', server: 'p0', words: 'clear-vol VOL', volume: 0, atUs: 9_500_000, key: 4 },
      { kind: 'status', server: 's0', atUs: 21_500_000, key: 9 },
    ],
    faults: [
      {
        kind: 'error',
        host: 'p0',
        process: 'walb-proxy',
        step: 'proxy.clear.files',
        call: null,
        nth: 2,
        times: 1,
        code: 'EIO',
        effect: 'whole',
      },
    ],
  },
});
