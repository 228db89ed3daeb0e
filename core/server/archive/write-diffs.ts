import { applyIos } from '../../engine/apply.ts';
import type { IoStream } from '../../engine/plain-io.ts';
import type { BlockDevice, Step } from '../../world/index.ts';
import { alignedDevice } from './aligned-device.ts';
import { mergeWdiffs, throttled } from './merged-diffs.ts';
import { ScanSleeper } from './scan-sleeper.ts';
import { type ArchiveServer, type ArchiveVolume, checkAborted } from './volume.ts';
import type { OpenWdiff } from './wdiff-store.ts';

/**
 * Writes diffs to a volume, merged on the way; everything is durable when it returns. Throws AbortedError when
 * the volume or the server is stopped by force, FormatError for a diff that reaches beyond the volume.
 */
export async function writeDiffs(
  server: ArchiveServer,
  volume: ArchiveVolume,
  device: BlockDevice,
  wdiffs: readonly OpenWdiff[],
  steps: { readonly write: Step; readonly flush: Step },
): Promise<void> {
  const { options } = server;
  const { codecs, clock } = volume.world;
  const merged = await mergeWdiffs(wdiffs, codecs);
  const sleeper = new ScanSleeper(clock, options.applySleepPercent);
  const ios: IoStream = {
    async next() {
      checkAborted(server, volume, 'applyOpenedDiffs');
      return merged.next();
    },
  };
  await applyIos(
    throttled(ios, sleeper),
    alignedDevice(device),
    { write: steps.write, discard: steps.write, flush: steps.flush },
    { discard: options.discardPolicy, flushIntervalBytes: options.fsyncIntervalBytes },
  );
}
