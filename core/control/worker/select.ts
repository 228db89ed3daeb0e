import { errorText } from '../../errors.ts';
import { formatMetaDiff } from '../../snapshot/meta-text.ts';
import type { Gid, MonotonicUs, UnixTimeS } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import type { Log } from '../../world/index.ts';
import type { ServerConnectionParam } from '../server-layout.ts';
import { ARCHIVE_ACTIVE } from '../states.ts';
import type { ArchiveView } from './archive-view.ts';
import { chooseMergeRange, chooseReplicationGid, latestBefore } from './choose.ts';
import type { ReplicationServer, WorkerConfig } from './config.ts';
import { keyOf, type WorkerTask } from './task.ts';

/** Steps of the selection, in their order (docs/worker.md, "Choices"). */
export const SELECTION_STEPS = [1, 2, 3, 4, 5] as const;
export type SelectionStep = (typeof SELECTION_STEPS)[number];

export interface SelectionInput {
  readonly config: WorkerConfig;
  readonly view: ArchiveView;
  /** Volumes that may be worked on, with the time at which each action began last. */
  readonly idle: ReadonlyMap<string, ReadonlyMap<string, UnixTimeS | null>>;
  /** The archive's time, near enough. */
  readonly nowS: UnixTimeS;
  readonly nowUs: MonotonicUs;
  /** Only this step; null = all. */
  readonly onlyStep: SelectionStep | null;
  /** False while as many replications run as may. */
  readonly canReplicate: boolean;
  /** When this worker last began to replicate a volume to a server, by `keyOf('repl', vol, server)`. */
  readonly replicatedAtUs: ReadonlyMap<string, MonotonicUs>;
  /** Work that failed a moment ago, by `keyOf`. */
  readonly isSetAside: (key: string) => boolean;
  readonly log: Log;
  /** Also tell the candidates. */
  readonly isVerbose: boolean;
}

/**
 * The task that is the most urgent: the first step that has one wins. A volume or destination whose questions fail
 * is told in the log and left out.
 */
export async function selectTask(input: SelectionInput): Promise<WorkerTask | null> {
  const steps: readonly ((input: SelectionInput) => Promise<WorkerTask | null>)[] = [
    resumeApply,
    chooseApply,
    urgentMerge,
    chooseReplication,
    dueMerge,
  ];
  for (const step of SELECTION_STEPS) {
    if (input.onlyStep !== null && input.onlyStep !== step) continue;
    const task = await steps[step - 1]?.(input);
    if (task !== undefined && task !== null) return task;
  }
  return null;
}

/** Step 1: an apply that was interrupted is finished first. */
async function resumeApply(input: SelectionInput): Promise<WorkerTask | null> {
  const vols = volumes(input, 'apply');
  if (vols.length === 0) return null;
  const bases = await input.view.bases();
  for (const vol of vols) {
    const base = bases.get(vol);
    const gid = base?.isApplying === true ? base.snapE.gidB : null;
    if (gid !== null) return { kind: 'apply', vol, gid };
  }
  return null;
}

/** Step 2: of the volumes that have snapshots older than the keep period, the one with most to apply. */
async function chooseApply(input: SelectionInput): Promise<WorkerTask | null> {
  const { config, view, nowS } = input;
  const { intervalS, keepPeriodS } = config.apply;
  const due = volumes(input, 'apply').filter((vol) => isDue(input, vol, 'Apply', intervalS));
  const size = async (vol: string) => {
    const gid = latestBefore(await view.restorable(vol), nowS - keepPeriodS)?.gid ?? null;
    return gid === null ? null : { gid, bytes: await view.diffBytes(vol, gid) };
  };
  let best: { readonly vol: string; readonly gid: Gid; readonly bytes: number } | null = null;
  for await (const [vol, found] of answers(input, 'selectApplyTask2', due, size)) {
    if (found === null) continue;
    tell(input, `selectApplyTask2:candidate vol=${vol} gid=${found.gid} size=${found.bytes}`);
    if (best === null || found.bytes >= best.bytes) best = { vol, ...found };
  }
  return best === null ? null : { kind: 'apply', vol: best.vol, gid: best.gid };
}

/** Step 3: volumes with very many diffs. */
async function urgentMerge(input: SelectionInput): Promise<WorkerTask | null> {
  const { thresholdCount } = input.config.merge;
  if (!Number.isFinite(thresholdCount)) return null;
  return chooseMerge(input, 'selectMergeTask1', volumes(input, 'merge'), thresholdCount);
}

/** Step 5: volumes that were not merged for a while. */
async function dueMerge(input: SelectionInput): Promise<WorkerTask | null> {
  const { intervalS } = input.config.merge;
  const due = volumes(input, 'merge').filter((vol) => isDue(input, vol, 'Merge', intervalS));
  return chooseMerge(input, 'selectMergeTask2', due, 0);
}

