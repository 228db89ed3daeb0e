import type { RandomReader } from '../engine/byte-stream.ts';
import { FormatError } from '../errors.ts';
import { isTemporaryName } from '../server/shared/persist.ts';
import type { CodecPool } from '../world/codec.ts';
import type { DirectoryEntry, FileStore } from '../world/file-store.ts';
import { type Guess, guessKind, verifyFile } from './file.ts';
import type { FileReport, Finding, LocalFinding } from './finding.ts';

const STEP = 'verify';

/** What the verification of files and directories uses. */
export interface TreeCheck {
  readonly files: FileStore;
  readonly codecs: CodecPool;
  readonly onFinding: (finding: Finding) => void;
  /** A file, or a volume's directory behind its files, that was gone through. */
  readonly onReport: (path: string, report: TreeReport) => void;
  /** Bytes that were newly gone through; throws to give up. */
  readonly onBytes: (count: number) => void;
}

/** What was found out about a file or a volume. */
export interface TreeReport {
  readonly kind: FileReport['kind'] | 'storage volume' | 'proxy volume' | 'archive volume';
  readonly counts: FileReport['counts'];
  readonly sizeBytes: number;
  readonly damageCount: number;
  readonly noticeCount: number;
}

/** Counts findings on their way. */
export class Tally {
  damages = 0;
  notices = 0;

  add(finding: LocalFinding): void {
    if (finding.severity === 'damage') this.damages++;
    else this.notices++;
  }
}

/** Verifies one file; `guess` when its place says what it must be. Gives its report and whether it is damaged. */
export async function verifyTreeFile<R extends FileReport>(
  tree: TreeCheck,
  path: string,
  verify: (check: Parameters<typeof verifyFile>[0]) => Promise<R>,
): Promise<{ readonly report: R; readonly isDamaged: boolean }> {
  const handle = await tree.files.open(path, 'read', STEP);
  try {
    const sizeBytes = await handle.sizeBytes(STEP);
    const { report, tally } = await verifyReader(
      tree,
      path,
      exactReader(sizeBytes, (offset, size) => handle.read(offset, size, STEP)),
      verify,
    );
    return { report, isDamaged: tally.damages > 0 };
  } finally {
    handle.close();
  }
}

/** Verifies what a reader gives. */
export async function verifyReader<R extends FileReport>(
  tree: TreeCheck,
  path: string,
  file: RandomReader,
  verify: (check: Parameters<typeof verifyFile>[0]) => Promise<R>,
): Promise<{ readonly report: R; readonly tally: Tally }> {
  const tally = new Tally();
  const report = await verify({
    file,
    codecs: tree.codecs,
    onBytes: tree.onBytes,
    report(finding) {
      tally.add(finding);
      tree.onFinding({ file: path, ...finding });
    },
  });
  tree.onReport(path, {
    kind: report.kind,
    counts: report.counts,
    sizeBytes: file.sizeBytes,
    damageCount: tally.damages,
    noticeCount: tally.notices,
  });
  return { report, tally };
}

/** A reader whose short reads are FormatErrors. */
export function exactReader(
  sizeBytes: number,
  read: (offset: number, sizeBytes: number) => Promise<Uint8Array>,
): RandomReader {
  return {
    sizeBytes,
    async read(offset, size) {
      const bytes = await read(offset, size);
      if (bytes.length < size) throw new FormatError(`eof error: ${size} bytes expected`, offset);
      return bytes;
    },
  };
}

/** Verifies a file as what its bytes and its name say that it is. */
export async function verifyAnyFile(tree: TreeCheck, path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  await verifyTreeFile(tree, path, async (check) => verifyFile(check, await guessKind(check, name)));
}

/** Verifies a file as what its place says that it is; false when it is damaged. */
export async function verifyAs(tree: TreeCheck, path: string, guess: Guess): Promise<boolean> {
  return !(await verifyTreeFile(tree, path, (check) => verifyFile(check, guess))).isDamaged;
}

/** The entries of a directory, by name. */
export async function entriesOf(tree: TreeCheck, path: string): Promise<DirectoryEntry[]> {
  const entries = await tree.files.list(path, STEP);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Says so, and gives true, for what a crash left and the next start removes. */
export function isLeftover(tree: TreeCheck, directory: string, { name, kind }: DirectoryEntry): boolean {
  const isUnfinishedFile = kind === 'file' && isTemporaryName(name);
  const isUnfinishedFolder = kind === 'directory' && /^\.(?:deleting|making)-/.test(name);
  if (!isUnfinishedFile && !isUnfinishedFolder) return false;
  tree.onFinding({
    severity: 'notice',
    file: `${directory}/${name}`,
    offset: null,
    part: '',
    problem: `an unfinished ${isUnfinishedFile ? 'file' : 'directory'} of a server that crashed, or is at work now`,
    cost: '',
    remedy: 'none: the server removes it when it starts',
  });
  return true;
}
