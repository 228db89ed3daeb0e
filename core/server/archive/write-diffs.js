import { applyIos } from '../../engine/apply.js';
import { US_PER_S } from '../../units.js';
import { alignedDevice } from './aligned-device.js';
import { mergeWdiffs, throttled } from './merged-diffs.js';
import { ScanSleeper } from './scan-sleeper.js';
import { checkAborted } from './volume.js';
const LOG_INTERVAL_US = 60 * US_PER_S;
/**
 * Writes diffs to a volume, merged on the way; everything is durable when it returns. Throws AbortedError when
 * the volume or the server is stopped by force, FormatError for a diff that reaches beyond the volume.
 */
export async function writeDiffs(server, volume, device, wdiffs, steps) {
    const { options } = server;
    const { codecs, clock } = volume.world;
    const merged = await mergeWdiffs(wdiffs, codecs);
    const sleeper = new ScanSleeper(clock, options.applySleepPercent);
    let loggedUs = clock.monotonicUs();
    const ios = {
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
    await applyIos(throttled(ios, sleeper), alignedDevice(device), { write: steps.write, discard: steps.write, flush: steps.flush }, { discard: options.discardPolicy, flushIntervalBytes: options.fsyncIntervalBytes });
}
