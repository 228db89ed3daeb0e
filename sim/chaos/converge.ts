import { errorText } from '../../core/errors.ts';
import { US_PER_S } from '../../core/units.ts';
import { checkArrived } from './arrivals.ts';
import { drained } from './drain.ts';
import { everySnapshot } from './every-snapshot.ts';
import { PropertyError } from './failure.ts';
import { freshSnapshot } from './fresh-snapshot.ts';
import { memoryIsDisk } from './memory-is-disk.ts';
import { backUp, mendVolume, PATIENCE_S } from './mend.ts';
import { needOfBackup } from './need.ts';
import { nothingLeft } from './nothing-left.ts';
import { isRefusal } from './perform.ts';
import { repairDevices } from './repair.ts';
import { giveUpRotten, rottenReplicas } from './rot.ts';
import { checkSafety } from './safety.ts';
import { everyoneAnswers, started } from './servers-answer.ts';
import { allServers, asOperator, type ChaosSite, primaryArchive, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';
import { retried, within } from './within.ts';

/**
 * What must happen once the faults have ended (docs/chaos.md, "Convergence"): servers come back, everything
 * drains in bounded virtual time, a new snapshot becomes restorable and equals the device, nothing is left over.
 */
export async function converge(site: ChaosSite): Promise<void> {
  site.isCalm = true;
  await everyoneAnswers(site);
  await settled(site);
  const isRepaired = await repairDevices(site);
  if (isRepaired || allServers(site).some(({ name }) => !site.group.isRunning(name)))
    await everyoneAnswers(site);
  checkSafety(site);
  for (const truth of site.volumes) await statesSavedAnew(site, truth);
  for (const truth of site.volumes) await withoutRot(site, truth);
  for (const truth of site.volumes) await mended(site, truth);
  for (const truth of site.volumes) await drainedOrBackedUp(site, truth);
  for (const truth of site.volumes) await replicated(site, truth);
  for (const truth of site.volumes) await freshSnapshot(site, truth);
  for (const truth of site.volumes) checkArrived(site, truth);
  checkSafety(site);
  for (const truth of site.volumes) await everySnapshot(site, truth);
  await nothingLeft(site, false);
  await memoryIsDisk(site);
  await nothingLeft(site, true);
  checkSafety(site);
}

/** What operators and applications had begun comes to an end. */
async function settled(site: ChaosSite): Promise<void> {
  await within(
    site,
    'operations',
    () => site.running.size === 0,
    () => `${site.running.size} operations do not end`,
  );
}

/**
 * A server that could not put a state back says so, and does it as soon as its disk works. One that died before comes back
 * in the other state.
 */
async function statesSavedAnew(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  for (const server of allServers(site)) {
    const key = `${server.name} ${truth.name}`;
    if (!site.unsureStates.has(key)) continue;
    await within(
      site,
      `state file ${server.kind}`,
      () => site.unsureStates.get(key) !== true,
      () => `${server.name} does not save the state of ${truth.name} anew`,
    );
    if (server.kind === 'archive') await started(site, truth, server);
  }
}

/** Diffs that rotted are refused wherever they are read, and go with all that lies beside them. */
async function withoutRot(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  if (site.rotten.size === 0) return;
  await retried(site, truth, 'rot', () =>
    asOperator(site, PATIENCE_S, (walbc) => giveUpRotten(site, truth, walbc)),
  );
}

/** The operator's recovery; it may have to be tried again while old connections time out. */
async function mended(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  const need = needOfBackup(site, truth);
  let last = '';
  await within(
    site,
    'mend',
    async () => {
      try {
        const remedy = await asOperator(site, PATIENCE_S, (walbc) => mendVolume(site, truth, walbc));
        if (remedy.endsWith('-backup') && need === null) {
          const text = `${truth.name} asked for a ${remedy}, though log, diffs and image joined without a gap`;
          throw new PropertyError('backup-needed', 'operator', text);
        }
        return storageView(site, truth)?.state === 'Target' && remedy !== 'start';
      } catch (error) {
        if (!isRefusal(error)) throw error;
        last = errorText(error);
        return false;
      }
    },
    () => `${truth.name} cannot be brought back: ${last}`,
    2 * US_PER_S,
  );
}

/**
 * A log that is damaged where it was not sent yet is noticed when it is read, and the volume backed up again; so it is
 * where the device came up with a damaged log: that ended at the damage, and nobody knows what else is on the device.
 */
async function drainedOrBackedUp(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  try {
    await drained(site, truth);
    if (!truth.isContentUnsure) return;
  } catch (error) {
    const isStuck = error instanceof PropertyError && error.property === 'converges';
    if (!isStuck || truth.logDamagedFromUs === null) throw error;
    // Blocks that cannot be read may have been met only now: the device refuses until its log disk is replaced.
    await repairDevices(site);
    await everyoneAnswers(site);
  }
  await retried(site, truth, 'backup', () =>
    asOperator(site, PATIENCE_S, async (walbc) => {
      const sx = site.group.server(truth.storage);
      if ((await walbc.getState(sx, truth.name)) === 'Target') await walbc.stop(sx, truth.name, 'force');
      await backUp(site, truth, walbc);
    }),
  );
  await drained(site, truth);
}

/** Replicas that were given up are made anew. */
async function replicated(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  for (const ax of rottenReplicas(site)) {
    await retried(site, truth, 'replicate', () =>
      asOperator(site, PATIENCE_S, (walbc) => walbc.replicateOnce(primaryArchive(site), truth.name, ax)),
    );
  }
}
