import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText } from '../../core/errors.ts';
import type { Gid } from '../../core/units.ts';
import { US_PER_S } from '../../core/units.ts';
import { checkArrived } from './arrivals.ts';
import { PropertyError } from './failure.ts';
import { judgeImage, readSnapshot, takeSnapshot } from './images.ts';
import { latestGid, leftovers, restorableGids } from './inspect.ts';
import { backUp, mendVolume, PATIENCE_S, stateOrRestart } from './mend.ts';
import { needOfBackup } from './need.ts';
import { isRefusal } from './perform.ts';
import { repairDevices } from './repair.ts';
import { giveUpRotten, rottenReplicas } from './rot.ts';
import { checkSafety } from './safety.ts';
import {
  allServers,
  archiveView,
  asOperator,
  type ChaosSite,
  primaryArchive,
  proxyView,
  startAgain,
  storageView,
} from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

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

/** How often the operator kicks while something waits. */
const KICK_INTERVAL_US = 10 * US_PER_S;

/** Bound of the time to drain: every time-out and retry delay that may lie in the way (docs/chaos.md). */
function boundUs(site: ChaosSite): number {
  const { socketTimeoutS, maxRetryDelayS, implicitSnapshotIntervalS, thin } = site.layout;
  const seconds =
    6 * socketTimeoutS + 7 + 2 * maxRetryDelayS + 10 + implicitSnapshotIntervalS + 60 + (thin ? 60 : 0);
  return seconds * US_PER_S;
}

