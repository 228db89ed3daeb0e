import { expect, it } from 'vitest';
import type { ErrorFault } from '../../../../sim/fault-kinds.ts';
import type { TraceLine } from '../../../../sim/trace.ts';
import { type CallPoint, type CrashMode, crashModesOf, pointsOf } from '../crash-calls.ts';
import { CONTENTS } from './small-volume.ts';
import { type ArchiveSiteOptions, Site, type TestArchive } from './support.ts';

/** Runs one operation again and again, with a crash at every call of a port that it makes. */

export interface CrashScenario {
  readonly archive: ArchiveSiteOptions;
  /** What is there before the server starts. */
  readonly seed: (archive: TestArchive) => Promise<void>;
  /** After the start, before the crash is armed. */
  readonly prepare?: (archive: TestArchive) => Promise<void>;
  /** The operation; its errors are not looked at when a crash was armed. */
  readonly act: (archive: TestArchive) => Promise<void>;
  /** What must hold after the restart, whatever happened. */
  readonly verify: (archive: TestArchive) => Promise<void>;
  /** What must hold after the operation was done (again, if need be). */
  readonly finish: (archive: TestArchive) => Promise<void>;
  /** What must hold after another start; default: `finish` once more. */
  readonly recheck?: (archive: TestArchive) => Promise<void>;
}

/** Declares the tests of an operation: crashes at every call, and errors of every call unless `withErrors` is false. */
export function itSurvives(name: string, scenario: CrashScenario, withErrors = true): void {
  it(name, { timeout: 300_000 }, async () => {
    const { points, crashes } = await crashEverywhere(scenario);
    console.log(`${name}: ${points} points, ${crashes} crashes`);
    expect(crashes).toBeGreaterThan(points);
  });
  if (!withErrors) return;
  it(`${name}, with errors instead`, { timeout: 300_000 }, async () => {
    const failures = await failEverywhere(scenario);
    console.log(`${name}: ${failures} errors`);
    expect(failures).toBeGreaterThan(0);
  });
}

async function findPoints(scenario: CrashScenario): Promise<CallPoint[]> {
  const lines: TraceLine[] = [];
  let isActing = false;
  const trace = (line: TraceLine) => {
    if (isActing && line.host === archive.name && line.step.startsWith('archive.')) lines.push(line);
  };
  const site = new Site({ trace });
  const archive = site.addArchive(scenario.archive);
  await site.run(async () => {
    await scenario.seed(archive);
    await archive.start();
    await scenario.prepare?.(archive);
    isActing = true;
    await scenario.act(archive);
    isActing = false;
    await scenario.verify(archive);
    await scenario.finish(archive);
  });
  return pointsOf(lines);
}

async function crashEverywhere(scenario: CrashScenario): Promise<{ points: number; crashes: number }> {
  const points = await findPoints(scenario);
  expect(points.length).toBeGreaterThan(0);
  let crashes = 0;
  for (const [index, point] of points.entries()) {
    for (const mode of crashModesOf(point, index === 0)) crashes += await crashAt(scenario, point, mode);
  }
  return { points: points.length, crashes };
}

async function crashAt(
  scenario: CrashScenario,
  { step, call, nth }: CallPoint,
  mode: CrashMode,
): Promise<number> {
  const site = new Site({ seed: nth + mode.phase.length });
  const archive = site.addArchive(scenario.archive);
  const title = `${mode.how} ${mode.phase} ${call} ${nth} of ${step}`;
  try {
    return await site.run(async () => {
      await scenario.seed(archive);
      await archive.start();
      await scenario.prepare?.(archive);
      const { faults } = site.simulation;
      const { name: host } = archive;
      const where = { host, process: 'walb-archive', step, call, nth };
      faults.arm({ kind: 'crash', ...where, ...mode, downUs: 500_000 });
      try {
        await scenario.act(archive);
      } catch {
        // The server died in the middle.
      }
      await site.simulation.sleep(2_000_000);
      const fired = [...faults.fired.keys()].length;
      faults.disarm();
      await archive.eventually(() => archive.answers(), 'the server must come back');
      await verifyWhole(archive);
      await scenario.verify(archive);
      await scenario.finish(archive);
      await verifyWhole(archive);
      return fired > 0 ? 1 : 0;
    });
  } catch (error) {
    throw new Error(`${title}: ${error instanceof Error ? error.message : error}\n${site.logText()}`, {
      cause: error,
    });
  }
}

type Effect = ErrorFault['effect'];

/** What a call that fails may have done. Opens of block volumes do nothing: a handle that nobody got would stay open. */
function effectsOf({ isChange, isTorn }: CallPoint): Effect[] {
  if (!isChange) return ['none'];
  return isTorn ? ['none', 'part', 'whole'] : ['none', 'whole'];
}

