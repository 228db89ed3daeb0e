/** Keeps the newest lines only; texts of traces are made when they are asked for. */
export class LastLines {
  readonly #limit: number;
  #lines: (string | (() => string))[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(line: string | (() => string)): void {
    this.#lines.push(line);
    if (this.#lines.length > this.#limit * 16) this.#lines = this.#lines.slice(-this.#limit);
  }

  texts(): string[] {
    return this.#lines.slice(-this.#limit).map((line) => `  ${typeof line === 'string' ? line : line()}`);
  }
}
