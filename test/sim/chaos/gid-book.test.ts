import { describe, expect, it } from 'vitest';
import { GidBook } from '../../../sim/chaos/gid-book.ts';
import { Ledger } from '../../../sim/ledger.ts';

/** One block that holds a number. */
const block = (value: number) => new Uint8Array(512).fill(value);

/** A volume of one block: content 1 at gid 1, 2 at gid 2 of the old log and 3 at gid 2 of the new one. */
function backedUpAnew(): { book: GidBook; ledger: Ledger } {
  const ledger = new Ledger({ discardIsZero: true });
  const book = new GidBook(ledger.mark());
  const take = (gid: number, value: number) => {
    const operation = ledger.write(0, block(value));
    ledger.answered(operation);
    ledger.flush()();
    const mark = ledger.mark();
    book.note(gid, mark, ledger.mark());
  };
  take(1, 1);
  take(2, 2);
  // The archive of the hash backup has gid 1 only.
  book.leaveBehind(1, ledger.mark());
  take(2, 3);
  return { book, ledger };
}

describe('gids that a hash backup gives again', () => {
  const judged = (gid: number, value: number, isOfOldLog: boolean) => {
    const { book, ledger } = backedUpAnew();
    return book.judge(ledger, gid, block(value), isOfOldLog).admissible;
  };

  it('mean the new content, and at archives that did not follow the old one, too', () => {
    expect(judged(2, 3, false)).toBe(true);
    expect(judged(2, 2, false)).toBe(false);
    expect(judged(2, 2, true)).toBe(true);
    expect(judged(2, 1, true)).toBe(false);
  });

  it('mean one content where the hash backup went on from them', () => {
    for (const isOfOldLog of [false, true]) {
      expect(judged(1, 1, isOfOldLog)).toBe(true);
      expect(judged(1, 2, isOfOldLog)).toBe(false);
    }
  });

  it('are no longer awaited', () => {
    const { book, ledger } = backedUpAnew();
    expect(book.known()).toEqual([1, 2]);
    book.leaveBehind(1, ledger.mark());
    expect(book.known()).toEqual([1]);
  });

  it('are known as such', () => {
    const { book } = backedUpAnew();
    expect(book.wasLeftBehind(1)).toBe(false);
    expect(book.wasLeftBehind(2)).toBe(true);
    expect(book.wasLeftBehind(4)).toBe(false);
  });
});
