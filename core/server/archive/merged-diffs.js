import { WdiffMerger } from '../../engine/merge.js';
import { openWdiff } from '../../engine/open-wdiff.js';
import { FormatError } from '../../errors.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/** Reading the contents of wdiffs that are open. */
/** A file as the engine reads it. */
export async function fileReader(handle) {
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
export async function mergeWdiffs(wdiffs, codecs) {
    const inputs = [];
    for (const { handle } of wdiffs)
        inputs.push(await openWdiff(await fileReader(handle), codecs));
    return WdiffMerger.open(inputs);
}
/** The same stream, held back as the sleeper asks. */
export function throttled(ios, sleeper) {
    return {
        async next() {
            await sleeper.sleep();
            return ios.next();
        },
    };
}