/** The same with an error of the first call of each kind instead of a crash: the server goes on and must be whole. */
async function failEverywhere(scenario: CrashScenario): Promise<number> {
  let failures = 0;
  for (const point of await findPoints(scenario)) {
    if (point.nth > 1) continue;
    for (const effect of effectsOf(point)) failures += await failAt(scenario, point, effect);
  }
  return failures;
}

async function failAt(
  scenario: CrashScenario,
  { step, call, nth }: CallPoint,
  effect: Effect,
): Promise<number> {
  const site = new Site({ seed: nth });
  const archive = site.addArchive(scenario.archive);
  try {
    return await site.run(async () => {
      await scenario.seed(archive);
      await archive.start();
      await scenario.prepare?.(archive);
      const { faults } = site.simulation;
      const where = { host: archive.name, process: 'walb-archive', step, call, nth };
      faults.arm({ kind: 'error', ...where, times: 1, code: 'EIO', effect });
      try {
        await scenario.act(archive);
      } catch {
        // Told to the client, or cut.
      }
      await site.simulation.sleep(2_000_000);
      const fired = faults.fired.size;
      faults.disarm();
      await verifyIdle(archive);
      await scenario.verify(archive);
      await scenario.finish(archive);
      await verifyIdle(archive);
      verifyNothingUnfinished(archive);
      // What is in memory is what a start would find.
      archive.kill();
      await archive.start();
      await (scenario.recheck ?? scenario.finish)(archive);
      await verifyWhole(archive);
      return fired > 0 ? 1 : 0;
    });
  } catch (error) {
    const title = `EIO, effect ${effect}, ${call} ${nth} of ${step}`;
    throw new Error(`${title}: ${error instanceof Error ? error.message : error}\n${site.logText()}`, {
      cause: error,
    });
  }
}

/** Nothing runs and nothing is held: states are steady, actions have ended. */
async function verifyIdle(archive: TestArchive): Promise<void> {
  const [state] = await archive.get('state', 'vol0');
  expect(['Clear', 'SyncReady', 'Archived', 'Stopped']).toContain(state);
  if (state === 'Clear') return;
  const lines = (await archive.statusLines('vol0')).join('\n');
  expect(lines).toContain('action Merge 0 Apply 0 Restore 0 ReplSyncAsClient 0 Resize 0');
  expect(lines).toContain('stopState NotStopping');
  expect(lines).toContain('progressLb 0');
}

/** Holds after every start: no volume is damaged, nothing unfinished is left. */
async function verifyWhole(archive: TestArchive): Promise<void> {
  expect((await archive.statusLines()).filter((line) => /ERROR/.test(line))).toEqual([]);
  verifyNothingUnfinished(archive);
  expect(pathsLike(archive, /\/\.deleting-/)).toEqual([]);
  for (const name of archive.lvNames()) {
    const cold = /^wc_([^_]+)_(\d+)$/.exec(name);
    if (cold !== null) expect(archive.file(`${cold[2]}.cold`, cold[1]), `the time of ${name}`).not.toBe(null);
  }
}

function verifyNothingUnfinished(archive: TestArchive): void {
  expect(archive.lvNames().filter((name) => /_tmp$/.test(name))).toEqual([]);
  expect(pathsLike(archive, /\/tmp[0-9a-zA-Z]{6}$/)).toEqual([]);
}

const pathsLike = (archive: TestArchive, pattern: RegExp) =>
  [...archive.host.files.tree().keys()].filter((path) => pattern.test(path));

/** Every snapshot that is listed has its content. */
export async function verifyRestorable(archive: TestArchive, volId = 'vol0'): Promise<number[]> {
  const listed = (await archive.get('restorable', volId, 'all')).map((line) => Number(line.split(' ')[0]));
  const restored = (await archive.get('restored', volId)).map(Number);
  for (const gid of restored) verifyContent(archive, `wr_${volId}_${gid}`, gid);
  for (const gid of [listed[0], listed[listed.length - 1]]) {
    if (restored.includes(gid)) continue;
    await archive.action('Restore', 'restore', volId, String(gid));
    verifyContent(archive, `wr_${volId}_${gid}`, gid);
    expect(await archive.command('del-restored', volId, String(gid))).toBe('ok');
    restored.push(gid);
  }
  for (const name of archive.lvNames()) {
    const cold = /^wc_[^_]+_(\d+)$/.exec(name);
    if (cold !== null) verifyContent(archive, name, Number(cold[1]));
  }
  return listed;
}

export function verifyContent(archive: TestArchive, name: string, gid: number): void {
  const isSame = Buffer.compare(archive.image(name).subarray(0, CONTENTS[gid].length), CONTENTS[gid]) === 0;
  if (!isSame) throw new Error(`${name} must have the content of gid ${gid}`);
}
