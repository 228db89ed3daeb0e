import type { Step } from '../../world/index.ts';
import { Mutex } from '../shared/mutex.ts';

/**
 * The decoded content of one small file, kept in memory. After a save that failed nobody knows whether the old or
 * the new content is there, nor whether it is durable: the next look reads it and writes it anew.
 */
export class CachedFile<T> {
  readonly #read: () => Promise<T>;
  readonly #write: (value: T, step: Step) => Promise<void>;
  readonly #mutex = new Mutex();
  #value: T | undefined;
  /** The step of a save that failed, until the content is certain again. */
  #failedStep: Step | null = null;

  constructor(read: () => Promise<T>, write: (value: T, step: Step) => Promise<void>) {
    this.#read = read;
    this.#write = write;
  }

  async load(): Promise<T> {
    if (this.#value !== undefined) return this.#value;
    return this.#mutex.run(async () => {
      if (this.#value !== undefined) return this.#value;
      const value = await this.#read();
      if (this.#failedStep !== null) await this.#write(value, this.#failedStep);
      this.#failedStep = null;
      this.#value = value;
      return value;
    });
  }

  async save(value: T, step: Step): Promise<void> {
    await this.#mutex.run(async () => {
      this.#value = undefined;
      this.#failedStep = step;
      await this.#write(value, step);
      this.#failedStep = null;
      this.#value = value;
    });
  }

  /** Drops what is kept in memory. */
  forget(): void {
    this.#value = undefined;
  }
}
