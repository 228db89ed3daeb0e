import type { Controller } from '../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { PROXY_ACTIVE } from '../../core/control/states.ts';
import {
  AbortedError,
  ExistsError,
  FormatError,
  IoError,
  NotFoundError,
  OverflowError,
  ProtocolError,
  StateError,
  TimeoutError,
} from '../../core/errors.ts';
import { type Gid, type Lb, LOGICAL_BLOCK_BYTES, US_PER_S } from '../../core/units.ts';
import type { RandomStream } from '../random.ts';
import { PropertyError } from './failure.ts';
import { readSnapshot, restoreAndJudge, takeSnapshot } from './images.ts';
import { explicitGids, restorableGids } from './inspect.ts';
import { backUp, mendVolume, PATIENCE_S } from './mend.ts';
import type { ChaosOperation } from './operations.ts';
import { archiveView, asOperator, type ChaosSite, proxyView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** An operation has nothing to work on. */
class NothingToDo extends Error {
  override readonly name = 'NothingToDo';
}

/** Operations beside each other; further ones wait. */
const MAX_RUNNING = 8;

/** Servers give a stop up behind 60 s (docs/operations.md, "States"), seen from an operator's connection. */
const STOP_TIMEOUT_US = 62 * US_PER_S;

/** Longest pause between two looks whether a stop has ended. */
const MAX_LOOK_PAUSE_US = 4 * US_PER_S;

/** Operations that the operator waits for; the others run beside what follows. */
const WAITED: ReadonlySet<ChaosOperation['kind']> = new Set<ChaosOperation['kind']>([
  'full-backup',
  'hash-backup',
  'mend',
  'synchronize',
  'unsynchronize',
  'resize',
]);

/** Waits for the operation's time and begins it. Throws PropertyError. */
export async function performOperation(site: ChaosSite, operation: ChaosOperation): Promise<void> {
  const { simulation } = site;
  const waitUs = operation.atUs - simulation.nowUs;
  if (waitUs > 0) await simulation.sleep(waitUs);
  while (site.running.size >= MAX_RUNNING) await Promise.race(site.running);
  const random = simulation.random.at('chaos-operation', operation.key);
  const done = attempt(site, () => begin(site, operation, random));
  site.running.add(done);
  void done.finally(() => site.running.delete(done));
  if (WAITED.has(operation.kind)) await done;
}

/** Refusals and faults are part of the game; anything else is a failure of the program. */
async function attempt(site: ChaosSite, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    site.counts.operations += 1;
  } catch (error) {
    if (error instanceof PropertyError) site.failure ??= error;
    else if (error instanceof NothingToDo) site.counts.refused += 1;
    else if (isRefusal(error)) {
      site.counts.operations += 1;
      site.counts.refused += 1;
    } else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      site.failure ??= new PropertyError('no-program-error', 'controller', text);
    }
  }
}

/** An error that commands are documented to end with. */
export function isRefusal(error: unknown): boolean {
  return [
    ProtocolError,
    StateError,
    NotFoundError,
    TimeoutError,
    IoError,
    FormatError,
    ExistsError,
    OverflowError,
    AbortedError,
  ].some((kind) => error instanceof kind);
}

async function begin(site: ChaosSite, operation: ChaosOperation, random: RandomStream): Promise<void> {
  const { walbc, group, simulation } = site;
  switch (operation.kind) {
    case 'kick':
      await walbc.kickAll([...walbc.layout.storages, ...walbc.layout.proxies]);
      return;
    case 'status':
      await walbc.status([group.server(operation.server)]);
      return;
    case 'shutdown': {
      const server = group.server(operation.server);
      if (!group.isRunning(server.name)) throw new NothingToDo();
      site.ending.add(server.name);
      await walbc.shutdown(server, operation.mode);
      return;
    }
    default:
  }
  const truth = site.volumes[operation.volume];
  if (truth === undefined) throw new NothingToDo();
  switch (operation.kind) {
    case 'write':
      await truth.load(random, operation, (us) => simulation.sleep(us));
      return;
    case 'snapshot':
      await takeSnapshot(site, truth);
      return;
    case 'mend':
      await asOperator(site, PATIENCE_S, (walbc) => mendVolume(site, truth, walbc));
      return;
    case 'full-backup':
    case 'hash-backup':
      await asOperator(site, PATIENCE_S, async (walbc) => {
        await stopStorage(site, truth, walbc);
        await backUp(site, truth, walbc, operation.kind === 'full-backup' ? 'full' : 'hash');
      });
      return;
    case 'command':
      await command(site, truth, group.server(operation.server), operation.words);
      return;
    case 'resize':
      await resize(site, truth, operation.growLb);
      return;
    case 'stop':
      await stopForAWhile(site, truth, group.server(operation.server), operation);
      return;
    default:
      await atArchive(site, truth, operation, random);
  }
}

