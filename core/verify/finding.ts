/**
 * What a verification finds. Each finding says what is wrong, where, what is lost by it, and what to do. See
 * docs/tools.md, "verify".
 */
import type { RandomReader } from '../engine/byte-stream.ts';
import { FormatError } from '../errors.ts';
import type { CodecPool } from '../world/codec.ts';

/** `damage`: something is lost or cannot be used. `notice`: odd, but nothing is lost. */
export type Severity = 'damage' | 'notice';

/** Something that is wrong or odd. */
export interface Finding {
  readonly severity: Severity;
  /** Path of the file or directory. */
  readonly file: string;
  /** Byte from the start of the file, null where the whole file is meant. */
  readonly offset: number | null;
  /** Which part of the file, for instance `pack at lsid 310, record 2`; empty where the whole file is meant. */
  readonly part: string;
  readonly problem: string;
  /** What is lost: blocks, lsids, gids. Empty for a notice. */
  readonly cost: string;
  readonly remedy: string;
}

/** What kind of thing a file is, by its content (and for a few small files without marks by its name). */
export type FileKind =
  | 'wlog'
  | 'sorted wdiff'
  | 'indexed wdiff'
  | 'log device'
  | 'queue file'
  | 'metadata'
  | 'unknown';

/** What was found out about one file. */
export interface FileReport {
  readonly kind: FileKind;
  /** What was counted, in the order to be shown, for instance `packs: 3`. */
  readonly counts: Readonly<Record<string, number | string>>;
}

/** A finding without its file. */
export type LocalFinding = Omit<Finding, 'file'>;

/** What the verification of one file uses. */
export interface FileCheck {
  readonly file: RandomReader;
  readonly codecs: CodecPool;
  readonly report: (finding: LocalFinding) => void;
  /** Called with the number of bytes that were newly gone through. */
  readonly onBytes: (count: number) => void;
}

/** The text of a FormatError; throws anything else on. */
export function formatProblem(error: unknown): { readonly problem: string; readonly offset: number } {
  if (!(error instanceof FormatError)) throw error;
  return { problem: error.message, offset: error.offset };
}

/** `blocks 40 to 43 (4)`. */
export function blocksText(addressLb: number, sizeLb: number): string {
  return sizeLb === 1 ? `block ${addressLb}` : `blocks ${addressLb} to ${addressLb + sizeLb - 1} (${sizeLb})`;
}
