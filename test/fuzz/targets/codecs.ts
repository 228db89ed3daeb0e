import { loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { FormatError } from '../../../core/errors.ts';
import { COMPRESSION_TYPES, type Codec } from '../../../core/world/codec.ts';
import { loadNativeCodecs } from '../../../native/codecs.ts';
import { FuzzFault, type FuzzTarget } from '../target.ts';

const SIZES = [512, 1536, 16384];

/** Data of some structure and some noise. */
function plain(sizeBytes: number, seed: number): Uint8Array {
  let state = seed * 2654435761;
  return Uint8Array.from({ length: sizeBytes }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return seed === 0 ? i & 0x3f : i % 64 < 40 ? (i >> 3) & 0xff : state >>> 24;
  });
}

/** Two bytes in front choose how much must come out; what follows is compressed data. */
function input(sizeBytes: number, packed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + packed.length);
  new DataView(bytes.buffer).setUint16(0, sizeBytes / 512, true);
  bytes.set(packed, 2);
  return bytes;
}

function target(name: string, load: () => Promise<Codec>): FuzzTarget {
  let loaded: Promise<Codec> | null = null;
  const codec = () => (loaded ??= load());
  return {
    name,
    async seeds() {
      const { compress } = await codec();
      return SIZES.flatMap((size) => [0, 1, 2].map((seed) => input(size, compress(plain(size, seed), 0))));
    },
    async run(bytes) {
      const { compress, decompress } = await codec();
      if (bytes.length < 2) return;
      const sizeBytes = (bytes[0] | (bytes[1] << 8)) * 512;
      const data = decompress(bytes.slice(2), sizeBytes);
      if (data.length !== sizeBytes) throw new FuzzFault(`${data.length} bytes instead of ${sizeBytes}`);
      const again = decompress(compress(data, 0), sizeBytes);
      if (Buffer.compare(again, data) !== 0) throw new FuzzFault('decompress(compress(x)) is not x');
    },
    refusals: [FormatError],
    maxArrayBytes: 40 * 1024 * 1024,
  };
}

/** Targets of decompressors, in TypeScript and native. */
export const CODEC_TARGETS: readonly FuzzTarget[] = COMPRESSION_TYPES.filter(
  (type) => type !== 'none',
).flatMap((type) => [
  target(`${type}-portable`, async () => (await loadPortableCodecs()).get(type) as Codec),
  target(`${type}-native`, async () => loadNativeCodecs().get(type) as Codec),
]);
