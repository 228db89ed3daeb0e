import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import type { Gid } from '../../core/units.ts';
import { type Site, VOL } from './site.ts';

/** What is done while a host loses power at one call after the other. */
export interface DoomedWork {
  /** Before each attempt. */
  readonly prepare?: () => Promise<void>;
  /** May throw: its server dies. Ends when the work is done or its server is dead. */
  readonly act: () => Promise<unknown>;
  /** After each attempt, with everybody running again: looks whether all is well. */
  readonly after: () => Promise<void>;
  /** Calls of one step at which power is lost at most. */
  readonly maxCalls?: number;
}

/** Saving a small file takes so many calls. */
export const SAVE_CALLS = 6;
const LIMIT_S = 300;

/**
 * Lets the host of a server lose power right after each call of the steps, one attempt each, until the work has no
 * further call of the step. Returns how many power losses there were.
 */
export async function atEachCall(
  site: Site,
  server: ServerConnectionParam,
  steps: readonly string[],
  { prepare, act, after, maxCalls = SAVE_CALLS }: DoomedWork,
): Promise<number> {
  const { group, story } = site;
  let count = 0;
  for (const step of steps) {
    for (let nth = 1; nth <= maxCalls; nth++) {
      await prepare?.();
      const disarm = group.powerLossAt(server.name, { step, nth });
      const result = await act().then(
        () => 'done',
        () => 'failed',
      );
      disarm();
      const isStruck = !group.isRunning(server.name);
      story.note(`${server.name}: ${step}, call ${nth}: ${isStruck ? 'dark' : 'no such call'}, ${result}`);
      if (isStruck) {
        count += 1;
        group.powerOn(server.name);
        await site.start(server);
      }
      await after();
      if (!isStruck) break;
    }
  }
  return count;
}

/** Waits until an action of an archive has ended, or its server. */
export async function actionEnded(site: Site, ax: ServerConnectionParam, action: string): Promise<void> {
  await untilDead(site, ax, async () => (await site.walbc.getNumAction(ax, VOL, action)) === 0);
}

/** Waits until the condition holds or a server is dead. */
export async function untilDead(
  site: Site,
  server: ServerConnectionParam,
  condition: () => Promise<boolean>,
): Promise<void> {
  const holds = async () => {
    if (!site.group.isRunning(server.name)) return true;
    try {
      return await condition();
    } catch {
      return !site.group.isRunning(server.name);
    }
  };
  await site.group.eventually(holds, LIMIT_S, `${server.name} is done, or dead`);
}

/** Snapshots that nobody gave up can be restored. */
export async function checkKept(site: Site, ax: ServerConnectionParam, gids: readonly Gid[]): Promise<void> {
  const listed = new Set(await site.walbc.getRestorableGid(ax, VOL, 'all'));
  const missing = gids.filter((gid) => !listed.has(gid));
  site.story.check(
    missing.length === 0,
    `${ax.name} has every snapshot that was kept, without ${missing.join(' ') || 'exception'}`,
  );
}

/** No unfinished volume is left in an archive's volume group. */
export function checkNothingUnfinished(site: Site, ax: ServerConnectionParam): void {
  const names = site.group.volumeNames(ax.name).filter((name) => name.endsWith('_tmp'));
  site.story.check(
    names.length === 0,
    `${ax.name} keeps no unfinished volume, but ${names.join(' ') || 'none'}`,
  );
}
