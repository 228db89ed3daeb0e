/**
 * `npm run fuzz -- [--minutes M] [--seed N] [--list] [TARGET...]`: fuzzes each target for its share of the time, in turn.
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
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed))
  throw new Error('--minutes is a number above 0, --seed an integer');

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
  console.log(`${wanted.length} targets, ${minutes} minutes, --seed ${seed}`);
  const share = (minutes * MS_PER_MINUTE) / wanted.length;
  let findCount = 0;
  let runs = 0;
  for (const target of wanted) {
    const until = performance.now() + share;
    const result = await fuzz(target, seed, () => performance.now() >= until);
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