type ArchiveOperation = Extract<ChaosOperation, { readonly archive: string }>;

async function atArchive(
  site: ChaosSite,
  truth: VolumeTruth,
  operation: ArchiveOperation,
  random: RandomStream,
): Promise<void> {
  const { walbc, group } = site;
  const ax = group.server(operation.archive);
  const vol = truth.name;
  switch (operation.kind) {
    case 'restore':
      await restoreAndJudge(site, truth, ax, pickRestorable(site, truth, ax.name, random));
      return;
    case 'scan':
      await readSnapshot(site, truth, ax, pickRestorable(site, truth, ax.name, random));
      return;
    case 'block-hash':
      await walbc.getBlockHash(ax, vol, pickRestorable(site, truth, ax.name, random), '16K');
      return;
    case 'apply': {
      const gid = pickRestorable(site, truth, ax.name, random);
      truth.release(ax.name, archiveView(site, ax.name, truth)?.archiveUuid ?? '', gid);
      await walbc.runCtl(ax, ['apply', vol, String(gid)]);
      return;
    }
    case 'merge': {
      const [gidB, gidE] = pickRange(site, truth, ax.name, random);
      await walbc.runCtl(ax, ['merge', vol, String(gidB), 'gid', String(gidE)]);
      return;
    }
    case 'disable-snapshot': {
      const gid = pickRestorable(site, truth, ax.name, random);
      truth.disabledAt(ax.name).add(gid);
      truth.promisesOf(ax.name).delete(gid);
      await walbc.disableSnapshot(ax, vol, [gid]);
      return;
    }
    case 'enable-snapshot':
      await walbc.enableSnapshot(ax, vol, [pickRestorable(site, truth, ax.name, random)]);
      return;
    case 'delete-restored':
    case 'delete-cold': {
      const isCold = operation.kind === 'delete-cold';
      const gids = await (isCold ? walbc.getCold(ax, vol) : walbc.getRestored(ax, vol));
      if (gids.length === 0) throw new NothingToDo();
      const gid = random.pick(gids);
      await (isCold ? walbc.delCold(ax, vol, gid) : walbc.delRestored(ax, vol, gid));
      return;
    }
    case 'replicate':
      await replicate(site, truth, group.server(operation.from), ax, operation.doResync);
      return;
    case 'synchronize':
      await synchronize(site, truth, group.server(operation.from), ax);
      return;
    case 'unsynchronize':
      truth.synchronized.delete(ax.name);
      await asOperator(site, PATIENCE_S, (own) => own.stopSynchronizing(ax, vol));
  }
}

function pickRestorable(site: ChaosSite, truth: VolumeTruth, archive: string, random: RandomStream): Gid {
  const gids = restorableGids(archiveView(site, archive, truth));
  if (gids === null || gids.length === 0) throw new NothingToDo();
  return random.pick(gids);
}

/** A range between two snapshots that an operator asked for. */
function pickRange(site: ChaosSite, truth: VolumeTruth, archive: string, random: RandomStream): [Gid, Gid] {
  const view = archiveView(site, archive, truth);
  const gids = restorableGids(view);
  if (view === null || gids === null || gids.length < 3) throw new NothingToDo();
  const isKept = explicitGids(view);
  const begin = random.below(gids.length - 2);
  let end = begin + 2;
  // An operator merges what lies between two snapshots that stay; sometimes he is mistaken.
  while (end < gids.length - 1 && !isKept.has(gids[end] as Gid) && random.chance(0.9)) end += 1;
  return [gids[begin] as Gid, gids[end] as Gid];
}

/**
 * Whether proxies send to an archive, also where the operator who asked for it heard nothing: a resync would take back
 * what it acknowledged.
 */
function mayBeSentTo(site: ChaosSite, truth: VolumeTruth, archive: string): boolean {
  if (truth.synchronized.has(archive)) return true;
  return site.group.layout.proxies.some((proxy) => proxyView(site, proxy, truth).has(archive));
}

async function replicate(
  site: ChaosSite,
  truth: VolumeTruth,
  source: ServerConnectionParam,
  destination: ServerConnectionParam,
  doResync: boolean,
): Promise<void> {
  if (doResync && mayBeSentTo(site, truth, destination.name)) throw new NothingToDo();
  const { name } = destination;
  // An image that another replication makes there before a resync begins is let go, too.
  const endExcuse = doResync ? truth.excuse(name) : null;
  try {
    await site.walbc.replicateOnceNbk(source, truth.name, destination, { doResync });
  } finally {
    if (endExcuse !== null) {
      truth.releaseAll(name, archiveView(site, name, truth)?.archiveUuid ?? '');
      endExcuse();
    }
  }
}

