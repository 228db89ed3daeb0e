import type { Lb } from '../units.ts';
import type { Step } from './step.ts';

/**
 * A block device. Addresses and sizes are logical blocks (512 bytes) and must be multiples of the physical
 * block where the device is opened for direct access (always, in the native world).
 *
 * Guarantees: a completed write is visible to every later read; it is durable after a `flush` that began after
 * its completion, or on completion when `fua` was asked. Completions of calls in flight come in any order; two
 * writes in flight to one block land in either order. A physical block is written whole or not at all.
 * `flush` covers the writes that had completed when it began, and nothing else.
 */
export interface BlockDevice {
  readonly physicalBlockBytes: 512 | 4096;
  /** False for a device without volatile cache, where completion is durability. */
  readonly supportsFlush: boolean;
  readonly supportsDiscard: boolean;
  /** How much is best read at least where most of it is wanted; absent where any size is as good. */
  readonly pieceBytes?: number;
  /** Present size; may grow while open, never shrinks. */
  sizeLb(): Lb;
  /** The content; the caller may keep the view but not write into it. */
  read(addressLb: Lb, sizeLb: Lb, step: Step): Promise<Uint8Array>;
  /** Writes all of `data` (a multiple of 512 bytes). The view belongs to the callee until it settles. */
  write(addressLb: Lb, data: Uint8Array, step: Step, options?: WriteOptions): Promise<void>;
  flush(step: Step): Promise<void>;
  /** Afterwards the range reads as zeros, as before, or (fixed once) something else, by device. */
  discard(addressLb: Lb, sizeLb: Lb, step: Step): Promise<void>;
  /**
   * Makes the range zeros, as a write of them would, where the device can do that faster. Throws IoError EOPNOTSUPP
   * where it turns out that it cannot.
   */
  zeroOut?(addressLb: Lb, sizeLb: Lb, step: Step): Promise<void>;
  /** Never throws; closing twice is harmless. */
  close(): void;
}

/** What a write of a block device means beyond its data. */
export interface WriteOptions {
  /** Flush first, then write. */
  readonly preflush?: boolean;
  /** Durable on completion; says nothing of earlier writes. */
  readonly fua?: boolean;
}
