import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES } from './cases.ts';
import type { Measured } from './one.ts';
import { TARGET_CASES } from './target-cases.ts';
import { runTargets, TARGET_HEAD, type TargetFigure, targetLine } from './targets.ts';

/**
 * `npm run bench [-- --json] [-- NAME...]`: medians of five runs with their spread, each case in a process of its
 * own, beside yardsticks of the same machine in the same minutes.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** One unit of one case. */
interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median divided by that of the yardstick, null without one. */
  readonly ofYardstick: number | null;
  readonly yardstick: string | null;
  readonly peakMib: number;
  readonly about: string;
}

function main(argv: readonly string[]): number {
  const isJson = argv.includes('--json');
  const names = argv.filter((word) => word !== '--json');
  const known = [...TARGET_CASES, ...CASES].map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no case ${unknown.join(', ')}; there is: ${known.join(', ')}`);
    return 1;
  }
  const isWanted = (name: string) => names.length === 0 || names.includes(name);
  const targets: TargetFigure[] = [];
  const abouts: string[] = [];
  if (!isJson && TARGET_CASES.some(({ name }) => isWanted(name))) console.log(TARGET_HEAD);
  runTargets(isWanted, (figure, { about, yardstick }) => {
    targets.push(figure);
    abouts.push(`${figure.name}: ${about}; compared with: ${yardstick}`);
    if (!isJson) console.log(targetLine(figure));
  });
  if (!isJson && targets.length > 0) {
    console.log(
      '\nratio: medians of five pairs of work and yardstick, by turns in one process; peak: largest resident memory of the program',
    );
    for (const about of abouts) console.log(about);
    console.log();
  }
  const yardsticks = new Set(CASES.filter(({ name }) => isWanted(name)).map(({ yardstick }) => yardstick));
  const figures: Figure[] = [];
  if (!isJson && CASES.some(({ name }) => isWanted(name)))
    printLine('case', 'median', 'min .. max', 'unit', 'of yardstick', 'peak');
  for (const one of CASES) {
    if (!isWanted(one.name) && !yardsticks.has(one.name)) continue;
    if (process.stderr.isTTY) process.stderr.write(`\r${one.name} ...\x1b[K`);
    const { figures: byUnit, peakMib } = measure(one.name);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    for (const [i, unit] of one.units.entries()) {
      const sorted = [...byUnit[i]].sort((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)];
      const base = i === 0 ? figures.find(({ name }) => name === one.yardstick) : undefined;
      const figure: Figure = {
        name: one.name,
        unit,
        median,
        min: sorted[0],
        max: sorted[sorted.length - 1],
        ofYardstick: base === undefined ? null : median / base.median,
        yardstick: base === undefined ? null : base.name,
        peakMib,
        about: one.about,
      };
      figures.push(figure);
      if (!isJson) printFigure(figure);
    }
  }
  if (isJson) {
    const { version, platform, arch } = process;
    console.log(JSON.stringify({ node: version, platform, arch, targets, figures }, null, 2));
  } else {
    console.log(
      '\npeak: largest resident memory in MiB of a process that runs this case alone; about 110 are the runtime and the loader of TypeScript',
    );
    for (const one of CASES)
      if (figures.some(({ name }) => name === one.name)) console.log(`${one.name}: ${one.about}`);
  }
  return 0;
}

function measure(name: string): Measured {
  const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const script = join(ROOT, 'test', 'bench', 'one.ts');
  const child = spawnSync(process.execPath, [tsx, script, name], { cwd: ROOT, encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${name} failed:\n${child.stderr}`);
  return JSON.parse(child.stdout);
}

function text(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

function printFigure({ name, median, min, max, unit, ofYardstick, yardstick, peakMib }: Figure): void {
  const compared = ofYardstick === null ? '' : `${ofYardstick.toFixed(2)} x ${yardstick}`;
  printLine(name, text(median), `${text(min)} .. ${text(max)}`, unit, compared, `${Math.round(peakMib)}`);
}

function printLine(
  name: string,
  median: string,
  spread: string,
  unit: string,
  compared: string,
  peak: string,
): void {
  const cells = [
    name.padEnd(22),
    median.padStart(11),
    spread.padStart(25),
    ` ${unit.padEnd(17)}`,
    compared.padEnd(18),
  ];
  console.log(`${cells.join(' ')} ${peak.padStart(5)}`);
}

process.exitCode = main(process.argv.slice(2));
