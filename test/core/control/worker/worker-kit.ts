import {
  type ArchiveView,
  keyOf,
  loadConfig,
  type SelectionInput,
  type WorkerConfig,
} from '../../../../core/control/worker/index.ts';
import type { MetaDiff } from '../../../../core/snapshot/meta.ts';
import { makeDiff, makeSnap, makeState } from '../../../../core/snapshot/meta.ts';
import type { Log } from '../../../../core/world/index.ts';

/** A volume as a mocked archive has it. */
export interface MockVolume {
  /** Seconds since an action began last; left out: never. */
  readonly begun?: Readonly<Record<string, number>>;
  readonly base?: ReturnType<typeof makeState>;
  /** Times of its snapshots by gid, the base first. */
  readonly times?: readonly number[];
  readonly diffs?: readonly MetaDiff[];
  readonly replicas?: readonly number[];
  /** Questions about it fail. */
  readonly isBroken?: boolean;
}

export interface MockDestination {
  readonly states: Readonly<Record<string, string>>;
  readonly gids: Readonly<Record<string, number>>;
  readonly isDown?: boolean;
}

export const NOW_S = 1_000_000;

export const LEAST_DOCUMENT = {
  general: { addr: 'a0', port: 10_200 },
  apply: { keep_period: 1000, interval: 500 },
  merge: { interval: 300, max_nr: 2 },
};

/** A log that keeps its lines as `level message`. */
export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return {
    log: { error: at('error'), warning: at('warning'), info: at('info'), debug: at('debug') },
    lines,
  };
}

export function mockView(
  volumes: Readonly<Record<string, MockVolume>>,
  destinations: Readonly<Record<string, MockDestination>> = {},
): ArchiveView & { readonly asked: string[] } {
  const asked: string[] = [];
  const of = (what: string, vol: string): MockVolume => {
    asked.push(`${what} ${vol}`);
    const found = volumes[vol];
    if (found === undefined || found.isBroken === true) throw new Error(`${what}:${vol}:bad state`);
    return found;
  };
  const at = (what: string, name: string): MockDestination => {
    asked.push(`${what} ${name}`);
    const found = destinations[name];
    if (found === undefined || found.isDown === true) throw new Error(`${name} cannot be reached`);
    return found;
  };
  const all = <T>(pick: (volume: MockVolume) => T) =>
    new Map(Object.entries(volumes).map(([vol, volume]) => [vol, pick(volume)]));
  return {
    asked,
    idleVolumes: async () =>
      all(
        (volume) =>
          new Map(Object.entries(volume.begun ?? {}).map(([action, agoS]) => [action, NOW_S - agoS])),
      ),
    bases: async () => {
      asked.push('bases');
      return all((volume) => volume.base ?? makeState(makeSnap(0)));
    },
    restorable: async (vol) =>
      (of('restorable', vol).times ?? []).map((timestamp, gid) => ({ gid, timestamp, isExplicit: null })),
    diffBytes: async (vol, gidE) =>
      (of('size', vol).diffs ?? [])
        .filter((diff) => (diff.snapE.gidB ?? 0) <= gidE)
        .reduce((sum, diff) => sum + diff.dataSizeBytes, 0),
    diffCount: async (vol) => of('count', vol).diffs?.length ?? 0,
    applicableDiffs: async (vol) => of('diffs', vol).diffs ?? [],
    replicaGids: async () => {
      asked.push('replicas');
      return all((volume) => volume.replicas ?? []);
    },
    latestGids: async () => all((volume) => volume.diffs?.at(-1)?.snapE.gidB ?? 0),
    stateAt: async (server, vol) => at(`state ${vol} at`, server.name).states[vol] ?? 'Clear',
    latestGidsAt: async (server) => new Map(Object.entries(at('latest at', server.name).gids)),
  };
}

/** Diffs of one gid each from gid 0. */
export function diffChain(sizes: readonly number[]): MetaDiff[] {
  return sizes.map((dataSizeBytes, i) => makeDiff(i, i + 1, { isMergeable: true, dataSizeBytes }));
}

export function workerConfig(...documents: readonly unknown[]): WorkerConfig {
  return loadConfig([LEAST_DOCUMENT, ...documents]);
}

export async function selection(
  view: ArchiveView,
  given: Partial<SelectionInput> & { readonly replicatedAgoS?: Readonly<Record<string, number>> } = {},
): Promise<SelectionInput> {
  const { replicatedAgoS = {}, ...rest } = given;
  const nowUs = 1e12;
  return {
    config: workerConfig(),
    view,
    idle: await view.idleVolumes(),
    nowS: NOW_S,
    nowUs,
    onlyStep: null,
    canReplicate: true,
    replicatedAtUs: new Map(
      Object.entries(replicatedAgoS).map(([name, agoS]) => {
        const [vol = '', server = ''] = name.split('>');
        return [keyOf('repl', vol, server), nowUs - agoS * 1e6];
      }),
    ),
    isSetAside: () => false,
    log: keptLog().log,
    isVerbose: false,
    ...rest,
  };
}
