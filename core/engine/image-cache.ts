/** An image in a cache: which file it is of, and where its stored form begins there. */
interface Entry {
  readonly file: object;
  readonly offset: number;
  readonly image: Uint8Array;
}

/**
 * Decompressed images of any number of files, the least recently used dropped first. The newest one always stays,
 * however large.
 */
export class ImageCache {
  readonly limitBytes: number;
  /** Entries by file and offset. */
  readonly #files = new Map<object, Map<number, Entry>>();
  /** In the order of use: a set keeps the order of insertion. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  has(file: object, offset: number): boolean {
    return this.#files.get(file)?.has(offset) === true;
  }

  get(file: object, offset: number): Uint8Array | null {
    const entry = this.#files.get(file)?.get(offset);
    if (entry === undefined) return null;
    this.#entries.delete(entry);
    this.#entries.add(entry);
    return entry.image;
  }

  /** Adds an image that is not there. */
  put(file: object, offset: number, image: Uint8Array): void {
    const entry: Entry = { file, offset, image };
    const images = this.#files.get(file) ?? new Map<number, Entry>();
    this.#files.set(file, images.set(offset, entry));
    this.#entries.add(entry);
    this.#bytes += image.length;
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.limitBytes || this.#entries.size === 1) break;
      this.#drop(oldest);
    }
  }

  /** Forgets a file whose images nobody needs any more. */
  dropFile(file: object): void {
    for (const entry of this.#files.get(file)?.values() ?? []) {
      this.#entries.delete(entry);
      this.#bytes -= entry.image.length;
    }
    this.#files.delete(file);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.image.length;
    this.#files.get(entry.file)?.delete(entry.offset);
  }
}
