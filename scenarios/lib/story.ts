import type { Group } from '../../core/control/group.ts';
import { errorText } from '../../core/errors.ts';

/** Where lines of a story go. */
export type Say = (line: string) => void;

/** A step was expected to be refused and was not, or something that must hold did not. */
export class StoryError extends Error {
  override readonly name = 'StoryError';
}

/** Tells a scenario step by step as an operator would see it: virtual time, what is typed, what comes back. */
export class Story {
  readonly #say: Say;
  readonly #group: Group;

  constructor(group: Group, say: Say) {
    this.#group = group;
    this.#say = say;
  }

  /** A headline. */
  chapter(title: string): void {
    this.#say('');
    this.#say(`== ${title} ==`);
  }

  /** Something that is no command: what happens, what is seen. */
  note(text: string): void {
    this.#say(`${this.#time()}   ${text}`);
  }

  /** Lines that a command printed. */
  printed(line: string): void {
    this.#say(`${' '.repeat(14)}| ${line}`);
  }

  /** A line of a table. */
  tableLine(line: string): void {
    this.#say(line.trimEnd());
  }

  /** A step: `typed` is shown, then done, then its result is shown. */
  async step<T>(
    typed: string,
    doIt: () => Promise<T>,
    show: (result: T) => string = defaultShow,
  ): Promise<T> {
    this.#say(`${this.#time()} > ${typed}`);
    const result = await doIt();
    const shown = show(result);
    if (shown !== '') this.#say(`${this.#time()}   ${shown}`);
    return result;
  }

  /** A step that must be refused; `reason` must be in the error. */
  async refused(typed: string, doIt: () => Promise<unknown>, reason: string): Promise<void> {
    this.#say(`${this.#time()} > ${typed}`);
    let result: unknown;
    try {
      result = await doIt();
    } catch (error) {
      const text = errorText(error);
      this.#say(`${this.#time()}   refused: ${text}`);
      if (!text.includes(reason))
        throw new StoryError(`${typed} was refused, but not because of "${reason}": ${text}`);
      return;
    }
    throw new StoryError(`${typed} must be refused, but gave ${String(result)}`);
  }

  /** Something that must hold. */
  check(holds: boolean, what: string): void {
    if (!holds) throw new StoryError(`${what}: this does not hold`);
  }

  #time(): string {
    return virtualTimeText(this.#group.clock.nowUs());
  }
}

function defaultShow(result: unknown): string {
  if (result === undefined) return '';
  if (Array.isArray(result)) return `[${result.map(String).join(', ')}]`;
  return String(result);
}

/** `hh:mm:ss.mmm` since the start of the run. */
export function virtualTimeText(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(':');
  return `${clock}.${String(ms % 1000).padStart(3, '0')}`;
}
