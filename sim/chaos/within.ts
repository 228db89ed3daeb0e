import { errorText } from '../../core/errors.ts';
import { US_PER_S } from '../../core/units.ts';
import { PropertyError } from './failure.ts';
import { isRefusal } from './perform.ts';
import type { ChaosSite } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** Bound of the time to drain: every time-out and retry delay that may lie in the way (docs/chaos.md). */
export function boundUs(site: ChaosSite): number {
  const { socketTimeoutS, maxRetryDelayS, implicitSnapshotIntervalS, thin } = site.layout;
  const seconds =
    6 * socketTimeoutS + 7 + 2 * maxRetryDelayS + 10 + implicitSnapshotIntervalS + 60 + (thin ? 60 : 0);
  return seconds * US_PER_S;
}

/** Looks five times a second until the condition holds; throws PropertyError `converges` after the bound. */
export async function within(
  site: ChaosSite,
  place: string,
  condition: () => boolean | Promise<boolean>,
  describe: () => string,
  intervalUs = US_PER_S / 5,
): Promise<void> {
  const deadlineUs = site.simulation.nowUs + boundUs(site);
  while (!(await condition())) {
    if (site.failure !== null) throw site.failure;
    if (site.simulation.nowUs > deadlineUs) {
      throw new PropertyError('converges', place, `${describe()}\n${site.simulation.describeWaits()}`);
    }
    await site.simulation.sleep(intervalUs);
  }
}

/** Repeats what a connection from before the end of the faults may still spoil. Throws PropertyError `converges`. */
export async function retried(
  site: ChaosSite,
  truth: VolumeTruth,
  what: string,
  work: () => Promise<unknown>,
): Promise<void> {
  let last = '';
  await within(
    site,
    what,
    async () => {
      try {
        await work();
        return true;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        last = errorText(error);
        return false;
      }
    },
    () => `${truth.name}: ${what} fails: ${last}`,
    US_PER_S,
  );
}