/** The volume with most diffs that has a range to merge. */
async function chooseMerge(
  input: SelectionInput,
  what: string,
  vols: readonly string[],
  leastCount: number,
): Promise<WorkerTask | null> {
  const { view, config } = input;
  const candidates: { vol: string; count: number }[] = [];
  for await (const [vol, count] of answers(input, what, vols, view.diffCount)) {
    // Fewer than three diffs never make a run of two that is closed.
    if (count >= leastCount && count >= 3) candidates.push({ vol, count });
  }
  if (candidates.length === 0) return null;
  candidates.sort((a, b) => b.count - a.count);
  const replicas = await view.replicaGids();
  const counts = new Map(candidates.map(({ vol, count }) => [vol, count]));
  const inOrder = candidates.map(({ vol }) => vol);
  for await (const [vol, diffs] of answers(input, what, inOrder, view.applicableDiffs)) {
    tell(input, `${what}:candidate vol=${vol} num=${counts.get(vol)}`);
    for (const diff of diffs) tell(input, formatMetaDiff(`${what}:`, diff));
    const range = chooseMergeRange(diffs, config.merge, replicas.get(vol));
    if (range !== null) return { kind: 'merge', vol, ...range };
  }
  return null;
}

interface ReplicationCandidate {
  readonly vol: string;
  readonly server: ReplicationServer;
  readonly destinationGid: Gid;
  /** Null = never. */
  readonly lastUs: MonotonicUs | null;
}

/** Step 4: of the replicas that lag behind, the one that was brought up to date longest ago. */
async function chooseReplication(input: SelectionInput): Promise<WorkerTask | null> {
  const { config, view, canReplicate } = input;
  const servers = config.replication.servers.filter((server) => server.isEnabled);
  const vols = [...input.idle.keys()].filter((vol) => !config.replication.disabledVolumes.includes(vol));
  if (!canReplicate || servers.length === 0 || vols.length === 0) return null;
  const sourceGids = await view.latestGids();
  const candidates: ReplicationCandidate[] = [];
  // One destination that does not answer keeps no other from its turn.
  for (const server of servers) {
    try {
      candidates.push(...(await lagging(input, server, vols, sourceGids)));
    } catch (error) {
      input.log.warning(`selectReplTask:${server.name}:${errorText(error)}`);
    }
  }
  const inOrder = vols.flatMap((vol) => candidates.filter((candidate) => candidate.vol === vol));
  inOrder.sort((a, b) => order(a.lastUs) - order(b.lastUs));
  for (const { vol, server, destinationGid } of inOrder) {
    try {
      const { maxSendBytes } = server;
      const gid =
        maxSendBytes === 0
          ? null
          : chooseReplicationGid(await view.applicableDiffs(vol), destinationGid, maxSendBytes);
      return { kind: 'repl', vol, server, gid };
    } catch (error) {
      input.log.warning(`selectReplTask:${vol}:${errorText(error)}`);
    }
  }
  return null;
}

/** The volumes whose turn it is at one destination and that are behind there. */
async function lagging(
  input: SelectionInput,
  server: ReplicationServer,
  vols: readonly string[],
  sourceGids: ReadonlyMap<string, Gid>,
): Promise<ReplicationCandidate[]> {
  const { view, nowUs, replicatedAtUs, isSetAside } = input;
  const due = vols.filter((vol) => {
    const key = keyOf('repl', vol, server.name);
    const lastUs = replicatedAtUs.get(key);
    const isEarly = lastUs !== undefined && nowUs < lastUs + server.intervalS * US_PER_S;
    return !isEarly && !isSetAside(key);
  });
  if (due.length === 0) return [];
  const destination = destinationOf(server);
  const destinationGids = await view.latestGidsAt(destination);
  const candidates: ReplicationCandidate[] = [];
  for (const vol of due) {
    const sourceGid = sourceGids.get(vol);
    const destinationGid = destinationGids.get(vol);
    if (sourceGid === undefined || sourceGid === destinationGid) continue;
    if (!ARCHIVE_ACTIVE.includes(await view.stateAt(destination, vol))) continue;
    if (destinationGid === undefined) {
      input.log.warning(`selectReplTask:${server.name}:${vol}:the destination tells no snapshot`);
      continue;
    }
    tell(input, `selectReplTask:candidate vol=${vol} dst=${server.name} gid=${destinationGid}`);
    const lastUs = replicatedAtUs.get(keyOf('repl', vol, server.name)) ?? null;
    candidates.push({ vol, server, destinationGid, lastUs });
  }
  return candidates;
}

/** A destination as the controller knows servers. */
export function destinationOf(server: ReplicationServer): ServerConnectionParam {
  return { name: server.name, address: server.address, kind: 'archive' };
}

function order(lastUs: MonotonicUs | null): number {
  return lastUs ?? Number.NEGATIVE_INFINITY;
}

/** Volumes whose last work of a kind did not fail a moment ago. */
function volumes(input: SelectionInput, kind: WorkerTask['kind']): string[] {
  return [...input.idle.keys()].filter((vol) => !input.isSetAside(keyOf(kind, vol)));
}

/** Whether an action of a volume last began long enough ago, or never since the archive started. */
function isDue(input: SelectionInput, vol: string, action: string, intervalS: number): boolean {
  const lastBeginS = input.idle.get(vol)?.get(action) ?? null;
  return lastBeginS === null || input.nowS >= lastBeginS + intervalS;
}

function tell(input: SelectionInput, line: string): void {
  if (input.isVerbose) input.log.debug(line);
}

/** Asks about each volume in turn; those whose question fails are told in the log. */
async function* answers<T>(
  { log }: SelectionInput,
  what: string,
  vols: readonly string[],
  ask: (vol: string) => Promise<T>,
): AsyncGenerator<[string, T]> {
  for (const vol of vols) {
    let answer: T;
    try {
      answer = await ask(vol);
    } catch (error) {
      log.warning(`${what}:${vol}:${errorText(error)}`);
      continue;
    }
    yield [vol, answer];
  }
}
