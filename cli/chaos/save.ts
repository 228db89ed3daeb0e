import { existsSync, mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorText, FormatError } from '../../core/errors.ts';
import { savedToText } from '../../sim/chaos/saved.ts';
import { storyFileText } from '../../sim/chaos/story.ts';
import { packageVersion } from '../version.ts';
import type { ChaosResult } from './job.ts';
import type { SavedFailure } from './reporters.ts';

/**
 * Throws FormatError where nothing can be written to the folder of failures, or to the one that it will be made in: better
 * before hours of histories than at the first that fails.
 */
export function checkFailuresFolder(folder: string): void {
  let there = resolve(folder);
  while (!existsSync(there)) there = dirname(there);
  try {
    rmdirSync(mkdtempSync(join(there, '.walbox-')));
  } catch (error) {
    throw new FormatError(`Failures cannot be written to ${folder}: ${errorText(error)}`);
  }
}

/**
 * Writes a failure as a scenario file that runs by itself, and as a history that `walbox replay` reads. Where that is not
 * possible (a disk that is full by now), it is told on standard error and the other histories go on.
 */
export function saveFailure(
  folder: string,
  profile: string,
  { seed, found }: ChaosResult,
): Pick<SavedFailure, 'path' | 'historyPath'> {
  const name = `chaos-${profile}-${seed}`;
  const paths = { path: join(folder, `${name}.ts`), historyPath: join(folder, `${name}.json`) };
  if (found === null) return paths;
  const { failure, history } = found;
  const saved = { walbox: packageVersion(), profile, failure, history };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(paths.historyPath, savedToText(saved));
    writeFileSync(paths.path, storyFileText(saved, name));
  } catch (error) {
    process.stderr.write(`walbox: the failure of seed ${seed} cannot be written: ${errorText(error)}\n`);
  }
  return paths;
}
