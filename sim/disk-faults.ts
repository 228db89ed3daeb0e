import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { hashText, mix32, RandomStream } from './random.ts';

/** How a device answers, after the five error modes of dm-flakey. `drop-writes`: acknowledged, not done. */
export type DeviceMode = 'up' | 'error-all' | 'error-reads' | 'error-writes' | 'drop-writes';

/** A write that will be acknowledged and lost, or put elsewhere (`victimLb`). */
export interface ArmedWriteFault {
  readonly victimLb: Lb | null;
  /** Only a write that touches this range is meant. */
  readonly fromLb: Lb;
  readonly endLb: Lb;
}

/**
 * Lies of the medium, kept beside the true content so that they can be switched off: what a block reads as
 * instead. Each stays the same until the block is written again, which heals it.
 */
export class MediaFaults {
  /** Replacement content of a block; null: unreadable. */
  #blocks = new Map<Lb, Uint8Array | null>();
  #armed: ArmedWriteFault[] = [];

  get damagedCount(): number {
    return this.#blocks.size;
  }

  damagedBlocks(): Lb[] {
    return [...this.#blocks.keys()].sort((a, b) => a - b);
  }

  /** Latent sector error: reading fails until rewritten. */
  makeUnreadable(addressLb: Lb, sizeLb: Lb): void {
    for (let lb = addressLb; lb < addressLb + sizeLb; lb++) this.#blocks.set(lb, null);
  }

  /** The block reads as `bytes`, whatever was written. */
  replace(addressLb: Lb, bytes: Uint8Array): void {
    for (let i = 0; i * LOGICAL_BLOCK_BYTES < bytes.length; i++) {
      this.#blocks.set(addressLb + i, bytes.slice(i * LOGICAL_BLOCK_BYTES, (i + 1) * LOGICAL_BLOCK_BYTES));
    }
  }

  arm(fault: ArmedWriteFault): void {
    this.#armed.push(fault);
  }

  /** Takes the first armed fault that this write triggers. */
  takeArmed(addressLb: Lb, sizeLb: Lb): ArmedWriteFault | null {
    const at = this.#armed.findIndex((f) => f.fromLb < addressLb + sizeLb && addressLb < f.endLb);
    return at < 0 ? null : (this.#armed.splice(at, 1)[0] as ArmedWriteFault);
  }

  /** Writing a block ends its damage. */
  heal(addressLb: Lb, sizeLb: Lb): void {
    if (this.#blocks.size === 0) return;
    if (sizeLb > this.#blocks.size) {
      for (const lb of [...this.#blocks.keys()])
        if (lb >= addressLb && lb < addressLb + sizeLb) this.#blocks.delete(lb);
    } else {
      for (let lb = addressLb; lb < addressLb + sizeLb; lb++) this.#blocks.delete(lb);
    }
  }

  /** Ends all damage; the true content shows again. */
  clear(): void {
    this.#blocks = new Map();
    this.#armed = [];
  }

  /** Replaces what was read by what the damaged medium gives. Returns the first unreadable block, or null. */
  apply(addressLb: Lb, into: Uint8Array): Lb | null {
    if (this.#blocks.size === 0) return null;
    for (let i = 0; i * LOGICAL_BLOCK_BYTES < into.length; i++) {
      const damage = this.#blocks.get(addressLb + i);
      if (damage === null) return addressLb + i;
      if (damage !== undefined) into.set(damage, i * LOGICAL_BLOCK_BYTES);
    }
    return null;
  }
}

/** A copy of a block with 1 to 8 bits flipped; which ones depends on the content and `salt`. */
export function rotted(block: Uint8Array, salt: number): Uint8Array {
  let hash = hashText('rot', salt);
  for (const byte of block) hash = Math.imul(hash ^ byte, 0x01000193);
  const random = new RandomStream(mix32(hash));
  const result = block.slice();
  const bits = new Set<number>();
  const count = random.between(1, 8);
  while (bits.size < count) bits.add(random.below(block.length * 8));
  for (const bit of bits) result[bit >> 3] = (result[bit >> 3] as number) ^ (1 << (bit & 7));
  return result;
}
