/** What is counted of a wdiff. */
export interface WdiffCounts extends Record<string, number> {
  normal: number;
  zero: number;
  discard: number;
  blocks: number;
  storedBytes: number;
}

export function newWdiffCounts(): WdiffCounts {
  return { normal: 0, zero: 0, discard: 0, blocks: 0, storedBytes: 0 };
}

export const WDIFF_REMEDY =
  'take the file from a server that has it still; else remove it, and replicate or back up the volume anew';
