import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import type { DiskImage } from './disk-image.ts';

/** Granularity of the index: 4 KiB. */
const PAGE_LB = 8;

/** A write that the device accepted and completed, but that need not have reached the medium. */
export interface CachedWrite {
  /** Rises with completion; a snapshot shares the writes of its origin, identities included. */
  readonly id: number;
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  /** Null: zeros (a discard). */
  readonly data: Uint8Array | null;
  /** Written with FUA: the medium has it. */
  readonly isDurable: boolean;
  /** A flush of it failed: no later flush covers it, only rewriting does. */
  readonly isStuck: boolean;
}

/** A write that shows in a page, on top of older ones; `blocks` has a bit for each block of the page it covers. */
interface PageNode {
  readonly write: CachedWrite;
  readonly blocks: number;
  readonly older: PageNode | null;
}

const WHOLE_PAGE = 0xff;

/**
 * The volatile cache of a device: completed writes in the order in which readers see them, on top of the
 * medium's image. `writes` of one block are applied in that order, never another.
 */
export class WriteCache {
  #writes: CachedWrite[] = [];
  #index = new Map<number, PageNode>();
  #bytes = 0;
  /** Whether another cache holds the same writes: their data then may not become part of an image. */
  #isShared = false;

  get writes(): readonly CachedWrite[] {
    return this.#writes;
  }

