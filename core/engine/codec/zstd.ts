import { FormatError } from '../../errors.ts';
import { MIB } from '../../units.ts';
import type { Codec } from '../../world/codec.ts';
import { decodeBase64 } from './base64.ts';
import { inflateZlib } from './inflate.ts';
import { ZSTD_WASM_BYTES, ZSTD_WASM_ZLIB_BASE64 } from './zstd-wasm-data.ts';

/**
 * One zstd frame (RFC 8878) with content size and without check sum. See docs/formats.md. The work is done by the
 * reference library, compiled to WebAssembly.
 */

/** The functions of the library that are used; the names are those of the minified build. */
interface ZstdLibrary {
  readonly memory: { readonly buffer: ArrayBuffer };
  isError(code: number): number;
  compressBound(sizeBytes: number): number;
  compress(to: number, capacity: number, from: number, sizeBytes: number, level: number): number;
  createContext(): number;
  freeContext(context: number): void;
  /** With no dictionary: the same bytes as `compress` gives, without making and clearing tables anew. */
  compressWith(
    context: number,
    to: number,
    capacity: number,
    from: number,
    sizeBytes: number,
    dictionary: 0,
    dictionaryBytes: 0,
    level: number,
  ): number;
  decompress(to: number, capacity: number, from: number, sizeBytes: number): number;
  allocate(sizeBytes: number): number;
  free(address: number): void;
}

/** Level that stands for the codec's own default. */
const DEFAULT_LEVEL = 1;
const MAX_LEVEL = 19;

/** Inputs up to this size are compressed in a context that is kept; the tables for larger ones are large too, and are not. */
const CONTEXT_INPUT_BYTES = MIB;
/** Bytes that go through one context, far below the gigabyte where its positions would have to begin anew. */
const CONTEXT_BYTES = 256 * MIB;

/** When tables are kept from one input to the next; tests make both small. */
export interface ZstdOptions {
  /** Inputs up to this size use a context that is kept; below 0: none does. */
  readonly contextInputBytes?: number;
  /** Bytes that go through one context. */
  readonly contextBytes?: number;
}

/** Compiles the library; takes some milliseconds, so do it once. Nothing of the world is needed. */
export function loadZstdCodec({
  contextInputBytes = CONTEXT_INPUT_BYTES,
  contextBytes = CONTEXT_BYTES,
}: ZstdOptions = {}): Codec {
  const module = new WebAssembly.Module(
    inflateZlib(decodeBase64(ZSTD_WASM_ZLIB_BASE64), ZSTD_WASM_BYTES) as Uint8Array<ArrayBuffer>,
  );
  let library = instantiate(module);
  let context = 0;
  /** Bytes that went through it. */
  let doneBytes = 0;

  /** A context for so many bytes more, or 0 where there is no memory for one. */
  function contextFor(sizeBytes: number): number {
    if (context !== 0 && doneBytes + sizeBytes > contextBytes) {
      library.freeContext(context);
      context = 0;
    }
    if (context === 0) {
      context = library.createContext();
      doneBytes = 0;
    }
    doneBytes += sizeBytes;
    return context;
  }

  function compressInto(
    to: number,
    capacity: number,
    from: number,
    sizeBytes: number,
    level: number,
  ): number {
    const kept = sizeBytes <= contextInputBytes ? contextFor(sizeBytes) : 0;
    return kept === 0
      ? library.compress(to, capacity, from, sizeBytes, level)
      : library.compressWith(kept, to, capacity, from, sizeBytes, 0, 0, level);
  }

  /** Copies `input` in, calls `work` with an output area of `capacity` bytes, copies the result out. */
  function run(
    input: Uint8Array,
    capacity: number,
    work: (to: number, from: number) => number,
  ): Uint8Array | null {
    const { allocate, free } = library;
    let from = 0;
    let to = 0;
    try {
      from = allocate(Math.max(1, input.length));
      to = allocate(Math.max(1, capacity));
      if (from === 0 || to === 0) throw new RangeError(`zstd: no memory for ${capacity} bytes`);
      new Uint8Array(library.memory.buffer).set(input, from);
      const size = work(to, from);
      // A size that is no size is an error code, close to 2^32 and negative here.
      if (library.isError(size) !== 0) return null;
      return new Uint8Array(library.memory.buffer).slice(to, to + size);
    } catch (error) {
      // A trap may have left the allocator in any state.
      library = instantiate(module);
      from = to = context = 0;
      throw error;
    } finally {
      if (from !== 0) free(from);
      if (to !== 0) free(to);
    }
  }

  return {
    type: 'zstd',
    compress(data, level) {
      const capacity = library.compressBound(data.length);
      const preset = level >= 1 ? Math.min(MAX_LEVEL, Math.trunc(level)) : DEFAULT_LEVEL;
      const packed = run(data, capacity, (to, from) => compressInto(to, capacity, from, data.length, preset));
      if (packed === null) throw new RangeError(`zstd: compressing ${data.length} bytes failed`);
      return packed;
    },
    decompress(data, sizeBytes) {
      const plain = run(data, sizeBytes, (to, from) => library.decompress(to, sizeBytes, from, data.length));
      if (plain === null) throw new FormatError(`zstd: a valid frame of at most ${sizeBytes} bytes expected`);
      if (plain.length !== sizeBytes) {
        throw new FormatError(`zstd: ${sizeBytes} bytes expected, ${plain.length} came out`);
      }
      return plain;
    },
  };
}

function instantiate(module: WebAssembly.Module): ZstdLibrary {
  const trap = () => {
    throw new RangeError('zstd: the library gave up');
  };
  let memory: { readonly buffer: ArrayBuffer; grow(pages: number): number } | null = null;
  /** Asked by the allocator when the heap is too small; it must not fail silently. */
  const resizeHeap = (sizeBytes: number): number => {
    if (memory === null) return 0;
    const missing = (sizeBytes >>> 0) - memory.buffer.byteLength;
    try {
      if (missing > 0) memory.grow(Math.ceil(missing / 65536));
      return 1;
    } catch {
      return 0;
    }
  };
  const imports = { a: { a: trap, b: () => undefined, c: trap, d: () => 0, e: resizeHeap } };
  const exports = new WebAssembly.Instance(module, imports).exports as Record<string, unknown>;
  const fn = (name: string) => exports[name] as (...values: number[]) => number;
  memory = exports.f as { readonly buffer: ArrayBuffer; grow(pages: number): number };
  fn('g')();
  return {
    memory,
    isError: fn('h'),
    compressBound: fn('i'),
    createContext: fn('j'),
    freeContext: fn('k'),
    compressWith: fn('l'),
    compress: fn('m'),
    decompress: fn('r'),
    allocate: fn('s'),
    free: fn('t'),
  };
}
