import { errorText } from '../errors.ts';
import type { MetaDiff } from '../snapshot/meta.ts';
import { diffToText } from '../snapshot/meta.ts';
import { parseWdiffFileName, WDIFF_SUFFIX, wdiffFileName } from '../snapshot/wdiff-name.ts';
import type { DirectoryEntry } from '../world/file-store.ts';
import { type TreeCheck, verifyAs } from './tree.ts';

/** The wdiff files of a directory by what their names say. */
export interface DiffFiles {
  /** One for each pair of ends: of two files the later one counts. */
  readonly diffs: ReadonlyMap<string, MetaDiff>;
  /** The ends of those whose file is damaged. */
  readonly damaged: ReadonlySet<string>;
}

/** Verifies the wdiff files among the entries of a directory, their names as well. */
export async function verifyDiffFiles(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
): Promise<DiffFiles> {
  const diffs = new Map<string, MetaDiff>();
  const damaged = new Set<string>();
  for (const { name, kind } of entries) {
    if (kind !== 'file' || !name.endsWith(WDIFF_SUFFIX)) continue;
    const path = `${directory}/${name}`;
    const diff = diffOfName(tree, path, name);
    const isGood = await verifyAs(tree, path, { kind: 'sorted wdiff' });
    if (diff === null) continue;
    const ends = diffToText(diff);
    const twin = diffs.get(ends);
    if (twin !== undefined) {
      tree.onFinding({
        severity: 'notice',
        file: path,
        offset: null,
        part: '',
        problem: `two files are the diff ${ends}, this one and ${wdiffFileName(twin)}: the later one counts`,
        cost: '',
        remedy: 'none: a repeated transfer left them',
      });
      if (twin.timestamp > diff.timestamp) continue;
    }
    diffs.set(ends, diff);
    if (isGood) damaged.delete(ends);
    else damaged.add(ends);
  }
  return { diffs, damaged };
}

function diffOfName(tree: TreeCheck, path: string, name: string): MetaDiff | null {
  let problem: string;
  try {
    const diff = parseWdiffFileName(name);
    const canonical = wdiffFileName(diff);
    if (canonical === name) return diff;
    problem = `the name of this diff must be ${canonical}`;
  } catch (error) {
    problem = `the name must say what the diff is: ${errorText(error)}`;
  }
  tree.onFinding({
    severity: 'damage',
    file: path,
    offset: null,
    part: 'file name',
    problem,
    cost: 'the diff: servers do not use the file, and an archive does not serve the volume while it is there',
    remedy: 'give the file its name back (wdiff-name-gen), or move it away',
  });
  return null;
}
