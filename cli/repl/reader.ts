import { errorText } from '../../core/errors.ts';
import { DOT_COMMANDS } from './help.ts';
import type { Session } from './session.ts';
import { errorSentence } from './show.ts';
import { INCOMPLETE, translate } from './translate.ts';

/** What became of a typed line. */
export type ReadOutcome = 'done' | 'failed' | 'more' | 'end';

/** Takes a session's lines one after the other, whoever reads them. */
export class LineReader {
  readonly #session: Session;
  #waiting: string[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whether the lines so far are the beginning of something. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Forgets the beginning. */
  forget(): void {
    this.#waiting = [];
  }

  /** Takes a line; `isLast`: no more lines follow, so what has begun ends with it. */
  async take(line: string, isLast = false): Promise<ReadOutcome> {
    const { print } = this.#session.options;
    const dot = /^\s*\.([a-z]\w*)\s*(.*?)\s*$/.exec(line);
    if (!this.isWaiting && dot !== null) return this.#dotCommand(dot[1] ?? '', dot[2] ?? '');
    const typed = [...this.#waiting, line].join('\n');
    if (typed.trim() === '') return 'done';
    try {
      const translation = translate(isLast ? `${typed}\n` : typed);
      if (translation === INCOMPLETE) {
        if (isLast) throw new SyntaxError('The input ended before the line did.');
        this.#waiting.push(line);
        return 'more';
      }
      this.forget();
      if (translation.statements.trim() === '') return 'done';
      return (await this.#session.evaluate(typed.trimEnd(), translation)) ? 'done' : 'failed';
    } catch (error) {
      this.forget();
      print(`error: ${errorSentence(error)}`);
      return 'failed';
    }
  }

  #dotCommand(name: string, rest: string): ReadOutcome {
    const { print } = this.#session.options;
    const command = DOT_COMMANDS.find((one) => one.name === name);
    if (command === undefined) {
      print(`error: There is no command .${name}; .help lists them.`);
      return 'failed';
    }
    try {
      const lines = command.run(this.#session, rest);
      if (lines === null) return 'end';
      lines.forEach(print);
      return 'done';
    } catch (error) {
      print(`error: ${errorText(error)}`);
      return 'failed';
    }
  }
}
