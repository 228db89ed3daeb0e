/**
 * Decompressed images by the offset of their stored form, the least recently used dropped first. The newest one
 * always stays, however large.
 */
export class ImageCache {
  readonly limitBytes: number;
  /** In the order of use: a map keeps the order of insertion. */
  readonly #images = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  has(offset: number): boolean {
    return this.#images.has(offset);
  }

  get(offset: number): Uint8Array | null {
    const image = this.#images.get(offset);
    if (image === undefined) return null;
    this.#images.delete(offset);
    this.#images.set(offset, image);
    return image;
  }

  put(offset: number, image: Uint8Array): void {
    this.#images.set(offset, image);
    this.#bytes += image.length;
    for (const [oldest, dropped] of this.#images) {
      if (this.#bytes <= this.limitBytes || this.#images.size === 1) break;
      this.#images.delete(oldest);
      this.#bytes -= dropped.length;
    }
  }
}
