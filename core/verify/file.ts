import { viewOf } from '../format/binary.ts';
import { RESERVED_BYTES, SUPER_SECTOR_TYPE, WALB_LOG_VERSION } from '../format/super-sector.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES, type WdiffHeader } from '../format/wdiff-header.ts';
import { WLOG_HEADER_TYPE } from '../format/wlog.ts';
import type { FileCheck, FileKind, FileReport } from './finding.ts';
import { formatProblem } from './finding.ts';
import { verifyIndexedWdiff } from './indexed-wdiff.ts';
import { verifyLogDevice } from './log-device.ts';
import { metadataForm, verifyMetadata } from './metadata.ts';
import { verifyQueueFile } from './queue.ts';
import { verifySortedWdiff } from './sorted-wdiff.ts';
import { WDIFF_REMEDY } from './wdiff-counts.ts';
import { verifyWlog } from './wlog.ts';

/** Begins queue files. */
const QUEUE_PREAMBLE = 0x119d83a7;
/** Begin the values of `base` and `done`. */
const VALUE_MARKS: ReadonlyMap<number, string> = new Map([
  [0x0313, 'base'],
  [0x0314, 'done'],
]);

/** What a file seems to be: by its first bytes, its super sector, or its name. */
export type Guess =
  | { readonly kind: Exclude<FileKind, 'metadata'> }
  | { readonly kind: 'metadata'; readonly form: string };

/** Looks at the first bytes of a file (and at its super sector) and at its name (without folders). */
export async function guessKind({ file }: Pick<FileCheck, 'file'>, name: string): Promise<Guess> {
  const head = await file.read(0, Math.min(WDIFF_HEADER_BYTES, file.sizeBytes));
  const view = viewOf(head);
  const u16 = (at: number) => (head.length >= at + 2 ? view.getUint16(at, true) : -1);
  if (name === 'queue' || (head.length >= 4 && view.getUint32(0, true) === QUEUE_PREAMBLE))
    return { kind: 'queue file' };
  if (u16(0) === WLOG_HEADER_TYPE && u16(2) === WALB_LOG_VERSION) return { kind: 'wlog' };
  const form = metadataForm(name);
  if (form !== null) return { kind: 'metadata', form };
  if (await hasSuperSector(file)) return { kind: 'log device' };
  const wdiff = wdiffType(head, name);
  if (wdiff !== null) return { kind: wdiff };
  if (name.endsWith('.wlog')) return { kind: 'wlog' };
  const value = VALUE_MARKS.get(u16(0));
  return value === undefined ? { kind: 'unknown' } : { kind: 'metadata', form: value };
}

async function hasSuperSector(file: FileCheck['file']): Promise<boolean> {
  if (file.sizeBytes < RESERVED_BYTES + 4) return false;
  const view = viewOf(await file.read(RESERVED_BYTES, 4));
  return view.getUint16(0, true) === SUPER_SECTOR_TYPE && view.getUint16(2, true) === WALB_LOG_VERSION;
}

function wdiffType(head: Uint8Array, name: string): 'sorted wdiff' | 'indexed wdiff' | null {
  if (head.length === WDIFF_HEADER_BYTES) {
    try {
      return `${decodeWdiffHeader(head).type} wdiff`;
    } catch (error) {
      formatProblem(error);
    }
  }
  return name.endsWith('.wdiff') ? 'sorted wdiff' : null;
}

/** Verifies a file of a kind that is known or guessed. */
export async function verifyFile(check: FileCheck, guess: Guess): Promise<FileReport> {
  switch (guess.kind) {
    case 'wlog':
      return await verifyWlog(check);
    case 'sorted wdiff':
    case 'indexed wdiff':
      return await verifyWdiff(check, guess.kind);
    case 'log device':
      return await verifyLogDevice(check);
    case 'queue file':
      return await verifyQueueFile(check);
    case 'metadata':
      return await verifyMetadata(check, guess.form);
    case 'unknown':
      check.report({
        severity: 'damage',
        offset: null,
        part: '',
        problem: 'this is no wlog, wdiff, log device, queue or metadata file',
        cost: 'not known: damage in the first bytes looks the same',
        remedy: 'leave it out, if it is nothing of WalB',
      });
      return { kind: 'unknown', counts: {} };
  }
}

async function verifyWdiff(check: FileCheck, kind: 'sorted wdiff' | 'indexed wdiff'): Promise<FileReport> {
  const { file, report, onBytes } = check;
  const head = await file.read(0, Math.min(WDIFF_HEADER_BYTES, file.sizeBytes));
  onBytes(head.length);
  let header: WdiffHeader;
  try {
    header = decodeWdiffHeader(head);
  } catch (error) {
    report({
      severity: 'damage',
      part: 'file header',
      ...formatProblem(error),
      cost: 'the whole diff: readers refuse it',
      remedy: WDIFF_REMEDY,
    });
    return { kind, counts: {} };
  }
  return header.type === 'sorted'
    ? await verifySortedWdiff(check, header)
    : await verifyIndexedWdiff(check, header);
}
