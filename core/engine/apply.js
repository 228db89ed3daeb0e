import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { throwIfAborted } from './abort.js';
import { DeviceWriter } from './device-writer.js';
/** Bytes after which written data are made durable: 1 GiB. */
export const DEFAULT_FLUSH_INTERVAL_BYTES = 1024 * MIB;
/**
 * Writes the IOs of a stream to a device. When it returns everything is durable. Applying the same diffs again gives
 * the same content, so whoever was stopped half way begins anew. Throws FormatError for an IO out of range,
 * AbortedError when told to stop, and what the device throws; nothing is in flight then.
 * See docs/formats.md, "Applying".
 */
export async function applyIos(ios, device, steps, options) {
    const writer = new DeviceWriter(device, steps, options);
    const { flushIntervalBytes = DEFAULT_FLUSH_INTERVAL_BYTES, signal } = options;
    let unflushedBytes = 0;
    try {
        for (let io = await ios.next(); io !== null; io = await ios.next()) {
            throwIfAborted(signal);
            const inRange = io.addressLb + io.sizeLb <= device.sizeLb();
            if (!inRange && options.outOfRange !== 'skip')
                throw outOfRange(io, device.sizeLb());
            const applied = inRange && (await applyIo(writer, io, options.discard));
            options.onIo?.(io, applied);
            unflushedBytes += io.sizeLb * LOGICAL_BLOCK_BYTES;
            if (unflushedBytes >= flushIntervalBytes) {
                await writer.flush();
                unflushedBytes = 0;
            }
        }
        throwIfAborted(signal);
        await writer.flush();
    }
    finally {
        await writer.abandon();
    }
}
/** Begins to write one IO; false when there is nothing to do for it. */
export async function applyIo(writer, io, discard) {
    if (io.kind === 'normal') {
        await writer.write(io.addressLb, io.data);
    }
    else if (io.kind === 'zero' || discard === 'zero') {
        await writer.writeZeros(io.addressLb, io.sizeLb);
    }
    else if (discard === 'passdown') {
        await writer.discard(io.addressLb, io.sizeLb);
    }
    else {
        return false;
    }
    return true;
}
function outOfRange(io, sizeLb) {
    return new FormatError(`out of range: an IO ends at ${io.addressLb + io.sizeLb}, the device has ${sizeLb} blocks`);
}
