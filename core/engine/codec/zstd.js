import { FormatError } from '../../errors.js';
import { decodeBase64 } from './base64.js';
import { inflateZlib } from './inflate.js';
import { ZSTD_WASM_BYTES, ZSTD_WASM_ZLIB_BASE64 } from './zstd-wasm-data.js';
/** Level that stands for the codec's own default. */
const DEFAULT_LEVEL = 1;
const MAX_LEVEL = 19;
/** Compiles the library; takes some milliseconds, so do it once. Nothing of the world is needed. */
export function loadZstdCodec() {
    const module = new WebAssembly.Module(inflateZlib(decodeBase64(ZSTD_WASM_ZLIB_BASE64), ZSTD_WASM_BYTES));
    let library = instantiate(module);
    /** Copies `input` in, calls `work` with an output area of `capacity` bytes, copies the result out. */
    function run(input, capacity, work) {
        const { allocate, free } = library;
        let from = 0;
        let to = 0;
        try {
            from = allocate(Math.max(1, input.length));
            to = allocate(Math.max(1, capacity));
            if (from === 0 || to === 0)
                throw new RangeError(`zstd: no memory for ${capacity} bytes`);
            new Uint8Array(library.memory.buffer).set(input, from);
            const size = work(to, from);
            // A size that is no size is an error code, close to 2^32 and negative here.
            if (library.isError(size) !== 0)
                return null;
            return new Uint8Array(library.memory.buffer).slice(to, to + size);
        }
        catch (error) {
            // A trap may have left the allocator in any state.
            library = instantiate(module);
            from = to = 0;
            throw error;
        }
        finally {
            if (from !== 0)
                free(from);
            if (to !== 0)
                free(to);
        }
    }
    return {
        type: 'zstd',
        compress(data, level) {
            const capacity = library.compressBound(data.length);
            const preset = level >= 1 ? Math.min(MAX_LEVEL, Math.trunc(level)) : DEFAULT_LEVEL;
            const packed = run(data, capacity, (to, from) => library.compress(to, capacity, from, data.length, preset));
            if (packed === null)
                throw new RangeError(`zstd: compressing ${data.length} bytes failed`);
            return packed;
        },
        decompress(data, sizeBytes) {
            const plain = run(data, sizeBytes, (to, from) => library.decompress(to, sizeBytes, from, data.length));
            if (plain === null)
                throw new FormatError(`zstd: a valid frame of at most ${sizeBytes} bytes expected`);
            if (plain.length !== sizeBytes) {
                throw new FormatError(`zstd: ${sizeBytes} bytes expected, ${plain.length} came out`);
            }
            return plain;
        },
    };
}
function instantiate(module) {
    const trap = () => {
        throw new RangeError('zstd: the library gave up');
    };
    let memory = null;
    /** Asked by the allocator when the heap is too small; it must not fail silently. */
    const resizeHeap = (sizeBytes) => {
        if (memory === null)
            return 0;
        const missing = (sizeBytes >>> 0) - memory.buffer.byteLength;
        try {
            if (missing > 0)
                memory.grow(Math.ceil(missing / 65536));
            return 1;
        }
        catch {
            return 0;
        }
    };
    const imports = { a: { a: trap, b: () => undefined, c: trap, d: () => 0, e: resizeHeap } };
    const exports = new WebAssembly.Instance(module, imports).exports;
    const fn = (name) => exports[name];
    memory = exports.f;
    fn('g')();
    return {
        memory,
        isError: fn('h'),
        compressBound: fn('i'),
        compress: fn('m'),
        decompress: fn('r'),
        allocate: fn('s'),
        free: fn('t'),
    };
}
