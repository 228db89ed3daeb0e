import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, vi } from 'vitest';
import type { ChaosResult } from '../../../cli/chaos/job.ts';
import type { ChaosOptions } from '../../../cli/chaos.ts';
import type { ChaosFailure } from '../../../sim/chaos/failure.ts';
import type { ChaosHistory } from '../../../sim/chaos/run.ts';
import { smallHistory } from '../../sim/chaos/kit.ts';

/** What the tests of `walbox chaos` and `walbox replay` share. */

/** A folder for the tests of one file, which goes with them, and so do their spies. */
export function chaosFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'walbox-chaos-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => vi.restoreAllMocks());
  return folder;
}

/** Two seeds in one thread; failures are written below `folder`. */
export const chaosOptions = (folder: string): ChaosOptions => ({
  ...{ seed: 1, seeds: 2, minutes: null, jobs: 1, profile: 'quick', reporter: 'json' },
  ...{ bail: false, shrink: true, digests: false, crashPoints: false, errorPoints: false },
  failures: join(folder, 'failures'),
});

/** What a command prints and the code that it ends with. */
export async function captured(
  work: () => Promise<number>,
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
  const code = await work();
  vi.restoreAllMocks();
  return { code, out, err };
}

/**
 * A history that fails, without a mistake in the program: rot in an archive's image, which the formats do not
 * see (docs/chaos.md, "Properties").
 */
export const ROTTEN: ChaosHistory = smallHistory({
  operations: [
    { kind: 'full-backup', atUs: 2_000_000, key: 1, volume: 0 },
    { kind: 'write', atUs: 3_000_000, key: 2, volume: 0, count: 8, maxIoLb: 8, intervalUs: 10_000 },
    { kind: 'snapshot', atUs: 5_000_000, key: 3, volume: 0 },
    { kind: 'status', atUs: 6_000_000, key: 4, server: 's0' },
    { kind: 'scan', atUs: 9_000_000, key: 6, volume: 0, archive: 'a0' },
  ],
  faults: [
    {
      ...{ kind: 'medium-damage', damage: 'rot', atUs: 8_000_000, host: 'a0', medium: 'wb_v0' },
      ...{ addressLb: 0, sizeLb: 64 },
    },
  ],
});
export const ROT: ChaosFailure = { property: 'admissible', place: 'archive', message: 'x', atUs: 9_000_000 };

export const PASSED: ChaosResult = {
  ...{ seed: 1, operations: 1, writes: 1, crashes: 0, otherFaults: 0, judged: 1, eventCount: 1 },
  ...{
    virtualTimeUs: 1,
    realTimeS: 1,
    fired: [],
    struckSteps: [],
    struckCalls: [],
    transitions: [],
    steps: [],
    found: null,
    digest: null,
  },
};
