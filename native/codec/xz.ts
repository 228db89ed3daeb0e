import { lzmaCodec } from '../../core/engine/codec/xz.ts';
import { bufferView, optionalLibrary, unshared, withPortable } from './library.ts';

/** What is used of the package `lzma-native`: the coder beneath its streams, which can work synchronously. */
interface LzmaLibrary {
  readonly Stream: new () => LzmaStream;
  readonly CHECK_CRC64: number;
  readonly FILTER_LZMA2: string;
  readonly MODE_FAST: number;
  readonly MODE_NORMAL: number;
  readonly MF_HC3: number;
  readonly MF_HC4: number;
  readonly MF_BT4: number;
}

interface LzmaStream {
  streamEncoder(options: { filters: readonly object[]; check: number }): void;
  streamDecoder(options: { memlimit: number }): void;
  bufferHandler: (
    bytes: Uint8Array | null,
    chunkCount: number | undefined,
    error: unknown,
    totalIn: number | null,
  ) => void;
  /** Works on the next bytes, null = the end, at once when `isAsync` is false. */
  code(data: Uint8Array | null, isAsync: false): void;
  resetUnderlying(): void;
}

/** What the presets of xz mean but for the dictionary, by level: mode, match finder, nice length, depth. */
const PRESETS = [
  ['MODE_FAST', 'MF_HC3', 128, 4],
  ['MODE_FAST', 'MF_HC4', 128, 8],
  ['MODE_FAST', 'MF_HC4', 273, 24],
  ['MODE_FAST', 'MF_HC4', 273, 48],
  ['MODE_NORMAL', 'MF_BT4', 16, 0],
  ['MODE_NORMAL', 'MF_BT4', 32, 0],
  ['MODE_NORMAL', 'MF_BT4', 64, 0],
] as const;
/** Presets above 6 need more memory than the original's decoder has. */
const MAX_PRESET = 6;
/** Dictionary of preset 6, the largest; more than the data have is of no use, and costs time to clear. */
const MAX_DICTIONARY_BYTES = 8 << 20;
const MIN_DICTIONARY_BYTES = 4096;
/** Memory of a decoder: what the highest preset of xz needs. */
const DECODER_LIMIT_BYTES = 80 << 20;
/** Checks that the portable codec knows: none, CRC32, CRC64. Where an .xz stream says which it has. */
const CHECK_TYPES: readonly number[] = [0, 1, 4];
const CHECK_TYPE_AT = 7;
/**
 * A decoder gets its input in pieces, between which the size of the output is looked at; a byte of input becomes 7000
 * at most.
 */
const MAX_PIECE_BYTES = 4096;
const MIN_PIECE_BYTES = 64;
/** Pieces in which data of the expected size would come, if they did not compress. */
const PIECES = 64;

const library = optionalLibrary<LzmaLibrary>('lzma-native');

/** The `lzma` of the wdiff format (an .xz stream with CRC64) by liblzma in the package `lzma-native`. */
export const fastLzma = withPortable(lzmaCodec, {
  isThere: () => library() !== null,
  compress(data, level) {
    const lzma = library();
    if (lzma === null) return data;
    const [mode, mf, niceLen, depth] = PRESETS[level >= 1 ? Math.min(MAX_PRESET, level) : MAX_PRESET];
    const dictSize = Math.max(MIN_DICTIONARY_BYTES, Math.min(MAX_DICTIONARY_BYTES, data.length));
    const options = { dictSize, lc: 3, lp: 0, pb: 2, mode: lzma[mode], mf: lzma[mf], niceLen, depth };
    const stream = new lzma.Stream();
    stream.streamEncoder({ filters: [{ id: lzma.FILTER_LZMA2, options }], check: lzma.CHECK_CRC64 });
    return code(stream, data, data.length, Number.POSITIVE_INFINITY)?.bytes ?? data;
  },
  decompress(data, sizeBytes) {
    const lzma = library();
    if (lzma === null || !CHECK_TYPES.includes(data[CHECK_TYPE_AT])) return null;
    const stream = new lzma.Stream();
    stream.streamDecoder({ memlimit: DECODER_LIMIT_BYTES });
    const pieceBytes = Math.max(MIN_PIECE_BYTES, Math.min(MAX_PIECE_BYTES, Math.ceil(sizeBytes / PIECES)));
    const coded = code(stream, data, pieceBytes, sizeBytes);
    return coded?.consumedBytes === data.length ? coded.bytes : null;
  },
});

/** Runs a stream over all of `data`; null when more than `maxBytes` come out. Throws what the library says. */
function code(
  stream: LzmaStream,
  shared: Uint8Array,
  pieceBytes: number,
  maxBytes: number,
): { bytes: Uint8Array; consumedBytes: number } | null {
  const data = unshared(shared);
  const parts: Uint8Array[] = [];
  let outBytes = 0;
  let consumedBytes = 0;
  let failure: unknown = null;
  stream.bufferHandler = (bytes, _chunkCount, error, totalIn) => {
    failure ??= error ?? null;
    if (totalIn !== null && totalIn !== undefined) consumedBytes = totalIn;
    if (bytes === null || bytes === undefined) return;
    parts.push(bytes);
    outBytes += bytes.length;
  };
  try {
    for (let at = 0; at < data.length; at += pieceBytes) {
      stream.code(bufferView(data.subarray(at, at + pieceBytes)), false);
      if (failure !== null) throw failure;
      if (outBytes > maxBytes) return null;
    }
    stream.code(null, false);
    if (failure !== null) throw failure;
  } finally {
    stream.resetUnderlying();
  }
  return { bytes: parts.length === 1 ? parts[0] : Buffer.concat(parts), consumedBytes };
}
