import { receiveImage } from '../../protocol/full-sync-stream.js';
import { LvWriter } from './lv-writer.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { isAborted } from './volume.js';
/**
 * Receives an image into the base, which must have been prepared. Everything is durable when it returns;
 * `onFlushed` hears of what is durable before.
 */
export async function receiveBaseImage(server, volume, channel, plan, compression, onFlushed = async () => { }) {
    const { lvs, world } = volume;
    const device = await lvs.open(lvs.baseName, 'write', STEPS.openBase);
    const writer = new LvWriter(device, {
        writeStep: STEPS.fullImage,
        flushStep: STEPS.fullFlush,
        flushIntervalBytes: server.options.fsyncIntervalBytes,
        onFlushed,
    });
    const writeChunk = async (addressLb, sizeLb, data) => {
        if (data !== null)
            await writer.write(addressLb, data);
        else if (lvs.isThin)
            await writer.skip(addressLb, sizeLb);
        else
            await writer.writeZeros(addressLb, sizeLb);
    };
    try {
        await receiveImage(channel, {
            plan,
            compression,
            codecs: world.codecs,
            writeChunk,
            shouldStop: () => isAborted(server, volume),
            onProgress: (doneLb) => {
                volume.progressLb = doneLb;
            },
        });
        await writer.flush();
    }
    finally {
        volume.progressLb = 0;
        await writer.close();
    }
}
