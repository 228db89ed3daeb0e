import type { MetaDiff, MetaState } from '../../snapshot/meta.ts';
import type { GidInfo } from '../../snapshot/meta-text.ts';
import type { Gid, UnixTimeS } from '../../units.ts';
import type { Controller } from '../controller.ts';
import type { ServerConnectionParam } from '../server-layout.ts';

/** What a worker asks its archive, and the archives that it replicates to. */
export interface ArchiveView {
  /** Volumes where nothing runs, with the time at which each action began last. */
  idleVolumes(): Promise<ReadonlyMap<string, ReadonlyMap<string, UnixTimeS | null>>>;
  /** By volume. */
  bases(): Promise<ReadonlyMap<string, MetaState>>;
  /** All snapshots, the base first. */
  restorable(vol: string): Promise<readonly GidInfo[]>;
  /** Size of the diffs up to a gid. */
  diffBytes(vol: string, gidE: Gid): Promise<number>;
  diffCount(vol: string): Promise<number>;
  applicableDiffs(vol: string): Promise<readonly MetaDiff[]>;
  /** By volume: where its replicas are. */
  replicaGids(): Promise<ReadonlyMap<string, readonly Gid[]>>;
  /** By volume: its latest snapshot here. */
  latestGids(): Promise<ReadonlyMap<string, Gid>>;
  /** State of a volume at another archive. */
  stateAt(server: ServerConnectionParam, vol: string): Promise<string>;
  /** By volume: its latest snapshot at another archive. */
  latestGidsAt(server: ServerConnectionParam): Promise<ReadonlyMap<string, Gid>>;
}

/** Asks through a controller. */
export function archiveView(controller: Controller, archive: ServerConnectionParam): ArchiveView {
  return {
    idleVolumes: () => controller.getIdleVolumes(archive),
    bases: () => controller.getBaseAll(archive),
    restorable: (vol) => controller.getRestorable(archive, vol, 'all'),
    diffBytes: (vol, gidE) => controller.getTotalDiffSize(archive, vol, 0, gidE),
    diffCount: (vol) => controller.getNumDiff(archive, vol),
    applicableDiffs: (vol) => controller.getApplicableDiffList(archive, vol),
    replicaGids: async () => replicaGidsOf(await controller.getTsDelta(archive)),
    latestGids: () => controller.getLatestSnapshotInfo(archive),
    stateAt: (server, vol) => controller.getState(server, vol),
    latestGidsAt: (server) => controller.getLatestSnapshotInfo(server),
  };
}

/** Lines of `ts-delta` by volume; a replica of which nothing is known yet has an empty gid and counts for nothing. */
export function replicaGidsOf(lines: readonly ReadonlyMap<string, string>[]): Map<string, Gid[]> {
  const found = new Map<string, Gid[]>();
  for (const line of lines) {
    const vol = line.get('name') ?? '';
    const gid = line.get('dest_gid') ?? '';
    if (!/^[0-9]+$/.test(gid) || !Number.isSafeInteger(Number(gid))) continue;
    const gids = found.get(vol) ?? [];
    gids.push(Number(gid));
    found.set(vol, gids);
  }
  return found;
}
