/** Pieces at least this large are handed to a reader alone, without a copy. */
const NO_COPY_BYTES = 16 * 1024;

/** Bytes that arrived at a socket and were not read yet. */
export class ReceiveQueue {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps the piece. */
  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** Takes the first bytes, 1 to `wanted` (which are there): those of one large piece, or a copy of small ones. */
  take(wanted: number): Uint8Array {
    const result = this.#first(wanted);
    this.#bytes -= result.length;
    return result;
  }

  #first(wanted: number): Uint8Array {
    const pieces = this.#pieces;
    const head = pieces[0] as Uint8Array;
    if (head.length > wanted) {
      pieces[0] = head.subarray(wanted);
      return head.subarray(0, wanted);
    }
    if (head.length === wanted || head.length >= NO_COPY_BYTES) {
      pieces.shift();
      return head;
    }
    const result = new Uint8Array(wanted);
    let filled = 0;
    let used = 0;
    while (filled < wanted) {
      const piece = pieces[used] as Uint8Array;
      const size = Math.min(piece.length, wanted - filled);
      result.set(size === piece.length ? piece : piece.subarray(0, size), filled);
      filled += size;
      if (size === piece.length) used += 1;
      else pieces[used] = piece.subarray(size);
    }
    pieces.splice(0, used);
    return result;
  }
}
