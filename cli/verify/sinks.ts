import type { Finding } from '../../core/verify/finding.ts';
import type { TreeReport } from '../../core/verify/tree.ts';
import { bytesText } from '../progress.ts';

/** Where the results of a verification go. */
export interface VerifySink {
  finding(finding: Finding): void;
  /** A file, behind its findings; a volume, behind its files. */
  report(path: string, report: TreeReport): void;
  /** Something that could not be read. */
  failure(path: string, problem: string): void;
  /** Ends the output; gives the number of damages. */
  end(): number;
}

/** Findings of JSON are held until the end; more than this are only counted. */
const MAX_FINDINGS = 10_000;

interface Totals {
  files: number;
  bytes: number;
  damages: number;
  notices: number;
  failures: number;
}

const newTotals = (): Totals => ({ files: 0, bytes: 0, damages: 0, notices: 0, failures: 0 });

function countFinding(totals: Totals, finding: Finding): void {
  if (finding.severity === 'damage') totals.damages++;
  else totals.notices++;
}

function countReport(totals: Totals, { kind, sizeBytes }: TreeReport): void {
  if (kind.endsWith(' volume')) return;
  totals.files++;
  totals.bytes += sizeBytes;
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Lines for people. With `quiet`, only what is not sound, and the last line. */
export function textSink(print: (text: string) => void, quiet: boolean): VerifySink {
  const totals = newTotals();
  return {
    finding(finding) {
      countFinding(totals, finding);
      const { severity, file, offset, part, problem, cost, remedy } = finding;
      const where = [offset === null ? '' : `byte ${offset}`, part].filter((text) => text !== '').join(', ');
      print(`${severity === 'damage' ? 'DAMAGE' : 'notice'} ${file}${where === '' ? '' : ` (${where})`}\n`);
      print(`  ${problem}\n`);
      if (cost !== '') print(`  lost: ${cost}\n`);
      print(`  do:   ${remedy}\n`);
    },
    report(path, report) {
      countReport(totals, report);
      const { kind, counts, damageCount, sizeBytes } = report;
      if (quiet && damageCount === 0) return;
      const verdict = damageCount === 0 ? 'sound' : counted(damageCount, 'damage').toUpperCase();
      const size = kind.endsWith(' volume') ? '' : `, ${bytesText(sizeBytes)}`;
      const facts = Object.entries(counts)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ');
      print(`${path}: ${kind}${size}: ${verdict}${facts === '' ? '' : ` (${facts})`}\n`);
    },
    failure(path, problem) {
      totals.failures++;
      print(`FAILED ${path}\n  ${problem}\n`);
    },
    end() {
      const { files, bytes, damages, notices, failures } = totals;
      const failed = failures === 0 ? '' : `, ${failures} not readable`;
      print(
        `${counted(files, 'file')}, ${bytesText(bytes)}: ${counted(damages, 'damage')}, ${counted(notices, 'notice')}${failed}\n`,
      );
      return damages;
    },
  };
}

/** One JSON value: `{version, files, findings, findingsLeftOut, failures, totals}`. */
export function jsonSink(print: (text: string) => void): VerifySink {
  const totals = newTotals();
  const files: ({ path: string } & TreeReport)[] = [];
  const findings: Finding[] = [];
  const failures: { path: string; problem: string }[] = [];
  return {
    finding(finding) {
      countFinding(totals, finding);
      if (findings.length < MAX_FINDINGS) findings.push(finding);
    },
    report(path, report) {
      countReport(totals, report);
      files.push({ path, ...report });
    },
    failure(path, problem) {
      totals.failures++;
      failures.push({ path, problem });
    },
    end() {
      const findingsLeftOut = totals.damages + totals.notices - findings.length;
      const value = { version: 1, files, findings, findingsLeftOut, failures, totals };
      print(`${JSON.stringify(value, null, 2)}\n`);
      return totals.damages;
    },
  };
}
