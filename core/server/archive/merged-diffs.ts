import type { RandomReader } from '../../engine/byte-stream.ts';
import { WdiffMerger } from '../../engine/merge.ts';
import { openWdiff } from '../../engine/open-wdiff.ts';
import type { IoStream } from '../../engine/plain-io.ts';
import type { WdiffInput } from '../../engine/wdiff-input.ts';
import { FormatError } from '../../errors.ts';
import type { CodecPool, FileHandle } from '../../world/index.ts';
import type { ScanSleeper } from './scan-sleeper.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import type { OpenWdiff } from './wdiff-store.ts';

/** Reading the contents of wdiffs that are open. */

/** A file as the engine reads it. */
export async function fileReader(handle: FileHandle): Promise<RandomReader> {
  const sizeBytes = await handle.sizeBytes(STEPS.readWdiff);
  return {
    sizeBytes,
    async read(offset, wantedBytes) {
      const bytes = await handle.read(offset, wantedBytes, STEPS.readWdiff);
      if (bytes.length < wantedBytes)
        throw new FormatError(`eof error: ${wantedBytes} bytes expected`, offset);
      return bytes;
    },
  };
}

/** The diffs as one stream in which the newest win. At least one; in the order in which they are applied. */
export async function mergeWdiffs(wdiffs: readonly OpenWdiff[], codecs: CodecPool): Promise<WdiffMerger> {
  const inputs: WdiffInput[] = [];
  for (const { handle } of wdiffs) inputs.push(await openWdiff(await fileReader(handle), codecs));
  return WdiffMerger.open(inputs);
}

/** The same stream, held back as the sleeper asks. */
export function throttled(ios: IoStream, sleeper: ScanSleeper): IoStream {
  return {
    async next() {
      await sleeper.sleep();
      return ios.next();
    },
  };
}
