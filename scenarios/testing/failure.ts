import { errorText } from '../../core/errors.ts';
import { type LogLine, logLineToText } from '../../sim/log.ts';
import { LastLines } from '../lib/last-lines.ts';
import { virtualTimeText } from '../lib/story.ts';

const LAST_STEPS = 12;
const LAST_LOG_LINES = 8;

/** A simulated story or history failed: the message tells what, the last steps, and how to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  /** An expression that repeats the run. */
  readonly replay: string;

  constructor(message: string, replay: string, cause: unknown) {
    super(message, { cause });
    this.replay = replay;
  }
}

/** Keeps what the message of a failure needs while a run goes on. */
export class Witness {
  readonly #steps = new LastLines(LAST_STEPS);
  readonly #log = new LastLines(LAST_LOG_LINES);

  step(line: string): void {
    if (line !== '') this.#steps.add(line);
  }

  log(line: LogLine): void {
    if (line.level === 'error' || line.level === 'warning') this.#log.add(() => logLineToText(line));
  }

  /** The failure that an error is; `nowUs`: the virtual time of it. */
  failure(error: unknown, replay: string, nowUs: number): SimulationFailure {
    const what = errorText(error);
    const message = [
      what,
      ...section('last steps:', this.#steps.texts()),
      ...section('last errors and warnings of the servers:', this.#log.texts()),
      `failed at ${virtualTimeText(nowUs)} of virtual time; to see it again:`,
      `  ${replay}`,
    ];
    return new SimulationFailure(message.join('\n'), replay, error);
  }
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}
