/** What can stand in one list. */
export interface Linked<T> {
  /** Neighbours; meaningless outside of a list. */
  before: T | null;
  after: T | null;
  isListed: boolean;
}

/**
 * Things in the order in which they came, of which any may go. A Set would do, but it makes its table anew again and
 * again where things come and go with every event.
 */
export class PendingList<T extends Linked<T>> {
  #first: T | null = null;
  #last: T | null = null;

  add(item: T): void {
    item.before = this.#last;
    item.after = null;
    item.isListed = true;
    if (this.#last === null) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
  }

  /** Returns whether it was there. */
  delete(item: T): boolean {
    if (!item.isListed) return false;
    item.isListed = false;
    if (item.before === null) this.#first = item.after;
    else item.before.after = item.after;
    if (item.after === null) this.#last = item.before;
    else item.after.before = item.before;
    return true;
  }

  /** Takes all out, in order. */
  takeAll(): T[] {
    const all = [...this];
    for (const item of all) item.isListed = false;
    this.#first = null;
    this.#last = null;
    return all;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let item = this.#first; item !== null; item = item.after) yield item;
  }
}
