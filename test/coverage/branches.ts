/** Reading of the coverage report (the format of Istanbul, by file). */

interface Place {
  readonly start: { readonly line?: number; readonly column?: number };
}

/** What of Istanbul's report is read here. */
export interface FileReport {
  readonly branchMap: Readonly<Record<string, { readonly loc: Place; readonly locations: readonly Place[] }>>;
  /** How often each way of each branch was gone. */
  readonly b: Readonly<Record<string, readonly number[]>>;
}

export type CoverageReport = Readonly<Record<string, FileReport>>;

export interface BranchCount {
  readonly covered: number;
  readonly total: number;
}

export const NO_BRANCHES: BranchCount = { covered: 0, total: 0 };

export function addCounts(a: BranchCount, b: BranchCount): BranchCount {
  return { covered: a.covered + b.covered, total: a.total + b.total };
}

/** Percent of the branches that were gone; 100 where there are none. */
export function percent({ covered, total }: BranchCount): number {
  return total === 0 ? 100 : (covered / total) * 100;
}

export function countBranches(file: FileReport): BranchCount {
  let count = NO_BRANCHES;
  for (const ways of Object.values(file.b)) {
    count = addCounts(count, { covered: ways.filter((times) => times > 0).length, total: ways.length });
  }
  return count;
}

/** Lines of ways that were never gone, ascending; a line with two of them stands twice. */
export function uncoveredLines(file: FileReport): number[] {
  const lines: number[] = [];
  for (const [id, ways] of Object.entries(file.b)) {
    const branch = file.branchMap[id];
    ways.forEach((times, i) => {
      if (times === 0) lines.push(branch.locations[i]?.start.line ?? branch.loc.start.line ?? 0);
    });
  }
  return lines.sort((a, b) => a - b);
}
