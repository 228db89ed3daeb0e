import { StatCollector, type StatOptions } from '../core/engine/stat/collect.ts';
import { errorText } from '../core/errors.ts';
import { threadedCodecPool } from '../native/codec-pool.ts';
import { createOutputFile } from '../native/output-file.ts';
import { ProgressMeter } from './progress.ts';
import { heatMapSvg } from './stat/svg.ts';
import { fileLines, type NamedStat, resultJson, resultLines } from './stat/text.ts';
import { checkApart, inputError, inputName, withFile } from './tools/files.ts';

const STDIN = '/dev/stdin';

export interface StatCommandOptions extends StatOptions {
  readonly json: boolean;
  /** Where the heat map goes, or null. */
  readonly svg: string | null;
  /** How many of the hottest regions are shown. */
  readonly top: number;
}

/** `walbox stat`: exit status 0, or 1 when a file cannot be counted to its end. */
export async function stat(
  paths: readonly string[],
  options: StatCommandOptions,
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  const meter = new ProgressMeter(process.stderr, () => performance.now());
  const pool = await threadedCodecPool();
  try {
    if (options.svg !== null) await checkApart(paths, options.svg);
    const collector = new StatCollector(pool, options);
    const files: NamedStat[] = [];
    for (const path of paths) {
      try {
        // Standard input by its path: a redirected file can be read at any place, a pipe from the beginning on.
        const stat = await withFile(path === '-' ? STDIN : path, meter, (input) => collector.add(input));
        files.push({ path: inputName(path), stat });
      } catch (error) {
        throw inputError(error, path);
      }
    }
    const result = await collector.result(options.top);
    meter.clear();
    if (options.json) print(`${JSON.stringify(resultJson(files, result))}\n`);
    else print(`${[...files.flatMap(fileLines), ...resultLines(files, result)].join('\n')}\n`);
    const title = paths.length === 1 ? paths[0] : `${paths[0]} and ${paths.length - 1} more`;
    if (options.svg !== null) await writeText(options.svg, heatMapSvg(title, result));
    return files.some(({ stat: { complaint, damagedIos } }) => complaint !== null || damagedIos > 0) ? 1 : 0;
  } catch (error) {
    meter.clear();
    process.stderr.write(`walbox stat: ${errorText(error)}\n`);
    return 1;
  } finally {
    await pool.close();
  }
}

async function writeText(path: string, text: string): Promise<void> {
  const output = await createOutputFile(path);
  try {
    await output.write(new TextEncoder().encode(text));
  } catch (error) {
    await output.abandon();
    throw error;
  }
  await output.commit();
}
