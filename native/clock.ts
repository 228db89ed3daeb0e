import { performance } from 'node:perf_hooks';
import { US_PER_MS } from '../core/units.ts';
import type { Clock } from '../core/world/index.ts';

/** Longest delay that Node's timers can wait for at once. */
const MAX_DELAY_MS = 0x7fff_ffff;

/** The host's clocks. */
export function nodeClock(): Clock {
  const monotonicUs = () => Math.floor(performance.now() * US_PER_MS);
  return {
    monotonicUs,
    wallTimeS: () => Math.floor(Date.now() / 1000),
    startTimer(dueUs, onDue) {
      let timer: NodeJS.Timeout;
      // Node's timers may fire a little early, and cannot wait for more than 24 days.
      const wait = () => {
        const leftUs = dueUs - monotonicUs();
        if (leftUs <= 0) onDue();
        else arm(leftUs);
      };
      const arm = (leftUs: number) => {
        timer = setTimeout(wait, Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(leftUs / US_PER_MS))));
      };
      arm(dueUs - monotonicUs());
      return () => clearTimeout(timer);
    },
  };
}
