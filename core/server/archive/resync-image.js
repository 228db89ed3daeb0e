import { applyIo } from '../../engine/apply.js';
import { DeviceWriter } from '../../engine/device-writer.js';
import { decompressIos } from '../../engine/io-codec.js';
import { storedIo } from '../../engine/pack-image.js';
import { alignedDevice } from './aligned-device.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/** Opens the base for a resync: received packs go straight into it. */
export async function openResyncImage(server, volume) {
    const { lvs, world } = volume;
    const { discardPolicy, fsyncIntervalBytes } = server.options;
    const device = alignedDevice(await lvs.open(lvs.baseName, 'write', STEPS.openBase));
    const writer = new DeviceWriter(device, {
        write: STEPS.resyncImage,
        discard: STEPS.resyncImage,
        flush: STEPS.resyncFlush,
    });
    let unflushedBytes = 0;
    return {
        readChunk: (addressLb, sizeLb) => device.read(addressLb, sizeLb, STEPS.readBase),
        async writePack({ header, records, data }) {
            const stored = records.map((record) => storedIo(record, data.subarray(record.dataOffsetBytes, record.dataOffsetBytes + record.dataSizeBytes)));
            for (const io of await decompressIos(stored, world.codecs))
                await applyIo(writer, io, discardPolicy);
            unflushedBytes += header.length + data.length;
            if (unflushedBytes < fsyncIntervalBytes)
                return;
            await writer.flush();
            unflushedBytes = 0;
        },
        flush: () => writer.flush(),
        async close() {
            await writer.abandon();
            device.close();
        },
    };
}
