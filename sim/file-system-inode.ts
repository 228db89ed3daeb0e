import { IoError } from '../core/errors.ts';

export const PAGE_BYTES = 4096;
const RUN_BYTES = 16 * PAGE_BYTES;

/**
 * One page of a file: what readers see and what is on disk (null: zeros were never written over). While both
 * are the same array the page is shared and a write copies it first.
 */
export interface Block {
  memory: Uint8Array;
  disk: Uint8Array | null;
}

/** A truncation that need not be durable yet, with the blocks that it took from the file. */
export interface Truncation {
  readonly sizeBytes: number;
  readonly fromPage: number;
  readonly dropped: (Block | undefined)[];
}

/**
 * A file or directory: its volatile state, and under `durable` what a power loss would leave of its size,
 * mode and entries. Durable content is found through the blocks' `disk`.
 */
export interface Inode {
  readonly number: number;
  readonly kind: 'file' | 'directory';
  mode: number;
  sizeBytes: number;
  blocks: (Block | undefined)[];
  /** Size up to which disk blocks are allocated. */
  allocatedBytes: number;
  /** Pages whose visible content is newer than the disk's and may be written back. */
  readonly dirty: Set<number>;
  /** Pages whose write-back failed: clean for the system, different on disk. */
  readonly failed: Set<number>;
  /** Truncations that are not durable, oldest first. */
  truncations: Truncation[];
  readonly entries: Map<string, Inode>;
  nameCount: number;
  openCount: number;
  readonly durable: { mode: number; sizeBytes: number; readonly entries: Map<string, Inode> };
}

export function createInode(number: number, kind: 'file' | 'directory', mode: number): Inode {
  return {
    number,
    kind,
    mode,
    sizeBytes: 0,
    blocks: [],
    allocatedBytes: 0,
    dirty: new Set(),
    failed: new Set(),
    truncations: [],
    entries: new Map(),
    nameCount: 0,
    openCount: 0,
    durable: { mode, sizeBytes: 0, entries: new Map() },
  };
}

/** The bytes at an offset; fewer at the end of the file. */
export function readContent(inode: Inode, offset: number, sizeBytes: number): Uint8Array {
  const end = Math.min(offset + sizeBytes, inode.sizeBytes);
  if (end <= offset) return new Uint8Array(0);
  const result = new Uint8Array(end - offset);
  for (let at = offset; at < end; ) {
    const page = Math.floor(at / PAGE_BYTES);
    const from = at - page * PAGE_BYTES;
    const size = Math.min(PAGE_BYTES - from, end - at);
    const block = inode.blocks[page];
    if (block !== undefined) result.set(block.memory.subarray(from, from + size), at - offset);
    at += size;
  }
  return result;
}

/** Latent damage: flips bits of one byte, for readers and on disk. False where the file has nothing there. */
export function rotByte(inode: Inode, offset: number, mask: number): boolean {
  const page = Math.floor(offset / PAGE_BYTES);
  const block = inode.blocks[page];
  if (block === undefined || offset >= inode.sizeBytes) return false;
  const flipped = (bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    const at = offset - page * PAGE_BYTES;
    copy[at] = (copy[at] as number) ^ mask;
    return copy;
  };
  const isShared = block.memory === block.disk;
  block.memory = flipped(block.memory);
  block.disk = isShared || block.disk === null ? (isShared ? block.memory : null) : flipped(block.disk);
  return true;
}

/**
 * Writes bytes at an offset, page by page; a page that has no block asks `takePage` for room and the write
 * stops when there is none. Returns how many bytes were written.
 */
