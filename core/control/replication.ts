import { NotFoundError, StateError } from '../errors.ts';
import type { Gid } from '../units.ts';
import { initVol, start, stopNbk, waitForStopped } from './life-cycle.ts';
import { growArchive } from './maintenance.ts';
import {
  existsBaseImage,
  getArchiveInfoList,
  getArchiveUuid,
  getMetaSnap,
  getRestorableGid,
  getVolSizeLb,
} from './queries.ts';
import { hostPortText, type ServerConnectionParam } from './server-layout.ts';
import {
  type ControlSession,
  getState,
  runCtl,
  TIMEOUT_S,
  waitForNoAction,
  waitForState,
} from './session.ts';
import { ARCHIVE_REPLICATING, PROXY_ACTIVE } from './states.ts';
import { archiveInfoArgs, replicateArgs, type SyncOpt } from './values.ts';
import { kickStorageAll } from './wiring.ts';

/** Copies of a volume at further archives (docs/operations.md, "Replication"). */

type Server = ServerConnectionParam;

export interface ReplicateOptions {
  readonly timeoutS?: number;
  /** Allows a resync when the destination has another lineage. */
  readonly doResync?: boolean;
  readonly dontMerge?: boolean;
  readonly syncOpt?: SyncOpt | null;
  /** Up to which snapshot; default the latest that can be restored at the source. */
  readonly gid?: Gid;
}

/** Begins to replicate; returns the gid that will be reached. */
export async function replicateOnceNbk(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
  options: ReplicateOptions = {},
): Promise<Gid> {
  const { doResync = false, dontMerge = false, syncOpt = null } = options;
  const state = await getState(session, destination, vol);
  if (state === 'Clear') await initVol(session, destination, vol);
  else if (state === 'Archived' && !doResync) {
    const own = await getArchiveUuid(session, source, vol);
    const other = await getArchiveUuid(session, destination, vol);
    if (own !== other) {
      throw new StateError(
        `Archive uuids differ. Try call this with doResync=True:${source.name}:${destination.name}`,
      );
    }
  }
  if (await existsBaseImage(session, destination, vol)) {
    const sourceLb = await getVolSizeLb(session, source, vol);
    const destinationLb = await getVolSizeLb(session, destination, vol);
    if (sourceLb < destinationLb) throw new StateError('Volume size of aDst is larger than that of aSrc');
    if (sourceLb > destinationLb) {
      // On thick volumes it would differ from the source in what lay there, for good.
      await growArchive(session, destination, vol, sourceLb, true, options.timeoutS ?? TIMEOUT_S);
    }
  }
  const gid = options.gid ?? (await getRestorableGid(session, source, vol)).at(-1);
  if (gid === undefined) throw new NotFoundError(`replicate: nothing is restorable:${source.name}:${vol}`);
  const flags = [Number(doResync), Number(dontMerge)].map(String);
  await runCtl(session, source, [
    'replicate',
    vol,
    'gid',
    String(gid),
    hostPortText(destination.address),
    ...flags,
    ...replicateArgs(syncOpt),
  ]);
  return gid;
}

/** Waits until a replication has ended, and verifies that the destination reached the gid. */
export async function waitForReplicated(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
  gid: Gid,
  timeoutS = TIMEOUT_S,
): Promise<void> {
  await waitForNoAction(session, source, vol, 'ReplSyncAsClient', timeoutS);
  const isDone = (state: string) => !ARCHIVE_REPLICATING.includes(state);
  await waitForState(session, destination, vol, isDone, 'not replicating', timeoutS);
  const { gidB } = await getMetaSnap(session, destination, vol);
  if (gidB === null || gidB < gid) {
    throw new StateError(
      `wait_for_replicated:replicate failed:${source.name}:${vol}:${destination.name}:${gid}`,
    );
  }
}

/** Brings a destination up to date once. */
export async function replicateOnce(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
  options: ReplicateOptions = {},
): Promise<Gid> {
  const gid = await replicateOnceNbk(session, source, vol, destination, options);
  await waitForReplicated(session, source, vol, destination, gid, options.timeoutS);
  return gid;
}

/**
 * Lets the proxies send to a destination as well, without a gap: they are emptied and held while it catches up.
 * Whatever happens, all that can be reached are started again. Throws what failed first.
 */
export async function synchronize(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
  options: Pick<ReplicateOptions, 'timeoutS' | 'syncOpt'> = {},
): Promise<void> {
  const stopped: Server[] = [];
  const failures: unknown[] = [];
  try {
    for (const px of session.layout.proxies) {
      // One that was stopped may hold diffs that the source lacks: the destination would never get them.
      if ((await getState(session, px, vol)) === 'Stopped') await start(session, px, vol);
      if (PROXY_ACTIVE.includes(await getState(session, px, vol))) await stopNbk(session, px, vol, 'empty');
      stopped.push(px);
    }
    for (const px of session.layout.proxies) {
      await waitForStopped(session, px, vol);
      const isKnown = (await getArchiveInfoList(session, px, vol)).includes(destination.name);
      const details = archiveInfoArgs(options.syncOpt ?? null);
      const action = isKnown ? 'update' : 'add';
      const address = hostPortText(destination.address);
      await runCtl(session, px, ['archive-info', action, vol, destination.name, address, ...details]);
    }
    await replicateOnce(session, source, vol, destination, { ...options, doResync: false, dontMerge: false });
  } catch (error) {
    failures.push(error);
  }
  for (const px of stopped) {
    try {
      if ((await getState(session, px, vol)) === 'Stopped') await start(session, px, vol);
    } catch (error) {
      // The others are started all the same.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  await kickStorageAll(session);
}

/** Replicates; with `synchronizing` the destination follows from then on. */
export async function replicate(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
  synchronizing: boolean,
  options: ReplicateOptions = {},
): Promise<void> {
  await replicateOnce(session, source, vol, destination, options);
  if (synchronizing) await synchronize(session, source, vol, destination, options);
}
