import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodeOf, runOne } from '../../cli/run.ts';
import type { Group } from '../../core/control/group.ts';
import { inlineCodecPool, loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import { SNAPPY } from '../../core/engine/io-codec.ts';
import { MemorySink, memoryReader } from '../../core/engine/memory-stream.ts';
import { openWdiff } from '../../core/engine/open-wdiff.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { nextLsid } from '../../core/format/logpack.ts';
import { readSuperSector } from '../../core/server/storage/device-log.ts';
import { LogReader } from '../../core/server/storage/log-reader.ts';
import { parseWdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import type { StorageWorld } from '../../core/world/index.ts';
import { basicBackup, runBasicBackup } from '../../scenarios/basic-backup.ts';
import type { RestoredRow } from '../../scenarios/lib/basic-backup/report.ts';
import { fixtureImage, fixtureManifest } from '../../scenarios/lib/fixtures.ts';
import type { ScenarioInput, ScenarioOutcome } from '../../scenarios/lib/scenario.ts';
import { simulateScenario } from '../../scenarios/lib/simulate.ts';
import { BASE_DIRECTORY, type SimGroup, type SimGroupOptions } from '../../sim/group.ts';

interface Day {
  readonly outcome: ScenarioOutcome;
  readonly rows: readonly RestoredRow[];
  readonly images: ReadonlyMap<number, Uint8Array>;
  readonly story: string[];
}

async function liveDay(input: Partial<ScenarioInput> = {}): Promise<Day> {
  const story: string[] = [];
  const whole: ScenarioInput = { seed: 1, image: null, ...input };
  const images = new Map<number, Uint8Array>();
  const { result } = await simulateScenario(
    basicBackup,
    whole,
    (line) => story.push(line),
    (made, teller) => runBasicBackup(made, teller, whole, images),
  );
  return { ...result, images, story };
}

let day: Day;

beforeAll(async () => {
  day = await liveDay();
});

describe('the basic backup day', () => {
  it('restores every snapshot admissibly', () => {
    expect(day.outcome).toMatchObject({ passed: true });
    expect(day.rows.length).toBeGreaterThanOrEqual(10);
    expect(day.rows.every((row) => row.isAdmissible)).toBe(true);
    for (const row of day.rows) {
      // Gids begin again after the second full backup; the images are kept by gid, the first one wins.
      const image = day.images.get(row.gid);
      expect(row.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(image?.length).toBeGreaterThan(0);
    }
  });

  it('tells the same story for the same seed', async () => {
    expect((await liveDay()).story).toEqual(day.story);
  });

  it('begins with the image that is given, and is another one for another seed', async () => {
    const image = new Uint8Array(1 << 20).map((_, i) => (i * 7) >> 3);
    const own = await liveDay({ image, seed: 2 });
    // Lines that tell neither times nor sizes would be the same with the same seed.
    expect(own.story.slice(0, 40)).not.toEqual(day.story.slice(0, 40));
    expect(own.outcome.passed).toBe(true);
    const restored = own.images.get(own.rows[0]?.gid ?? 0) ?? new Uint8Array(0);
    expect(Buffer.compare(restored.subarray(0, image.length), image)).toBe(0);
  });
});

describe('the restored file systems', () => {
  const hasTools = ['e2fsck', 'debugfs'].every((tool) => spawnSync(tool, ['-V']).error === undefined);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'walbox-ext4-'));
    if (!hasTools) console.log('e2fsprogs absent: restored file systems are not checked');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf(hasTools)('pass e2fsck, and their files are those of a generation', async () => {
    const generations = [1, 2] as const;
    const shas = generations.map((generation) => sha256(fixtureImage(generation)));
    const sizeBytes = fixtureImage(1).length;
    const restored = [...day.images.values()].map((image) => image.subarray(0, sizeBytes));
    let checked = 0;
    for (const generation of generations) {
      // The snapshot that was taken while the file system changed is of neither generation.
      const same = restored.filter((image) => sha256(image) === shas[generation - 1]);
      checked += same.length;
      // What has the same bytes is the same to the tools.
      const path = join(folder, `generation-${generation}.img`);
      writeFileSync(path, same[0] as Uint8Array);
      execFileSync('e2fsck', ['-fn', path], { stdio: 'pipe' });
      expect(filesOf(path, join(folder, `files-${generation}`))).toEqual(fixtureManifest(generation));
    }
    expect(checked).toBeGreaterThanOrEqual(day.images.size - 1);
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** All files of an ext4 image with their SHA-256, read by debugfs. */
function filesOf(imagePath: string, folder: string): Map<string, string> {
  execFileSync('mkdir', [folder]);
  execFileSync('debugfs', ['-R', `rdump / ${folder}`, imagePath], { stdio: 'pipe' });
  const paths = execFileSync('find', ['.', '-type', 'f'], { cwd: folder, encoding: 'utf8' })
    .trim()
    .split('\n')
    .sort();
  return new Map(paths.map((path) => [path.slice(1), sha256(readFileSync(join(folder, path)))]));
}

describe('spoiled data are noticed: the table says no, and the exit code is 1', () => {
  async function spoiledDay(at: NonNullable<ScenarioInput['at']>, group: Partial<SimGroupOptions> = {}) {
    const story: string[] = [];
    const report = await runOne(basicBackup, { seed: 1, image: null, at }, (line) => story.push(line), {
      group,
    });
    expect(exitCodeOf([report])).toBe(1);
    const table = story.slice(story.indexOf('== Restored snapshots =='));
    expect(table.filter((line) => line.endsWith('  no')).length).toBeGreaterThan(0);
  }

  it('one sector of a base image that was corrupted before a restore', async () => {
    await spoiledDay(async (point, group) => {
      if (point !== 'snapshots') return;
      const base = simGroup(group).host('a0').medium('wb_vol0');
      // A block of the file system that is in use and does not change any more.
      const spoiled = base.peek(40, 1).slice();
      spoiled[17] = (spoiled[17] ?? 0) ^ 0x10;
      base.poke(40, spoiled);
    });
  });

  it('one record that is dropped from a wdiff', async () => {
    let dropped = 0;
    await spoiledDay(async (point, group) => {
      if (point === 'snapshots') dropped = await dropOneRecord(simGroup(group));
    });
    expect(dropped).toBe(1);
  });

  it('a snapshot that is one logpack early', async () => {
    let isShifting = false;
    let shifted = 0;
    const countShift = () => {
      if (isShifting) shifted += 1;
      return isShifting;
    };
    await spoiledDay(
      async (point) => {
        isShifting = point === 'before-second-snapshot';
      },
      { wrapStorageWorld: (world) => shiftSnapshots(world, countShift) },
    );
    expect(shifted).toBeGreaterThan(0);
  });
});

function simGroup(group: Group): SimGroup {
  return group as SimGroup;
}

/** Takes the largest record of data out of the newest wdiff at a0 that has any; returns how many were taken out. */
async function dropOneRecord(group: SimGroup): Promise<number> {
  const { files } = group.host('a0');
  const pool = inlineCodecPool(await loadPortableCodecs());
  const folder = `${BASE_DIRECTORY}/vol0/`;
  const names = [...files.tree().keys()]
    .filter((path) => path.startsWith(folder) && path.endsWith('.wdiff'))
    .map((path) => ({ path, endGid: parseWdiffFileName(path.slice(folder.length)).snapE.gidB ?? 0 }))
    .sort((a, b) => b.endGid - a.endGid);
  for (const { path } of names) {
    const input = await openWdiff(memoryReader(files.peek(path) ?? new Uint8Array(0)), pool);
    const ios: PlainIo[] = [];
    for (let io = await input.next(); io !== null; io = await input.next()) ios.push(io);
    const largest = ios.filter((io) => io.kind === 'normal').sort((a, b) => b.sizeLb - a.sizeLb)[0];
    if (largest === undefined) continue;
    const sink = new MemorySink();
    const writer = await SortedWdiffWriter.open(sink, input.uuid, { compression: SNAPPY, pool });
    for (const io of ios) if (io !== largest) await writer.add(io);
    await writer.close();
    files.seed(path, sink.bytes.slice());
    return 1;
  }
  return 0;
}

/** A world whose device reports, to the task that takes snapshots, an lsid that is one logpack early. */
function shiftSnapshots(world: StorageWorld, isNow: () => boolean): StorageWorld {
  const wrap = (inner: StorageWorld, isSnapshotTask: boolean): StorageWorld => ({
    hostName: inner.hostName,
    pid: inner.pid,
    clock: inner.clock,
    random: inner.random,
    log: inner.log,
    get network() {
      return inner.network;
    },
    get files() {
      return inner.files;
    },
    codecs: inner.codecs,
    get devices() {
      const { devices } = inner;
      if (!isSnapshotTask) return devices;
      return {
        ...devices,
        lsids: async (path: string, step: string) => {
          const lsids = await devices.lsids(path, step);
          if (!isNow()) return lsids;
          return { ...lsids, latest: await packBefore(inner, path, lsids.latest, lsids.oldest) };
        },
      };
    },
    labelled: (labels) =>
      wrap(
        inner.labelled(labels),
        labels.task === 'snapshot' || (isSnapshotTask && labels.task === undefined),
      ),
  });
  return wrap(world, false);
}

/** The lsid of the last logpack that lies before `latest`. */
async function packBefore(
  world: StorageWorld,
  path: string,
  latest: number,
  oldest: number,
): Promise<number> {
  const log = await world.devices.openLog(path, 'test');
  try {
    const reader = new LogReader(log, await readSuperSector(log), oldest, latest, 'test');
    let lsid = oldest;
    for (;;) {
      const next = nextLsid((await reader.readHeader(lsid)).header);
      if (next >= latest) return lsid;
      lsid = next;
    }
  } finally {
    log.close();
  }
}
