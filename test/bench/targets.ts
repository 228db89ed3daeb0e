import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAX_STREAM_MIB, type TargetCase } from './target-case.ts';
import { TARGET_CASES } from './target-cases.ts';
import type { TargetMeasured } from './target-one.ts';

/** The measurements with targets: runs them, prints a line for each. */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Room for the largest case: inputs, a copy of them, and the result. */
const NEEDED_BYTES = 5 * 2 ** 30;

/** What one case gave. */
export interface TargetFigure {
  readonly name: string;
  readonly wanted: TargetCase['wanted'];
  readonly limit: number;
  readonly yardstick: string;
  /** Ratios of the pairs: median, least, greatest. */
  readonly ratio: number;
  readonly minRatio: number;
  readonly maxRatio: number;
  readonly isReached: boolean;
  /** Median rate of the work, MB/s. */
  readonly megabytesPerS: number;
  /** Of the program that does the work, null without one. */
  readonly peakMib: number | null;
  readonly isPeakReached: boolean;
}

/** Runs the wanted cases one after the other, and tells each. */
export function runTargets(
  isWanted: (name: string) => boolean,
  tell: (figure: TargetFigure, one: TargetCase) => void,
): void {
  for (const one of TARGET_CASES) {
    if (!isWanted(one.name)) continue;
    const folder = mkdtempSync(join(process.env.WALBOX_BENCH_FOLDER ?? tmpdir(), 'walbox-bench-'));
    try {
      const { bavail, bsize } = statfsSync(folder);
      if (bavail * bsize < NEEDED_BYTES) throw new Error(`${folder} must have ${NEEDED_BYTES} free bytes`);
      runOne(one.name, 'prepare', folder);
      const measured = JSON.parse(runOne(one.name, 'measure', folder)) as TargetMeasured;
      tell(figureOf(one, measured, peakOf(one, folder)), one);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function runOne(name: string, action: string, folder: string): string {
  const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const script = join(ROOT, 'test', 'bench', 'target-one.ts');
  const child = spawnSync(process.execPath, ['--expose-gc', tsx, script, name, action, folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`the case ${name} failed`);
  return child.stdout;
}

/** Largest resident memory in MiB of the program that does the work of a case. */
function peakOf(one: TargetCase, folder: string): number | null {
  if (one.program === null) return null;
  const path = join(folder, 'peak');
  const child = spawnSync(
    process.execPath,
    [
      '--import',
      join(ROOT, 'test', 'bench', 'report-peak.mjs'),
      join(ROOT, 'cli', 'bin', 'walbox.mjs'),
      ...one.program(folder),
    ],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, WALBOX_PEAK_FILE: path } },
  );
  if (child.status !== 0) throw new Error(`the program of ${one.name} failed: ${child.stderr}`);
  return Number(readFileSync(path, 'utf8'));
}

function figureOf(
  one: TargetCase,
  { yardstickMs, workMs }: TargetMeasured,
  peakMib: number | null,
): TargetFigure {
  // Of times the ratio is work to yardstick, of rates yardstick to work.
  const ratios = workMs.map((ms, i) =>
    one.wanted === 'at most' ? ms / yardstickMs[i] : yardstickMs[i] / ms,
  );
  const sorted = [...ratios].sort((a, b) => a - b);
  const ratio = sorted[Math.floor(sorted.length / 2)];
  const works = [...workMs].sort((a, b) => a - b);
  const medianMs = works[Math.floor(works.length / 2)];
  return {
    name: one.name,
    wanted: one.wanted,
    limit: one.limit,
    yardstick: one.yardstick,
    ratio,
    minRatio: sorted[0],
    maxRatio: sorted[sorted.length - 1],
    isReached: one.wanted === 'at most' ? ratio <= one.limit : ratio >= one.limit,
    megabytesPerS: one.sizeBytes / 1e6 / (medianMs / 1000),
    peakMib,
    isPeakReached: !one.isStream || peakMib === null || peakMib <= MAX_STREAM_MIB,
  };
}

/** The line of a figure, under TARGET_HEAD. */
export function targetLine(figure: TargetFigure): string {
  const { name, wanted, limit, ratio, minRatio, maxRatio, isReached, megabytesPerS, peakMib } = figure;
  return [
    name.padEnd(22),
    `${wanted === 'at most' ? '<=' : '>='} ${limit.toFixed(2)}`.padStart(9),
    ratio.toFixed(2).padStart(8),
    `${minRatio.toFixed(2)} .. ${maxRatio.toFixed(2)}`.padStart(16),
    (isReached ? 'yes' : 'NO').padStart(8),
    `${megabytesPerS < 10 ? megabytesPerS.toFixed(1) : Math.round(megabytesPerS)} MB/s`.padStart(12),
    peakMib === null ? ''.padStart(10) : `${Math.round(peakMib)} MiB`.padStart(10),
    figure.isPeakReached ? '' : ' too much memory',
  ].join(' ');
}

export const TARGET_HEAD = [
  'case'.padEnd(22),
  'target'.padStart(9),
  'ratio'.padStart(8),
  'min .. max'.padStart(16),
  'reached'.padStart(8),
  'rate'.padStart(12),
  'peak'.padStart(10),
].join(' ');
