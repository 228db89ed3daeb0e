import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../sim/ledger.ts';

const BLOCK = 512;

/** Blocks filled with one byte each. */
function image(...bytes: number[]): Uint8Array {
  const result = new Uint8Array(bytes.length * BLOCK);
  for (const [i, byte] of bytes.entries()) result.fill(byte, i * BLOCK, (i + 1) * BLOCK);
  return result;
}

function write(ledger: Ledger, addressLb: number, ...bytes: number[]) {
  return ledger.write(addressLb, image(...bytes));
}

function snapshot(ledger: Ledger, gid: number): void {
  ledger.snapshot()(gid);
}

describe('the ledger', () => {
  it('wants everything that was answered before the snapshot', () => {
    const ledger = new Ledger();
    ledger.answered(write(ledger, 0, 1));
    ledger.answered(write(ledger, 1, 2));
    snapshot(ledger, 1);
    expect(ledger.judge(1, image(1, 2)).admissible).toBe(true);
    expect(ledger.judge(1, image(1, 0))).toMatchObject({ admissible: false, badBlocksLb: [1] });
    expect(ledger.judge(1, image(0, 2)).admissible).toBe(false);
  });

  it('allows nothing that was submitted after the snapshot was answered', () => {
    const ledger = new Ledger();
    ledger.answered(write(ledger, 0, 1));
    snapshot(ledger, 1);
    ledger.answered(write(ledger, 0, 2));
    expect(ledger.judge(1, image(1)).admissible).toBe(true);
    expect(ledger.judge(1, image(2)).admissible).toBe(false);
  });

  it('leaves open what was in flight, but not the order that answers prove', () => {
    const ledger = new Ledger();
    const open = write(ledger, 0, 1);
    const first = ledger.snapshot();
    first(1);
    expect(ledger.judge(1, image(0)).admissible).toBe(true);
    expect(ledger.judge(1, image(1)).admissible).toBe(true);
    ledger.answered(open);

    const ordered = new Ledger();
    const take = ordered.snapshot();
    ordered.answered(write(ordered, 0, 1));
    ordered.answered(write(ordered, 1, 2));
    take(1);
    // The second write was submitted after the first was answered: it cannot be there alone.
    expect(ordered.judge(1, image(0, 0)).admissible).toBe(true);
    expect(ordered.judge(1, image(1, 0)).admissible).toBe(true);
    expect(ordered.judge(1, image(1, 2)).admissible).toBe(true);
    expect(ordered.judge(1, image(0, 2)).admissible).toBe(false);
  });

  it('lets overlapping concurrent writes land in either order, sequential ones in theirs', () => {
    const ledger = new Ledger();
    const a = write(ledger, 0, 1);
    const b = write(ledger, 0, 2);
    ledger.answered(b);
    ledger.answered(a);
    snapshot(ledger, 1);
    expect(ledger.judge(1, image(1)).admissible).toBe(true);
    expect(ledger.judge(1, image(2)).admissible).toBe(true);
    expect(ledger.judge(1, image(0)).admissible).toBe(false);
    ledger.answered(write(ledger, 0, 3));
    ledger.answered(write(ledger, 0, 4));
    snapshot(ledger, 2);
    expect(ledger.judge(2, image(3)).admissible).toBe(false);
    expect(ledger.judge(2, image(4)).admissible).toBe(true);
  });

  it('forgives a power loss the unflushed suffix, and only that', () => {
    const ledger = new Ledger();
    ledger.answered(write(ledger, 0, 1));
    ledger.flush()();
    ledger.answered(write(ledger, 1, 2));
    ledger.answered(write(ledger, 2, 3));
    ledger.powerLoss();
    snapshot(ledger, 1);
    expect(ledger.judge(1, image(1, 0, 0)).admissible).toBe(true);
    expect(ledger.judge(1, image(1, 2, 0)).admissible).toBe(true);
    expect(ledger.judge(1, image(1, 2, 3)).admissible).toBe(true);
    expect(ledger.judge(1, image(1, 0, 3)).admissible).toBe(false);
    expect(ledger.judge(1, image(0, 0, 0)).admissible).toBe(false);
    // What comes after the loss does not bring back what was lost.
    ledger.answered(write(ledger, 3, 4));
    snapshot(ledger, 2);
    expect(ledger.judge(2, image(1, 0, 0, 4)).admissible).toBe(true);
    expect(ledger.judge(2, image(1, 0, 0, 0)).admissible).toBe(false);
  });

  it('reads discarded blocks as zeros, or as before where discards may do nothing', () => {
    const strict = new Ledger({ discardIsZero: true });
    strict.answered(write(strict, 0, 1));
    strict.answered(strict.discard(0, 1));
    snapshot(strict, 1);
    expect(strict.judge(1, image(0)).admissible).toBe(true);
    expect(strict.judge(1, image(1)).admissible).toBe(false);
    const lax = new Ledger();
    lax.answered(write(lax, 0, 1));
    lax.answered(lax.discard(0, 1));
    snapshot(lax, 1);
    expect(lax.judge(1, image(0)).admissible).toBe(true);
    expect(lax.judge(1, image(1)).admissible).toBe(true);
    expect(lax.judge(1, image(2)).admissible).toBe(false);
  });

  it('knows the content from before the first operation, and no gid that nobody took', () => {
    const ledger = new Ledger({ initial: image(7, 7) });
    snapshot(ledger, 1);
    expect(ledger.judge(1, image(7, 7)).admissible).toBe(true);
    expect(ledger.judge(1, image(7, 0)).admissible).toBe(false);
    expect(ledger.judge(2, image(7, 7)).admissible).toBe(false);
  });

  it('admits every prefix of the log order that a snapshot may be, for sequences of single writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ block: fc.nat(3), byte: fc.integer({ min: 1, max: 255 }) }), { maxLength: 12 }),
        fc.nat(12),
        fc.nat(12),
        (writes, requested, more) => {
          const ledger = new Ledger();
          const content = new Uint8Array(4);
          const prefixes: Uint8Array[] = [];
          let take: ((gid: number) => void) | null = null;
          const requestedAt = Math.min(requested, writes.length);
          const answeredAt = Math.min(requestedAt + more, writes.length);
          writes.forEach(({ block, byte }, i) => {
            if (i === requestedAt) take = ledger.snapshot();
            if (i >= requestedAt && i <= answeredAt) prefixes.push(content.slice());
            if (i === answeredAt) take?.(1);
            ledger.answered(write(ledger, block, byte));
            content[block] = byte;
          });
          if (requestedAt === writes.length) take = ledger.snapshot();
          if (answeredAt === writes.length) {
            prefixes.push(content.slice());
            (take as ((gid: number) => void) | null)?.(1);
          }
          for (const prefix of prefixes) expect(ledger.judge(1, image(...prefix)).admissible).toBe(true);
        },
      ),
    );
  });
});