/** Looks five times a second until the condition holds; throws PropertyError `converges` after the bound. */
async function within(
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

async function everyoneAnswers(site: ChaosSite): Promise<void> {
  const { group, walbc, simulation } = site;
  for (const host of simulation.hosts.values()) {
    if (host.powered) continue;
    host.powerOn();
    host.restartInterrupted();
  }
  for (const server of allServers(site)) {
    startAgain(site, server.name);
    await within(
      site,
      `start ${server.kind}`,
      async () => {
        if (!group.isRunning(server.name)) startAgain(site, server.name);
        return walbc.getHostType(server).then(
          () => true,
          () => false,
        );
      },
      () => `${server.name} does not answer`,
    );
  }
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

/** All gids of the storage are at every archive that follows, and nothing waits anywhere. */
async function drained(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  const { walbc } = site;
  // A proxy that gave up goes on with the next log or a kick.
  await retried(site, truth, 'write', () => truth.write(0, new Uint8Array(512).fill(0xa5)));
  const kick = () => walbc.kickAll([...walbc.layout.storages, ...walbc.layout.proxies]);
  await retried(site, truth, 'kick', kick);
  let kickedUs = site.simulation.nowUs;
  await within(
    site,
    'drain',
    async () => {
      if (waitsFor(site, truth) === '') return true;
      // One that met a busy archive has given up again.
      if (site.simulation.nowUs - kickedUs > KICK_INTERVAL_US) {
        kickedUs = site.simulation.nowUs;
        await retried(site, truth, 'kick', kick);
      }
      return false;
    },
    () => `${truth.name}: ${waitsFor(site, truth)}`,
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

/** What still waits of a volume, or nothing. */
function waitsFor(site: ChaosSite, truth: VolumeTruth): string {
  const storage = storageView(site, truth);
  if (storage === null || storage.state !== 'Target') return `the storage is ${storage?.state ?? 'empty'}`;
  if (storage.queue.length > 0) return `the storage has ${storage.queue.length} snapshots to send`;
  for (const archive of truth.synchronized) {
    const view = archiveView(site, archive, truth);
    if (view === null) return `${archive} has no volume`;
    const gid = latestGid(view);
    for (const proxy of site.group.layout.proxies) {
      // A file that could not be removed after it was sent stays until the proxy starts again.
      const diffs = proxyView(site, proxy, truth).get(archive) ?? [];
      const waiting = diffs.filter(({ snapE }) => (snapE.gidB as Gid) > gid);
      if (waiting.length > 0) return `${proxy} has ${waiting.length} diffs for ${archive}, which has ${gid}`;
    }
    if (view.state === 'Archived' && gid < (storage.done.gid ?? 0)) {
      return `${archive} has gid ${gid} of ${storage.done.gid}`;
    }
  }
  return '';
}

/** Repeats what a connection from before the end of the faults may still spoil. */
async function retried(
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

/** A snapshot of the quiet device becomes restorable at every archive that follows, and equals the device. */
async function freshSnapshot(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  let gid: Gid = -1;
  await retried(site, truth, 'flush', () => truth.flush());
  await retried(site, truth, 'snapshot', async () => {
    gid = await takeSnapshot(site, truth);
  });
  let device = new Uint8Array(0);
  await retried(site, truth, 'read', async () => {
    device = (await truth.device.read(0, truth.device.sizeLb())) as Uint8Array<ArrayBuffer>;
  });
  const verdict = truth.ledger.judgeNow(device);
  if (!verdict.admissible && !truth.isContentUnsure) {
    throw new PropertyError('device', 'storage', `${truth.name}: the device itself: ${verdict.reason}`);
  }
  for (const archive of truth.synchronized) {
    const isThere = () => restorableGids(archiveView(site, archive, truth))?.includes(gid) === true;
    await within(
      site,
      'new snapshot',
      isThere,
      () =>
        `${truth.name}: snapshot ${gid} does not become restorable at ${archive}: ${waitsFor(site, truth)}`,
    );
    let image = new Uint8Array(0);
    await retried(site, truth, 'scan', async () => {
      image = (await readSnapshot(site, truth, site.group.server(archive), gid)) as Uint8Array<ArrayBuffer>;
    });
    if (!startsWith(image, device)) {
      throw new PropertyError(
        'admissible',
        'archive',
        `${truth.name}: the image of ${gid} at ${archive} is not the device's content`,
      );
    }
  }
}

/** The image may be larger (volumes grow by extents, archives first); what is beyond is not compared. */
function startsWith(image: Uint8Array, device: Uint8Array): boolean {
  if (image.length < device.length) return false;
  for (let i = 0; i < device.length; i++) if (image[i] !== device[i]) return false;
  return true;
}

/** Every snapshot that any archive lists is judged, and restored volumes once more. */
async function everySnapshot(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  // A stop may end long after the operator who waited for it was gone.
  for (const px of site.walbc.layout.proxies) await started(site, truth, px);
  for (const { name } of site.walbc.layout.archives) {
    const ax = site.group.server(name);
    await started(site, truth, ax);
    const view = archiveView(site, name, truth);
    for (const gid of restorableGids(view) ?? []) {
      await retried(site, truth, 'scan', () => readSnapshot(site, truth, ax, gid));
    }
    const { volumes } = site.group.host(name);
    for (const info of volumes?.inspect() ?? []) {
      const digits = new RegExp(`^wr_${truth.name}_([0-9]+)$`).exec(info.name)?.[1];
      if (digits === undefined || view === null || !restorableIncludes(site, name, truth, Number(digits)))
        continue;
      judgeImage(
        site,
        truth,
        name,
        view.archiveUuid,
        Number(digits),
        volumes?.peek(info.name, 0, info.sizeLb) as Uint8Array,
      );
    }
  }
}

function restorableIncludes(site: ChaosSite, archive: string, truth: VolumeTruth, gid: Gid): boolean {
  return restorableGids(archiveView(site, archive, truth))?.includes(gid) === true;
}

async function started(site: ChaosSite, truth: VolumeTruth, server: ServerConnectionParam): Promise<void> {
  await retried(site, truth, `start ${server.kind}`, async () => {
    const state = await stateOrRestart(site, truth, site.walbc, server);
    if (state === 'Stopped') await site.walbc.start(server, truth.name);
  });
}

/** No temporary files or volumes, no running actions, only steady states. */
async function nothingLeft(site: ChaosSite, hasRestarted: boolean): Promise<void> {
  let found = '';
  const steady = ['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby', 'Started', 'Archived'];
  await within(
    site,
    'leftovers',
    async () => {
      found = '';
      for (const server of allServers(site)) {
        const files = leftovers(site.group.host(server.name));
        // What could not be removed while the disk failed is removed at the next start.
        if (files.length > 0 && (hasRestarted || !site.excused.has(server.name)))
          found = `${server.name} keeps ${files.join(', ')}`;
        for (const truth of site.volumes) {
          const state = await site.walbc.getState(server, truth.name).catch(errorText);
          if (!steady.includes(state)) found = `${server.name}: ${truth.name} is ${state}`;
        }
      }
      return found === '';
    },
    () => found,
  );
  await nothingRuns(site);
}

/** Actions of archives end: what waits for a peer that died gives up in bounded time. */
async function nothingRuns(site: ChaosSite): Promise<void> {
  const deadlineUs = site.simulation.nowUs + boundUs(site);
  for (const ax of site.walbc.layout.archives) {
    for (;;) {
      const actions = await site.walbc.getAllActions(ax);
      const running = [...actions].flatMap(([volume, counts]) =>
        [...counts].filter(([, { count }]) => count !== 0).map(([action]) => `${volume} counts ${action}`),
      );
      if (running.length === 0) break;
      if (site.simulation.nowUs > deadlineUs)
        throw new PropertyError('bounded', 'archive', `${ax.name}: ${running.join(', ')}`);
      await site.simulation.sleep(US_PER_S / 5);
    }
  }
}

/** Restarting a server changes no answer. */
async function memoryIsDisk(site: ChaosSite): Promise<void> {
  for (const server of allServers(site)) {
    const before = await answers(site, server);
    site.group.kill(server.name);
    startAgain(site, server.name);
    await within(
      site,
      `restart ${server.kind}`,
      () =>
        site.walbc.getHostType(server).then(
          () => true,
          () => false,
        ),
      () => `${server.name} does not answer after a restart`,
    );
    const after = await answers(site, server);
    if (before === after) continue;
    throw new PropertyError(
      'memory-is-disk',
      server.kind,
      `${server.name} answers otherwise after a restart:\n${before}\n${after}`,
    );
  }
}

/** What a server says about its volumes that a restart must not change. */
async function answers(site: ChaosSite, server: ServerConnectionParam): Promise<string> {
  const { walbc } = site;
  const lines: string[] = [];
  for (const { name } of site.volumes) {
    const state = await walbc.getState(server, name);
    lines.push(`${name} ${state}`);
    if (state === 'Clear') continue;
    if (server.kind === 'proxy') lines.push((await walbc.getArchiveInfoList(server, name)).join(' '));
    if (server.kind === 'storage') lines.push(await walbc.getUuid(server, name));
    if (server.kind === 'archive' && state === 'Archived') {
      const diffs = await walbc.runCtl(server, ['get', 'applicable-diff', name]);
      const base = await walbc.runCtl(server, ['get', 'base', name]);
      lines.push(
        ...base,
        ...diffs,
        await walbc.getArchiveUuid(server, name),
        await walbc.getUuid(server, name),
      );
      lines.push((await walbc.getRestored(server, name)).join(' '));
      lines.push((await walbc.getCold(server, name)).join(' '));
    }
  }
  return lines.join('\n');
}