  /** Bytes of data kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Overlays what is cached for the range onto what the image gave. */
  overlay(addressLb: Lb, into: Uint8Array): void {
    if (this.#index.size === 0) return;
    const endLb = addressLb + into.length / LOGICAL_BLOCK_BYTES;
    for (let page = Math.floor(addressLb / PAGE_LB); page * PAGE_LB < endLb; page++) {
      const node = this.#index.get(page);
      if (node === undefined) continue;
      const from = Math.max(page * PAGE_LB, addressLb);
      overlayPage(node, from, Math.min((page + 1) * PAGE_LB, endLb), addressLb, into);
    }
  }

  /**
   * Adds a completed write on top of all others, or below those at the end of the list whose id is at least
   * `concurrentFromId` (they completed while it was under way, so either order is right).
   */
  add(write: CachedWrite, concurrentFromId: number | null): void {
    this.#bytes += write.data?.length ?? 0;
    let at = this.#writes.length;
    if (concurrentFromId !== null) {
      while (at > 0 && (this.#writes[at - 1] as CachedWrite).id >= concurrentFromId) at -= 1;
    }
    if (at === this.#writes.length) {
      this.#writes.push(write);
      this.#indexWrite(write);
    } else {
      this.#writes.splice(at, 0, write);
      this.#rebuild(this.#writes);
    }
  }

  /** Whether a write with an id of at least `fromId` overlaps the range. */
  overlaps(addressLb: Lb, sizeLb: Lb, fromId: number): boolean {
    for (let i = this.#writes.length - 1; i >= 0; i--) {
      const write = this.#writes[i] as CachedWrite;
      if (write.id < fromId) return false;
      if (write.addressLb < addressLb + sizeLb && addressLb < write.addressLb + write.sizeLb) return true;
    }
    return false;
  }

  /** Moves the writes with ids up to `lastId`, and those they cover, to the image. */
  flushTo(image: DiskImage, lastId: number): void {
    let count = this.#writes.length;
    while (count > 0 && (this.#writes[count - 1] as CachedWrite).id > lastId) count -= 1;
    if (count === 0) return;
    const stuck: CachedWrite[] = [];
    for (let i = 0; i < count; i++) {
      const write = this.#writes[i] as CachedWrite;
      if (write.isStuck && !write.isDurable) {
        stuck.push(write);
        continue;
      }
      for (let k = stuck.length - 1; k >= 0; k--) {
        const old = stuck[k] as CachedWrite;
        if (old.addressLb >= write.addressLb && old.addressLb < write.addressLb + write.sizeLb)
          stuck.splice(k, 1);
      }
      if (this.#isShared || !image.adopt(write.addressLb, write.data)) applyWrite(image, write);
    }
    this.#rebuild([...stuck, ...this.#writes.slice(count)]);
  }

  /** A flush of the writes up to `lastId` failed: block by block they stay undecided until rewritten. */
  markStuck(lastId: number): void {
    const result: CachedWrite[] = [];
    for (const write of this.#writes) {
      if (write.id > lastId || write.isStuck || write.isDurable) {
        result.push(write);
        continue;
      }
      for (let i = 0; i < write.sizeLb; i++) {
        const data = write.data?.subarray(i * LOGICAL_BLOCK_BYTES, (i + 1) * LOGICAL_BLOCK_BYTES) ?? null;
        result.push({ ...write, addressLb: write.addressLb + i, sizeLb: 1, data, isStuck: true });
      }
    }
    this.#rebuild(result);
  }

  /** A cache with the same writes. */
  clone(): WriteCache {
    const copy = new WriteCache();
    if (this.#writes.length > 0) {
      this.#isShared = true;
      copy.#isShared = true;
    }
    copy.#rebuild([...this.#writes]);
    return copy;
  }

  clear(): void {
    this.#rebuild([]);
  }

  #rebuild(writes: CachedWrite[]): void {
    this.#writes = writes;
    if (writes.length === 0) this.#isShared = false;
    this.#index = new Map();
    this.#bytes = 0;
    for (const write of writes) {
      this.#bytes += write.data?.length ?? 0;
      this.#indexWrite(write);
    }
  }

  #indexWrite(write: CachedWrite): void {
    const endLb = write.addressLb + write.sizeLb;
    for (let page = Math.floor(write.addressLb / PAGE_LB); page * PAGE_LB < endLb; page++) {
      const from = Math.max(write.addressLb - page * PAGE_LB, 0);
      const to = Math.min(endLb - page * PAGE_LB, PAGE_LB);
      const blocks = ((1 << to) - 1) & ~((1 << from) - 1);
      const older = blocks === WHOLE_PAGE ? undefined : this.#index.get(page);
      this.#index.set(page, { write, blocks, older: older === undefined ? null : uncovered(older, blocks) });
    }
  }
}

/** Writes a cached write into an image. */
export function applyWrite(image: DiskImage, write: CachedWrite): void {
  if (write.data === null) image.zero(write.addressLb, write.sizeLb);
  else image.write(write.addressLb, write.data);
}

/** Copies the part of `data` (null: zeros) that lies in [fromLb, toLb) into the buffer that begins at `intoLb`. */
export function copyRange(
  data: Uint8Array | null,
  dataLb: Lb,
  dataSizeLb: Lb,
  fromLb: Lb,
  toLb: Lb,
  intoLb: Lb,
  into: Uint8Array,
): void {
  const from = Math.max(fromLb, dataLb);
  const to = Math.min(toLb, dataLb + dataSizeLb);
  if (from >= to) return;
  const start = (from - intoLb) * LOGICAL_BLOCK_BYTES;
  if (data === null) into.fill(0, start, (to - intoLb) * LOGICAL_BLOCK_BYTES);
  else
    into.set(
      data.subarray((from - dataLb) * LOGICAL_BLOCK_BYTES, (to - dataLb) * LOGICAL_BLOCK_BYTES),
      start,
    );
}

/** The part of a chain that still shows under writes that cover `blocks`: at most one node for each block. */
function uncovered(node: PageNode | null, blocks: number): PageNode | null {
  if (node === null || blocks === WHOLE_PAGE) return null;
  const older = uncovered(node.older, blocks | node.blocks);
  if ((node.blocks & ~blocks) === 0) return older;
  return older === node.older ? node : { write: node.write, blocks: node.blocks, older };
}

function overlayPage(node: PageNode, fromLb: Lb, toLb: Lb, intoLb: Lb, into: Uint8Array): void {
  if (node.older !== null) overlayPage(node.older, fromLb, toLb, intoLb, into);
  const { data, addressLb, sizeLb } = node.write;
  copyRange(data, addressLb, sizeLb, fromLb, toLb, intoLb, into);
}
