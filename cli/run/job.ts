/** Which scenario is run with which seed: plain data, so that it can be sent to a worker thread. */
export interface RunJob {
  readonly scenario: string;
  /** Path of the file that exports it; null for the catalogue. */
  readonly file: string | null;
  readonly seed: number;
  /** Path of a disk image to use in place of the fixture. */
  readonly image: string | null;
  /** Where the trace is written. */
  readonly tracePath?: string;
}

/** What a run of one scenario gave, for programs. */
export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  /** `not-applicable`: the world lacks something that the scenario needs. */
  readonly status: 'passed' | 'failed' | 'not-applicable';
  readonly passed: boolean;
  readonly summary: string;
  readonly virtualTimeS: number | null;
  readonly eventCount: number | null;
  readonly realTimeS: number;
  /** What the scenario measured, judged or listed, as it chose. */
  readonly details: readonly Readonly<Record<string, string | number | boolean>>[];
  /** How it failed: for people, line by line. */
  readonly failure: FailureReport | null;
}

export interface FailureReport {
  /** The last steps of the story, warnings and trace lines before the failure. */
  readonly lines: readonly string[];
  /** Where the history was written. */
  readonly historyPath: string | null;
  /** Shows the same failure again. */
  readonly command: string;
}

export function exitCodeOf(reports: readonly RunReport[]): number {
  return reports.every((report) => report.status !== 'failed') ? 0 : 1;
}

/** The command that runs a job again, as it is typed. */
export function commandOf({ scenario, file, seed, image }: RunJob): string {
  const words = [
    'npx',
    'walbox',
    'run',
    file === null ? scenario : `${file}#${scenario}`,
    '--seed',
    String(seed),
  ];
  if (image !== null) words.push('--image', image);
  return words
    .map((word) => (/^[\w./:=@#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
