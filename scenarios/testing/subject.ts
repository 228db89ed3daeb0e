import type { Controller } from '../../core/control/controller.ts';
import type { Group } from '../../core/control/group.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText } from '../../core/errors.ts';
import type { Gid } from '../../core/units.ts';
import { readSnapshot } from '../../sim/chaos/images.ts';
import type { ChaosSite } from '../../sim/chaos/site.ts';
import { Site, VOL } from '../lib/site.ts';

/** What matchers can look at: a site of a story, a site of a history, or a bare group. */
export type Subject = Site | ChaosSite | Group;

/** The same questions for all subjects. */
export interface Examined {
  readonly group: Group;
  readonly walbc: Controller;
  /** Volumes, the one that is meant unless something else is said first. */
  readonly volumes: readonly string[];
  /** Takes a snapshot without waiting; the ledger, where there is one, hears of it. */
  take(sx: ServerConnectionParam, volume: string): Promise<Gid>;
  /** Reads a snapshot as a whole and lets the ledger judge it: null when it is right, else what is wrong. */
  judge(ax: ServerConnectionParam, volume: string, gid: Gid): Promise<string | null>;
}

/** Throws TypeError for what no matcher can look at. */
export async function examine(subject: unknown): Promise<Examined> {
  if (subject instanceof Site) return examineSite(subject);
  if (isChaosSite(subject)) return examineChaosSite(subject);
  if (isGroup(subject)) return examineGroup(subject);
  throw new TypeError('A site or group of a simulation is expected: what `simulate` hands to its story.');
}

function isChaosSite(subject: unknown): subject is ChaosSite {
  return hasAll(subject, ['simulation', 'group', 'walbc', 'volumes', 'isCalm']);
}

function isGroup(subject: unknown): subject is Group {
  return hasAll(subject, ['controller', 'capabilities', 'devices', 'readVolume']);
}

function hasAll(value: unknown, names: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && names.every((name) => name in value);
}

async function examineSite(site: Site): Promise<Examined> {
  const { group, walbc } = site;
  return {
    group,
    walbc,
    volumes: await volumesOf(walbc),
    take: (sx, volume) => site.snapshotNbk(sx, volume),
    judge: (ax, volume, gid) =>
      complaint(async () => {
        const image = await site.image(ax, gid, volume);
        const { admissible, reason, badBlocksLb } = site.verdict(gid, image, volume);
        if (!admissible) return `its image is not admissible: ${reason} (blocks ${badBlocksLb.join(', ')})`;
        return null;
      }),
  };
}

function examineChaosSite(site: ChaosSite): Examined {
  const truthOf = (volume: string) => {
    const truth = site.volumes.find(({ name }) => name === volume);
    if (truth === undefined) throw new TypeError(`There is no volume ${volume}.`);
    return truth;
  };
  return {
    group: site.group,
    walbc: site.walbc,
    volumes: site.volumes.map(({ name }) => name),
    take: (sx, volume) => site.walbc.snapshotNbk(sx, volume),
    judge: (ax, volume, gid) =>
      complaint(async () => {
        await readSnapshot(site, truthOf(volume), ax, gid);
        return null;
      }),
  };
}

async function examineGroup(group: Group): Promise<Examined> {
  const { controller: walbc } = group;
  return {
    group,
    walbc,
    volumes: await volumesOf(walbc),
    take: (sx, volume) => walbc.snapshotNbk(sx, volume),
    judge: (ax, volume, gid) =>
      complaint(async () => {
        await walbc.restore(ax, volume, gid);
        await group.readVolume(ax.name, await walbc.getRestoredPath(ax, volume, gid));
        await walbc.delRestored(ax, volume, gid);
        return null;
      }),
  };
}

/** What a judgement throws is its complaint. */
async function complaint(judge: () => Promise<string | null>): Promise<string | null> {
  try {
    return await judge();
  } catch (error) {
    return errorText(error);
  }
}

/** Volumes of the storages that answer; the usual one when there is none. */
async function volumesOf(walbc: Controller): Promise<string[]> {
  const volumes = new Set<string>();
  for (const sx of walbc.layout.storages) {
    for (const name of await walbc.getVolList(sx).catch(() => [])) volumes.add(name);
  }
  return volumes.size === 0 ? [VOL] : [...volumes].sort();
}
