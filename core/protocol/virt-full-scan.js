import { FormatError, ProtocolError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { CONTROL } from './channel.js';
import { checkStop, chunkBatches, decodeBatch, encodeBatch, } from './chunks.js';
import { ACCEPT, expectReply, sendWords } from './command.js';
import { OK } from './negotiation.js';
/**
 * The content of a snapshot (docs/protocols.md, "virt-full-scan"), after the negotiation with an archive:
 *
 *     C> list: volId, gid, chunk size, size, pause     all but the first two may be left out
 *     S> "accept"                                      or an error text
 *     S> size of what comes
 *     S> Next, size of the compressed chunk, chunk     for each chunk; size 0: the chunk is all zero
 *     S> End                                           or Error, when it gives up
 *     C> Ack
 *     S> "ok"
 *
 * Chunks are compressed with snappy. Both sides read the chunk size from the same word. The words are read
 * with `receiveWords`, a refusal is `replyError` of command.ts.
 */
export const VIRT_FULL_SCAN_STEPS = {
    sendAccept: 'virt-full-scan.send-accept',
    sendSize: 'virt-full-scan.send-size',
    size: 'virt-full-scan.size',
    sendChunk: 'virt-full-scan.send-chunk',
    control: 'virt-full-scan.control',
    encodedSize: 'virt-full-scan.encoded-size',
    chunk: 'virt-full-scan.chunk',
    sendEnd: 'virt-full-scan.send-end',
    sendAck: 'virt-full-scan.send-ack',
    ack: 'virt-full-scan.ack',
    sendOk: 'virt-full-scan.send-ok',
    end: 'virt-full-scan.end',
};
const STEPS = VIRT_FULL_SCAN_STEPS;
const CLIENT = 'c2aVirtualFullScanClient';
const SNAPPY = Object.freeze({ type: 'snappy', level: 0, cpuCount: 1 });
/** Client: asks for a snapshot's content and stores it. Returns its size. */
export async function askVirtFullScan(channel, words, target) {
    await sendWords(channel, words, CLIENT);
    await expectReply(channel, ACCEPT, CLIENT);
    const sizeLb = await channel.readNumber(STEPS.size);
    await target.open(sizeLb);
    for (const batch of chunkBatches({ startLb: 0, sizeLb, bulkLb: target.bulkLb }, SNAPPY)) {
        await receiveBatch(channel, batch, target);
    }
    const control = await channel.readControl(STEPS.control);
    if (control !== CONTROL.end)
        throw new ProtocolError(`${CLIENT}:the end is expected, got control ${control}`);
    await target.sync();
    await channel.sendAck(STEPS.sendAck);
    const reply = await channel.readString(STEPS.end);
    if (reply !== OK)
        throw new ProtocolError(`${CLIENT}:${reply}`);
    return sizeLb;
}
async function receiveBatch(channel, batch, target) {
    const encoded = [];
    for (const range of batch) {
        checkStop(target);
        encoded.push(await receiveChunk(channel, range));
    }
    const chunks = await decodeBatch(encoded, SNAPPY, target.codecs);
    for (let i = 0; i < batch.length; i++) {
        const { addressLb, sizeLb } = batch[i];
        await target.writeChunk(addressLb, sizeLb, chunks[i]);
        target.onProgress?.(addressLb + sizeLb);
    }
}
async function receiveChunk(channel, range) {
    const control = await channel.readControl(STEPS.control);
    if (control === CONTROL.error)
        throw new ProtocolError(`${CLIENT}:the server gave up at ${range.addressLb}`);
    if (control !== CONTROL.next) {
        throw new ProtocolError(`${CLIENT}:a chunk at ${range.addressLb} is expected, got control ${control}`);
    }
    const sizeBytes = await channel.readNumber(STEPS.encodedSize);
    if (sizeBytes === 0)
        return { ...range, encoded: null };
    const chunkBytes = range.sizeLb * LOGICAL_BLOCK_BYTES;
    // What snappy makes of n bytes is never longer.
    const maxBytes = 32 + chunkBytes + Math.floor(chunkBytes / 6);
    if (sizeBytes > maxBytes) {
        throw new FormatError(`a chunk of at most ${maxBytes} bytes is expected, got ${sizeBytes}`);
    }
    return { ...range, encoded: await channel.readBytes(sizeBytes, STEPS.chunk) };
}
/** Server: the scan begins. */
export async function acceptVirtFullScan(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/**
 * Server, behind the acceptance: sends the image, waits until the client has stored it, and ends. When told to
 * stop it says so to the client and throws AbortedError.
 */
export async function sendVirtFullScan(channel, source) {
    const { sizeLb, bulkLb } = source;
    channel.out.u64(sizeLb);
    await channel.flush(STEPS.sendSize);
    const plan = { startLb: 0, sizeLb, bulkLb };
    for (const batch of chunkBatches(plan, SNAPPY)) {
        const chunks = await encodeBatch(batch, SNAPPY, source.codecs, source.readChunk);
        for (const chunk of chunks)
            await sendChunk(channel, source, chunk);
    }
    channel.out.u8(CONTROL.end);
    await channel.flush(STEPS.sendEnd);
    await channel.readAck(STEPS.ack);
    channel.out.string(OK);
    await channel.finish(STEPS.sendOk);
}
async function sendChunk(channel, source, chunk) {
    try {
        checkStop(source);
    }
    catch (stopped) {
        channel.out.u8(CONTROL.error);
        await channel.flush(STEPS.sendEnd);
        throw stopped;
    }
    channel.out.u8(CONTROL.next);
    channel.out.u64(chunk.encoded === null ? 0 : chunk.encoded.length);
    if (chunk.encoded !== null)
        await channel.writeBytes(chunk.encoded, STEPS.sendChunk);
    await channel.flush(STEPS.sendChunk);
    source.onProgress?.(chunk.addressLb + chunk.sizeLb);
    await source.throttle?.(chunk.sizeLb);
}
