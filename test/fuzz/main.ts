/**
 * `npm run fuzz -- [--minutes M | --inputs N] [--seed N] [--list] [TARGET...]`: fuzzes each target in turn, for its share
 * of the time or with so many inputs; a seed and a number of inputs are the same inputs again.
 * A find is written to `fixtures/fuzz/TARGET/`, where a test looks at it from then on; exit status 1.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzz } from './campaign.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS } from './targets/index.ts';

const FINDS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'fixtures', 'fuzz');
const MS_PER_MINUTE = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes ?? 1);
const inputs = values.inputs === undefined ? null : Number(values.inputs);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed))
  throw new Error('--minutes is a number above 0, --seed an integer');
if (inputs !== null && (!(inputs > 0) || values.minutes !== undefined))
  throw new Error('--inputs is a number above 0, and stands in place of --minutes');

/** A name, or a beginning of names such as `protocol`. */
const isWanted = ({ name }: FuzzTarget) =>
  positionals.length === 0 || positionals.some((word) => name === word || name.startsWith(word));
const wanted = TARGETS.filter(isWanted);
for (const word of positionals) {
  if (!TARGETS.some(({ name }) => name.startsWith(word))) throw new Error(`no target ${word} (--list)`);
}

/** Where a find is kept: named by its content. */
function keep(target: FuzzTarget, input: Uint8Array): string {
  const folder = join(FINDS, target.name.replace(/[^a-zA-Z0-9-]/g, '_'));
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(path, input);
  return path;
}

if (values.list) {
  for (const { name } of TARGETS) console.log(name);
} else {
  const amount = inputs === null ? `${minutes} minutes` : `${inputs} inputs each`;
  console.log(`${wanted.length} targets, ${amount}, --seed ${seed}`);
  const share = (minutes * MS_PER_MINUTE) / wanted.length;
  let findCount = 0;
  let runs = 0;
  for (const target of wanted) {
    const until = performance.now() + share;
    const isOver = (done: number) => (inputs === null ? performance.now() >= until : done >= inputs);
    const result = await fuzz(target, seed, isOver);
    runs += result.runs;
    console.log(
      `${target.name.padEnd(44)} ${String(result.runs).padStart(8)} inputs ${String(result.seeds).padStart(5)} seeds ${String(result.covered).padStart(6)} covered${result.find === null ? '' : '  FOUND'}`,
    );
    if (result.find === null) continue;
    findCount++;
    console.log(`  ${result.find.fault.stack ?? result.find.fault.message}`);
    console.log(`  kept as ${keep(target, result.find.input)} (${result.find.input.length} bytes)`);
  }
  console.log(`${runs} inputs, ${findCount} found`);
  process.exitCode = findCount === 0 ? 0 : 1;
}
