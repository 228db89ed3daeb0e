/** Inputs that tell how much of them was read. */
import { type ByteSource, type RandomReader, sourceReadBy } from '../../core/engine/byte-stream.ts';
import type { Progress } from '../progress.ts';

/** The source, what is read of which is progress. */
export function meteredSource(source: ByteSource, progress: Progress): ByteSource {
  return sourceReadBy(source, async (maxBytes) => {
    const bytes = await source.read(maxBytes);
    progress.add(bytes?.length ?? 0);
    return bytes;
  });
}

/** The reader, what is read of which is progress. */
export function meteredReader(reader: RandomReader, progress: Progress): RandomReader {
  const { sizeBytes, pieceBytes } = reader;
  const stream = reader.stream?.bind(reader);
  return {
    sizeBytes,
    ...(pieceBytes === undefined ? {} : { pieceBytes }),
    ...(stream === undefined ? {} : { stream: () => meteredSource(stream(), progress) }),
    async read(offset, length) {
      const bytes = await reader.read(offset, length);
      progress.add(bytes.length);
      return bytes;
    },
  };
}