async function synchronize(
  site: ChaosSite,
  truth: VolumeTruth,
  source: ServerConnectionParam,
  destination: ServerConnectionParam,
): Promise<void> {
  const { walbc } = site;
  if (!truth.synchronized.has(source.name)) throw new NothingToDo();
  await asOperator(site, PATIENCE_S, (own) => own.replicate(source, truth.name, destination, true));
  if (await walbc.isSynchronizing(destination, truth.name)) truth.synchronized.add(destination.name);
}

/** Types `words` at a server; VOL in them stands for the volume's name. */
async function command(
  site: ChaosSite,
  truth: VolumeTruth,
  server: ServerConnectionParam,
  words: string,
): Promise<void> {
  const typed = words.split(' ').map((word) => (word === 'VOL' ? truth.name : word));
  if (server.kind === 'archive' && ['clear-vol', 'reset-vol'].includes(typed[0] ?? '')) {
    truth.releaseAll(server.name, archiveView(site, server.name, truth)?.archiveUuid ?? '');
    truth.synchronized.delete(server.name);
  }
  if (server.kind === 'proxy' && typed[0] === 'clear-vol') truth.synchronized.clear();
  await site.walbc.runCtl(server, typed);
}

async function stopStorage(site: ChaosSite, truth: VolumeTruth, walbc: Controller): Promise<void> {
  const sx = site.group.server(truth.storage);
  const state = await walbc.getState(sx, truth.name);
  if (state === 'Clear') await walbc.initStorage(sx, truth.name, truth.device.path);
  if (state === 'Target') await walbc.stop(sx, truth.name, 'force');
}

async function resize(site: ChaosSite, truth: VolumeTruth, growLb: number): Promise<void> {
  const { walbc, group, layout } = site;
  const sizeLb = truth.device.sizeLb() + growLb;
  await truth.device.growDataDevice(sizeLb);
  const sizeBytes = String(sizeLb * LOGICAL_BLOCK_BYTES);
  // Thick volumes grow by old data; thin ones by zeros.
  const zeroClear = layout.thin ? [] : ['zeroclear'];
  for (const ax of walbc.layout.archives) {
    if ((await walbc.getState(ax, truth.name)) === 'Clear') continue;
    if ((await walbc.getVolSizeLb(ax, truth.name)) < sizeLb) {
      await walbc.runCtl(ax, ['resize', truth.name, sizeBytes, ...zeroClear]);
    }
    await untilGrown(site, truth, ax, sizeLb);
  }
  await walbc.runCtl(group.server(truth.storage), ['resize', truth.name, sizeBytes]);
}

/** The answer to a resize with zeroclear says only that it was admitted: the storage grows when the archive has. */
async function untilGrown(
  { walbc, simulation }: ChaosSite,
  truth: VolumeTruth,
  ax: ServerConnectionParam,
  sizeLb: Lb,
): Promise<void> {
  while ((await walbc.getNumAction(ax, truth.name, 'Resize')) > 0) await simulation.sleep(US_PER_S / 5);
  if ((await walbc.getVolSizeLb(ax, truth.name)) < sizeLb) throw new NothingToDo();
}

async function stopForAWhile(
  site: ChaosSite,
  truth: VolumeTruth,
  server: ServerConnectionParam,
  operation: Extract<ChaosOperation, { readonly kind: 'stop' }>,
): Promise<void> {
  const { walbc, simulation } = site;
  const mode = server.kind === 'proxy' || operation.mode !== 'empty' ? operation.mode : 'graceful';
  const state = await walbc.getState(server, truth.name);
  const isActive =
    server.kind === 'proxy'
      ? PROXY_ACTIVE.includes(state)
      : ['Target', 'Archived', 'WdiffRecv'].includes(state);
  if (!isActive) throw new NothingToDo();
  await walbc.runCtl(server, ['stop', truth.name, mode]);
  const givenUpUs = simulation.nowUs + STOP_TIMEOUT_US;
  await simulation.sleep(operation.forUs);
  // The answer says only that the stop began: whoever does not look until it has ended never starts the volume again.
  let pauseUs = US_PER_S;
  while ((await walbc.getState(server, truth.name)) !== 'Stopped') {
    if (simulation.nowUs > givenUpUs) return;
    await simulation.sleep(pauseUs);
    pauseUs = Math.min(2 * pauseUs, MAX_LOOK_PAUSE_US);
  }
  await walbc.start(server, truth.name);
}
