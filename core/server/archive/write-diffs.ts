import { applyIos } from '../../engine/apply.ts';
import type { IoStream } from '../../engine/plain-io.ts';
import { US_PER_S } from '../../units.ts';
import type { BlockDevice, Step } from '../../world/index.ts';
import { alignedDevice } from './aligned-device.ts';
import { mergeWdiffs, throttled } from './merged-diffs.ts';
import { ScanSleeper } from './scan-sleeper.ts';
import { type ArchiveServer, type ArchiveVolume, checkAborted } from './volume.ts';
import type { OpenWdiff } from './wdiff-store.ts';

const LOG_INTERVAL_US = 60 * US_PER_S;

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
  let loggedUs = clock.monotonicUs();
  const ios: IoStream = {
    async next() {
      checkAborted(server, volume, 'applyOpenedDiffs');
      const io = await merged.next();
      if (io !== null && clock.monotonicUs() - loggedUs >= LOG_INTERVAL_US) {
        loggedUs = clock.monotonicUs();
        volume.world.log.info(`applyOpenedDiffs:progress:${io.addressLb}:${device.sizeLb()}`);
      }
      return io;
    },
  };
  await applyIos(
    throttled(ios, sleeper),
    alignedDevice(device),
    { write: steps.write, discard: steps.write, flush: steps.flush },
    { discard: options.discardPolicy, flushIntervalBytes: options.fsyncIntervalBytes },
  );
}
