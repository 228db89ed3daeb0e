import { SimFileSystem } from '../../../sim/file-system.ts';
import { fileSystemParameters } from '../../../sim/file-system-state.ts';
import type { TraceLine } from '../../../sim/trace.ts';
import { type CallPoint, type CrashMode, crashModesOf, pointsOf } from './crash-calls.ts';
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

const PROFILES: readonly Profile[] = ['ext4', 'xfs', 'posix'];

async function findPoints<T>(scenario: CrashScenario<T>): Promise<CallPoint[]> {
  const lines: TraceLine[] = [];
  let isActing = false;
  const trace = (line: TraceLine) => {
    const isOurs = line.host === scenario.host && line.incarnation.startsWith(`${scenario.process}#`);
    if (isActing && isOurs && scenario.steps.test(line.step)) lines.push(line);
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
  return pointsOf(lines);
}

function newFiles(site: Site, host: string, profile: Profile): SimFileSystem {
  return new SimFileSystem({
    name: `${host}/files`,
    random: site.simulation.random,
    parameters: fileSystemParameters(profile),
  });
}

/** Returns how many crashes struck, by how. The profiles of file systems take turns. */
export async function crashEverywhere<T>(
  scenario: CrashScenario<T>,
): Promise<{ points: number; kills: number; powerLosses: number }> {
  const points = await findPoints(scenario);
  const struck = { points: points.length, kills: 0, powerLosses: 0 };
  let turn = 0;
  for (const [index, point] of points.entries()) {
    for (const mode of crashModesOf(point, index === 0)) {
      const profile = mode.how === 'kill' ? 'ext4' : PROFILES[turn++ % PROFILES.length];
      if (!(await crashAt(scenario, point, mode, profile))) continue;
      if (mode.how === 'kill') struck.kills += 1;
      else struck.powerLosses += 1;
    }
  }
  return struck;
}

async function crashAt<T>(
  scenario: CrashScenario<T>,
  { step, call, nth }: CallPoint,
  { phase, how }: CrashMode,
  profile: Profile,
): Promise<boolean> {
  const site = new Site({ seed: nth * 7 + phase.length });
  const group = scenario.build(site, newFiles(site, scenario.host, profile));
  try {
    return await site.run(async () => {
      await scenario.prepare(group);
      const { faults } = site.simulation;
      const { host, process } = scenario;
      faults.arm({ kind: 'crash', host, process, step, call, nth, phase, how, downUs: 300_000 });
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
    const title = `${how} ${phase} ${call} ${nth} of ${step} on ${profile}`;
    throw new Error(`${title}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
