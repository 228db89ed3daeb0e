import type { CompressionType } from '../world/codec.ts';
import type { PassedIo } from './io-codec.ts';
import type { WdiffMerger } from './merge.ts';
import type { PlainIo } from './plain-io.ts';
import type { SortedWdiffWriter } from './sorted-wdiff-writer.ts';

/**
 * Writes all that a merge gives with codec `type`, which is that of the writer; the writer is not closed. Inputs are told
 * what was written, so that their memory serves again. `onIo` is told each IO before it is added.
 */
export async function writeMerged(
  merger: WdiffMerger,
  writer: SortedWdiffWriter,
  type: CompressionType,
  onIo: (io: PlainIo | PassedIo) => void = () => undefined,
): Promise<void> {
  for (let ios = await merger.nextStored(type); ios.length > 0; ios = await merger.nextStored(type)) {
    for (const io of ios) {
      onIo(io);
      await writer.add(io);
    }
    merger.forget(writer.writtenLb);
  }
}
