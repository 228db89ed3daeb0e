import type { DiscardMode } from './crash-disk.ts';

/** What the application did, in the order of submission, which is the order of the log. */
export interface ModelOp {
  readonly kind: 'write' | 'discard';
  readonly tag: number;
  readonly addressLb: number;
  readonly sizeLb: number;
  acked: boolean;
}

/** The tags that a block may have. */
type Cell = readonly number[];

/**
 * The judge: a plain array and the list of what was done to it. After a crash the content must be a prefix of
 * that list which holds everything that was flushed; a read must see the latest completed write or one that
 * came since.
 */
export class Model {
  readonly discardMode: DiscardMode;
  #base: Cell[];
  ops: ModelOp[] = [];
  /** So many of `ops` must survive. */
  durableCount = 0;
  #nextTag = 1;

  constructor(sizeLb: number, discardMode: DiscardMode) {
    this.#base = Array.from({ length: sizeLb }, () => [0]);
    this.discardMode = discardMode;
  }

  get sizeLb(): number {
    return this.#base.length;
  }

  get nextTag(): number {
    return this.#nextTag;
  }

  submit(kind: ModelOp['kind'], addressLb: number, sizeLb: number): ModelOp {
    const op = { kind, tag: this.#nextTag++, addressLb, sizeLb, acked: false };
    this.ops.push(op);
    return op;
  }

  /** Everything up to the last that was acknowledged. */
  get ackedCount(): number {
    for (let i = this.ops.length; i > 0; i--) if (this.ops[i - 1].acked) return i;
    return 0;
  }

  mustSurvive(count: number): void {
    this.durableCount = Math.max(this.durableCount, count);
  }

  grow(sizeLb: number): void {
    while (this.#base.length < sizeLb) this.#base.push([0]);
  }

  /** What a read that began after `ackedCount` ops were acknowledged may see. */
  readable(ackedCount: number, addressLb: number, sizeLb: number): Cell[] {
    const cells = this.#base.slice(addressLb, addressLb + sizeLb);
    for (const [i, op] of this.ops.entries()) {
      for (let lb = 0; lb < sizeLb; lb++) {
        const at = addressLb + lb;
        if (at < op.addressLb || at >= op.addressLb + op.sizeLb) continue;
        const value = op.kind === 'write' ? op.tag : 0;
        cells[lb] = i < ackedCount && op.kind === 'write' ? [value] : [...cells[lb], value];
      }
    }
    return cells;
  }

  /** Judges the content after a crash, and goes on from it. Returns how many ops it holds. */
  recovered(tags: readonly number[]): number {
    for (let count = this.ops.length; count >= this.durableCount; count--) {
      if (!this.#matches(tags, count)) continue;
      this.#base = tags.map((tag) => [tag]);
      this.ops = [];
      this.durableCount = 0;
      return count;
    }
    const ops = this.ops.map((op, i) => `${i}:${op.kind[0]}${op.tag}@${op.addressLb}+${op.sizeLb}`).join(' ');
    const base = this.#base.map((cell) => cell.join('|')).join(',');
    throw new Error(
      `no prefix of at least ${this.durableCount} gives ${tags.join(',')}; base ${base}; ops ${ops}`,
    );
  }

  #matches(tags: readonly number[], count: number): boolean {
    const cells = this.#base.slice();
    for (const op of this.ops.slice(0, count)) {
      for (let at = op.addressLb; at < op.addressLb + op.sizeLb; at++) {
        if (op.kind === 'write') cells[at] = [op.tag];
        else if (this.discardMode === 'zero') cells[at] = [0];
        else if (this.discardMode === 'mixed') cells[at] = [...cells[at], 0];
      }
    }
    return tags.length === cells.length && tags.every((tag, at) => cells[at].includes(tag));
  }
}
