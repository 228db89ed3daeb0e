import { FormatError } from '../errors.ts';
import { Reader } from '../format/serializer.ts';
import type { DirectoryEntry } from '../world/file-store.ts';
import { metadataForm } from './metadata.ts';
import { isLeftover, type TreeCheck, type TreeReport, verifyAs } from './tree.ts';

export type { TreeCheck } from './tree.ts';

const STEP = 'verify';
/** More of a metadata file is not read. */
const MAX_VALUE_BYTES = 65536;

/** What was found out about a volume as a whole. */
export type VolumeVerdict = Pick<TreeReport, 'kind' | 'counts'>;

/** The small files that a volume's directory has, as forms of metadata.ts. */
export interface VolumeForms {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

/** Verifies the small files of a volume's directory, and says which are missing or do not belong there. */
export async function verifyVolumeFiles(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
  forms: VolumeForms,
): Promise<void> {
  const names = new Set(entries.map((entry) => entry.name));
  for (const name of forms.needed) {
    if (names.has(name)) continue;
    tree.onFinding({
      severity: 'damage',
      file: `${directory}/${name}`,
      offset: null,
      part: '',
      problem: 'the file is missing',
      cost: 'the server does not serve the volume',
      remedy: 'bring the file back from a copy, else clear the volume and back it up anew',
    });
  }
  for (const entry of entries) {
    if (isLeftover(tree, directory, entry) || entry.kind !== 'file') continue;
    const form = metadataForm(entry.name);
    if (form !== null && [...forms.needed, ...forms.optional].includes(form)) {
      await verifyAs(tree, `${directory}/${entry.name}`, { kind: 'metadata', form });
    } else if (!entry.name.endsWith('.wdiff') && entry.name !== 'queue') {
      tree.onFinding({
        severity: 'notice',
        file: `${directory}/${entry.name}`,
        offset: null,
        part: '',
        problem: 'no server makes a file of this name here',
        cost: '',
        remedy: 'none: servers leave it alone',
      });
    }
  }
}

/** The value of a small file, or null when it is missing or damaged (which is reported elsewhere). */
export async function readValue<T>(
  tree: TreeCheck,
  path: string,
  read: (reader: Reader) => T,
): Promise<T | null> {
  if ((await tree.files.stat(path, STEP)) === null) return null;
  const handle = await tree.files.open(path, 'read', STEP);
  try {
    return read(new Reader(await handle.read(0, MAX_VALUE_BYTES, STEP)));
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  } finally {
    handle.close();
  }
}
