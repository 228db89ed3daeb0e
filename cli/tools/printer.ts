import type { ByteSink } from '../../core/engine/byte-stream.ts';

/** Text that is collected before it is written. */
const CHUNK_CHARACTERS = 32 * 1024;

/** Prints lines to a sink, a chunk at a time. */
export class Printer {
  readonly #sink: ByteSink;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #characters = 0;
  /** Chunks on their way, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Prints a line. Who prints very many awaits `drain` now and then. */
  line(text: string): void {
    this.text(`${text}\n`);
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text);
  }

  /** Prints text as it is. */
  text(text: string): void {
    this.#lines.push(text);
    this.#characters += text.length;
    if (this.#characters >= CHUNK_CHARACTERS) this.#push();
  }

  /** Waits until no whole chunk is left to be written. Throws what the sink throws. */
  async drain(): Promise<void> {
    await this.#writing;
  }

  /** Writes what is left. Throws what the sink throws. */
  async flush(): Promise<void> {
    this.#push();
    await this.#writing;
  }

  #push(): void {
    if (this.#characters === 0) return;
    const bytes = this.#encoder.encode(this.#lines.join(''));
    this.#lines = [];
    this.#characters = 0;
    this.#writing = this.#writing.then(() => this.#sink.write(bytes));
    // Whoever waits sees the error; nobody may be waiting yet.
    this.#writing.catch(() => undefined);
  }
}