export function writeContent(
  inode: Inode,
  offset: number,
  bytes: Uint8Array,
  takePage: () => boolean,
): number {
  if (!Number.isSafeInteger(offset) || offset < 0) throw new IoError('EINVAL', `Bad file offset ${offset}`);
  let done = 0;
  // New whole pages are views of one copy of up to RUN_BYTES: an array for each page costs more than its bytes.
  let run = bytes.subarray(0, 0);
  let runFrom = 0;
  while (done < bytes.length) {
    const at = offset + done;
    const page = Math.floor(at / PAGE_BYTES);
    const from = at - page * PAGE_BYTES;
    const size = Math.min(PAGE_BYTES - from, bytes.length - done);
    const block = inode.blocks[page];
    if (block === undefined) {
      if (!takePage()) break;
      let memory: Uint8Array;
      if (size === PAGE_BYTES) {
        if (done + size > runFrom + run.length) {
          runFrom = done;
          run = bytes.slice(done, done + Math.min(RUN_BYTES, bytes.length - done));
        }
        memory = run.subarray(done - runFrom, done - runFrom + size);
      } else {
        memory = new Uint8Array(PAGE_BYTES);
        memory.set(bytes.subarray(done, done + size), from);
      }
      inode.blocks[page] = { memory, disk: null };
    } else {
      if (block.memory === block.disk) block.memory = block.memory.slice();
      block.memory.set(bytes.subarray(done, done + size), from);
    }
    inode.dirty.add(page);
    inode.failed.delete(page);
    done += size;
    inode.sizeBytes = Math.max(inode.sizeBytes, offset + done);
  }
  return done;
}

/** Sets the visible size. Returns the truncation to log and how many pages were freed. */
export function truncateContent(
  inode: Inode,
  sizeBytes: number,
): { truncation: Truncation; freedPages: number } {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
    throw new IoError('EINVAL', `Bad file size ${sizeBytes}`);
  const fromPage = Math.floor(sizeBytes / PAGE_BYTES);
  const keptBytes = sizeBytes - fromPage * PAGE_BYTES;
  const dropped = sizeBytes < inode.sizeBytes ? inode.blocks.splice(fromPage) : [];
  let freedPages = 0;
  // forEach passes over the holes of a sparse file.
  dropped.forEach(() => {
    freedPages += 1;
  });
  const firstGone = keptBytes > 0 ? fromPage + 1 : fromPage;
  for (const pages of [inode.dirty, inode.failed]) {
    for (const page of pages) if (page >= firstGone) pages.delete(page);
  }
  // The cut page gets a block of its own, so that the old one stays what it was until the cut is durable.
  const cut = keptBytes > 0 ? dropped[0] : undefined;
  if (cut !== undefined) {
    const disk = cut.disk === null ? null : headOf(cut.disk, keptBytes);
    const memory = cut.memory === cut.disk && disk !== null ? disk : headOf(cut.memory, keptBytes);
    inode.blocks[fromPage] = { memory, disk };
    freedPages -= 1;
  }
  inode.sizeBytes = sizeBytes;
  inode.allocatedBytes = Math.min(inode.allocatedBytes, sizeBytes);
  const truncation = {
    sizeBytes,
    fromPage: dropped.length > 0 ? fromPage : Number.POSITIVE_INFINITY,
    dropped,
  };
  inode.truncations.push(truncation);
  return { truncation, freedPages };
}

/** What the disk holds of a page, as the file is after a power loss now (null: zeros). */
export function durablePage(inode: Inode, page: number): Uint8Array | null {
  for (const { fromPage, dropped } of inode.truncations) {
    if (page >= fromPage) return dropped[page - fromPage]?.disk ?? null;
  }
  return inode.blocks[page]?.disk ?? null;
}

/** Writes a page back to disk as it is now. */
export function writeBackPage(inode: Inode, page: number): void {
  if (!inode.dirty.delete(page)) return;
  const block = inode.blocks[page];
  if (block !== undefined) block.disk = block.memory;
}

/** Writes back only some 512-byte sectors of a page: the last thing before a power loss. */
export function tearPage(inode: Inode, page: number, keepsSector: (sector: number) => boolean): void {
  const block = inode.blocks[page];
  if (block === undefined || !inode.dirty.has(page)) return;
  const torn = block.disk === null ? new Uint8Array(PAGE_BYTES) : block.disk.slice();
  for (let sector = 0; sector < PAGE_BYTES / 512; sector++) {
    if (keepsSector(sector)) torn.set(block.memory.subarray(sector * 512, (sector + 1) * 512), sector * 512);
  }
  block.disk = torn;
}

function headOf(page: Uint8Array, keptBytes: number): Uint8Array {
  const result = new Uint8Array(PAGE_BYTES);
  result.set(page.subarray(0, keptBytes));
  return result;
}
