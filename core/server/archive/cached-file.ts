import type { Step } from '../../world/index.ts';

/**
 * The decoded content of one small file, kept in memory. A save that failed leaves nothing kept, so that the
 * next look reads what the disk holds.
 */
export class CachedFile<T> {
  readonly #read: () => Promise<T>;
  readonly #write: (value: T, step: Step) => Promise<void>;
  #value: T | undefined;
  /** Changes with every save, so that a slow read does not put back what was replaced meanwhile. */
  #version = 0;

  constructor(read: () => Promise<T>, write: (value: T, step: Step) => Promise<void>) {
    this.#read = read;
    this.#write = write;
  }

  async load(): Promise<T> {
    for (;;) {
      if (this.#value !== undefined) return this.#value;
      const version = this.#version;
      const value = await this.#read();
      if (version !== this.#version) continue;
      this.#value = value;
      return value;
    }
  }

  async save(value: T, step: Step): Promise<void> {
    this.forget();
    try {
      await this.#write(value, step);
    } finally {
      this.forget();
    }
    this.#value = value;
  }

  forget(): void {
    this.#value = undefined;
    this.#version += 1;
  }
}
