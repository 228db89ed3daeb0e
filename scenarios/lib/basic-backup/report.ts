import type { Gid } from '../../../core/units.ts';
import type { ScenarioOutcome } from '../scenario.ts';
import type { Story } from '../story.ts';

/** A restored snapshot and what became of it: a row of the table at the end. */
export interface RestoredRow {
  readonly gid: Gid;
  readonly time: string;
  readonly isClean: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly isAdmissible: boolean;
  readonly reason: string;
}

/** The table at the end: every restored snapshot and its verdict. */
export function report(story: Story, rows: readonly RestoredRow[]): ScenarioOutcome {
  story.chapter('Restored snapshots');
  const lines = [
    ['gid', 'time', 'clean', 'bytes', 'SHA-256', 'admissible'],
    ...rows.map((row) => [
      String(row.gid),
      row.time,
      row.isClean ? 'yes' : 'no',
      String(row.sizeBytes),
      row.sha256,
      row.isAdmissible ? 'yes' : 'no',
    ]),
  ];
  const widths = (lines[0] as string[]).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  for (const line of lines)
    story.tableLine(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const bad = rows.filter((row) => !row.isAdmissible).length;
  return {
    passed: bad === 0 && rows.length > 0,
    details: rows.map((row) => ({ ...row })),
    summary:
      bad === 0
        ? `${rows.length} restored images, all admissible by the ledger`
        : `${bad} of ${rows.length} restored images are NOT admissible by the ledger`,
  };
}
