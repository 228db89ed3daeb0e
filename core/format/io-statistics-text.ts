/** What a program that writes blocks to a device counts, and its text. See docs/formats.md, "Statistics". */
import type { Lb } from '../units.ts';

/** What became of IOs. `overwritten`: not written because a later one covers it. `clipped`: out of range. */
const OUTCOMES = ['normal', 'discard', 'written', 'overwritten', 'clipped'] as const;
export type WriteIoOutcome = (typeof OUTCOMES)[number];

/** Count and blocks of each outcome. */
export type WriteIoStatistics = Record<WriteIoOutcome, { count: number; sizeLb: Lb }>;

/** All zero. */
export function newWriteIoStatistics(): WriteIoStatistics {
  return {
    normal: { count: 0, sizeLb: 0 },
    discard: { count: 0, sizeLb: 0 },
    written: { count: 0, sizeLb: 0 },
    overwritten: { count: 0, sizeLb: 0 },
    clipped: { count: 0, sizeLb: 0 },
  };
}

/** Counts one IO. */
export function countWriteIo(statistics: WriteIoStatistics, outcome: WriteIoOutcome, sizeLb: Lb): void {
  statistics[outcome].count++;
  statistics[outcome].sizeLb += sizeLb;
}

/** The five lines, numbers ten columns wide. */
export function writeIoStatisticsLines(statistics: WriteIoStatistics): string[] {
  return OUTCOMES.map((outcome) => {
    const { count, sizeLb } = statistics[outcome];
    return `${`${outcome}:`.padEnd(12)} ${String(count).padStart(10)} ( ${String(sizeLb).padStart(10)} LB)`;
  });
}

/** All in one line. */
export function writeIoStatisticsLine(statistics: WriteIoStatistics): string {
  const letters = ['N', 'D', 'W', 'O', 'C'];
  const counts = OUTCOMES.map((outcome, i) => `nr${letters[i]} ${statistics[outcome].count}`);
  const sizes = OUTCOMES.map((outcome, i) => `lb${letters[i]} ${statistics[outcome].sizeLb}`);
  return `${counts.join(' ')}  ${sizes.join(' ')}`;
}
