import type { CrashFault } from '../../../sim/fault-kinds.ts';
import { SimFileSystem } from '../../../sim/file-system.ts';
import { fileSystemParameters } from '../../../sim/file-system-state.ts';
import type { TraceLine } from '../../../sim/trace.ts';
import { Site } from './kit.ts';

/** Runs one operation again and again, with a crash of its server at every call of a port that it makes. */
export interface CrashScenario<T> {
  readonly host: string;
  readonly process: string;
  /** Steps whose calls are looked at. */
  readonly steps: RegExp;
  /** Hosts, peers, disks. `files` are the server's. */
  readonly build: (site: Site, files: SimFileSystem) => T;
  /** Until the crash is armed. */
  readonly prepare: (group: T) => Promise<void>;
  /** The operation; its errors are not looked at when a crash was armed. */
  readonly act: (group: T) => Promise<void>;
  /** True when the server answers. */
  readonly answers: (group: T) => Promise<boolean>;
  /** What must hold after the restart, whatever happened. */
  readonly verify: (group: T) => Promise<void>;
}

type Profile = 'ext4' | 'xfs' | 'posix';

interface CrashMode extends Pick<CrashFault, 'phase' | 'how'> {
  readonly profile: Profile;
}

const KILLS: readonly CrashMode[] = [
  { phase: 'before', how: 'kill', profile: 'ext4' },
  { phase: 'after', how: 'kill', profile: 'ext4' },
];

const PROFILES: readonly Profile[] = ['ext4', 'xfs', 'posix'];
const PHASES = ['before', 'torn', 'after'] as const;

/** Each profile once for each point; the phases take turns. */
function powerLosses(index: number): CrashMode[] {
  return PROFILES.map((profile, i) => ({
    ...{ profile, how: 'power-loss' as const },
    phase: PHASES[(index + i) % PHASES.length] as CrashMode['phase'],
  }));
}

/** All for the first call of a step; one kill and one power loss for the others. */
function modesOf(point: Point, index: number): CrashMode[] {
  const losses = powerLosses(index);
  if (point.nth === 1) return [...KILLS, ...losses];
  return [KILLS[index % 2] as CrashMode, losses[index % losses.length] as CrashMode];
}

interface Point {
  readonly step: string;
  readonly nth: number;
}

/** The first, the second and the last call of each step. */
async function findPoints<T>(scenario: CrashScenario<T>): Promise<Point[]> {
  const counts = new Map<string, number>();
  let isActing = false;
  const trace = (line: TraceLine) => {
    const isOurs = line.host === scenario.host && line.incarnation.startsWith(`${scenario.process}#`);
    if (!isActing || !isOurs || !scenario.steps.test(line.step)) return;
    if (line.kind.startsWith('log') || line.kind.startsWith('net.arrive')) return;
    counts.set(line.step, (counts.get(line.step) ?? 0) + 1);
  };
  const site = new Site({ trace });
  const group = scenario.build(site, newFiles(site, scenario.host, 'ext4'));
  await site.run(async () => {
    await scenario.prepare(group);
    isActing = true;
    await scenario.act(group);
    isActing = false;
    await scenario.verify(group);
  });
  const points: Point[] = [];
  for (const [step, count] of counts) {
    for (const nth of new Set([1, 2, count])) if (nth <= count) points.push({ step, nth });
  }
  return points;
}

function newFiles(site: Site, host: string, profile: Profile): SimFileSystem {
  return new SimFileSystem({
    name: `${host}/files`,
    random: site.simulation.random,
    parameters: fileSystemParameters(profile),
  });
}

/** Returns how many crashes struck, by how. */
export async function crashEverywhere<T>(
  scenario: CrashScenario<T>,
): Promise<{ points: number; kills: number; powerLosses: number }> {
  const points = await findPoints(scenario);
  const struck = { points: points.length, kills: 0, powerLosses: 0 };
  for (const [index, point] of points.entries()) {
    for (const mode of modesOf(point, index)) {
      if (!(await crashAt(scenario, point, mode))) continue;
      if (mode.how === 'kill') struck.kills += 1;
      else struck.powerLosses += 1;
    }
  }
  return struck;
}

async function crashAt<T>(
  scenario: CrashScenario<T>,
  { step, nth }: Point,
  { phase, how, profile }: CrashMode,
): Promise<boolean> {
  const site = new Site({ seed: nth * 7 + phase.length });
  const group = scenario.build(site, newFiles(site, scenario.host, profile));
  try {
    return await site.run(async () => {
      await scenario.prepare(group);
      const { faults } = site.simulation;
      const { host, process } = scenario;
      faults.arm({ kind: 'crash', host, process, step, call: null, nth, phase, how, downUs: 300_000 });
      try {
        await scenario.act(group);
      } catch {
        // The server died in the middle.
      }
      await site.sleep(1);
      const isStruck = faults.fired.size > 0;
      faults.disarm();
      await site.eventually(() => scenario.answers(group), 'the server must come back');
      await scenario.verify(group);
      return isStruck;
    });
  } catch (error) {
    const title = `${how} ${phase} call ${nth} of ${step} on ${profile}`;
    throw new Error(`${title}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
