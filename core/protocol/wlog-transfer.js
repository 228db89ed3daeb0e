import { FormatError, ProtocolError } from '../errors.js';
import { decodeLogpackHeader, encodeLogpackHeader, hasData, isEndBlock, isRecordDataValid, recordSizePb, } from '../format/logpack.js';
import { isCleanDiff } from '../snapshot/meta.js';
import { writeMetaDiff } from '../snapshot/meta-codec.js';
import { diffToVerboseText } from '../snapshot/meta-text.js';
import { CONTROL, withoutTrace } from './channel.js';
import { checkStop } from './chunks.js';
import { ACCEPT } from './command.js';
import { compressAll, decompressAll, readCompressed, writeCompressed, } from './compressed-data.js';
import { parseVolId } from './params.js';
/**
 * A piece of a log, protocol `wlog-transfer`, storage to proxy (docs/protocols.md, "Log transfer"), after the
 * negotiation:
 *
 *     C> volId, log uuid, block size, salt, volume size, log size      requestWlogTransfer | receiveWlogRequest
 *     S> "accept"  or an error text and the end                                       | acceptWlog, refuseWlog
 *     C> for each pack: Next, header block; for each record with data: Next, data     sendLogPack | receiveLogPacks
 *     C> End, diff                                                               finishWlogTransfer | receiveWlogDiff
 *     S> Ack, when the diff is durable                                                | finishWlog
 *
 * Header and data are compressed with snappy where it helps. Padding has data too; they are thrown away.
 */
export const WLOG_TRANSFER_STEPS = {
    sendRequest: 'wlog-transfer.send-request',
    volId: 'wlog-transfer.vol-id',
    uuid: 'wlog-transfer.uuid',
    pbs: 'wlog-transfer.pbs',
    salt: 'wlog-transfer.salt',
    volSize: 'wlog-transfer.vol-size',
    logSize: 'wlog-transfer.log-size',
    sendAccept: 'wlog-transfer.send-accept',
    sendRefusal: 'wlog-transfer.send-refusal',
    reply: 'wlog-transfer.reply',
    sendPack: 'wlog-transfer.send-pack',
    packControl: 'wlog-transfer.pack-control',
    header: 'wlog-transfer.header',
    dataControl: 'wlog-transfer.data-control',
    data: 'wlog-transfer.data',
    sendDiff: 'wlog-transfer.send-diff',
    diff: 'wlog-transfer.diff',
    sendAck: 'wlog-transfer.send-ack',
    ack: 'wlog-transfer.ack',
};
const STEPS = WLOG_TRANSFER_STEPS;
const SERVER = 's2pWlogTransferServer';
/** Client: asks. Returns null when accepted, else the proxy's text. */
export async function requestWlogTransfer(channel, request) {
    const { out } = channel;
    out.string(request.volId);
    out.raw(request.uuid);
    out.u32(request.physicalBlockBytes);
    out.u32(request.salt);
    out.u64(request.volSizeLb);
    out.u64(request.maxLogSizePb);
    await channel.flush(STEPS.sendRequest);
    const reply = await channel.readString(STEPS.reply);
    return reply === ACCEPT ? null : withoutTrace(reply);
}
/** Server: reads the request. Throws FormatError for a bad volume id or a block size other than 512 or 4096. */
export async function receiveWlogRequest(channel) {
    const volId = await channel.readString(STEPS.volId);
    const uuid = await channel.readUuid(STEPS.uuid);
    const physicalBlockBytes = await channel.readU32(STEPS.pbs);
    const salt = await channel.readU32(STEPS.salt);
    const volSizeLb = await channel.readNumber(STEPS.volSize);
    const maxLogSizePb = await channel.readNumber(STEPS.logSize);
    parseVolId(volId);
    if (physicalBlockBytes !== 512 && physicalBlockBytes !== 4096) {
        throw new FormatError(`${SERVER}:bad pbs: 512 or 4096 is expected, got ${physicalBlockBytes}`);
    }
    return { volId, uuid, physicalBlockBytes, salt, volSizeLb, maxLogSizePb };
}
/** Server: admits the transfer. */
export async function acceptWlog(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/** Server: refuses and closes. Never throws. */
export async function refuseWlog(channel, text) {
    await channel.fail(text, STEPS.sendRefusal);
}
/**
 * Client: sends a pack. A padding record of size 0 cannot be told (data of size 0 have no form), so it is left
 * out, and with it a pack that has nothing else.
 */
export async function sendLogPack(channel, pack, request, codecs) {
    const sendable = withoutEmptyPadding(pack, request);
    if (sendable === null)
        return;
    const blocks = [sendable.headerBlock];
    sendable.header.records.forEach((record, i) => {
        if (hasData(record))
            blocks.push(dataToSend(record, sendable.data[i], request.physicalBlockBytes));
    });
    for (const data of await compressAll(blocks, codecs)) {
        channel.out.u8(CONTROL.next);
        await writeCompressed(channel, data, STEPS.sendPack);
    }
    await channel.flush(STEPS.sendPack);
}
/** The data of a record as they are told; those of padding may be left out and are zeros then. */
function dataToSend(record, data, pbs) {
    const sizeBytes = recordSizePb(record, pbs) * pbs;
    if (data === null && record.kind === 'padding')
        return new Uint8Array(sizeBytes);
    if (data !== null && data.length === sizeBytes)
        return data;
    throw new RangeError(`the data of lsid ${record.lsid} must have ${sizeBytes} bytes, got ${data?.length}`);
}
function withoutEmptyPadding(pack, { physicalBlockBytes, salt }) {
    const { records } = pack.header;
    const isEmpty = records.map((record) => record.kind === 'padding' && record.sizeLb === 0);
    if (!isEmpty.includes(true))
        return pack;
    const kept = records.filter((_, i) => !isEmpty[i]);
    if (kept.length === 0)
        return null;
    const paddingCount = Math.min(pack.header.paddingCount, kept.filter((r) => r.kind === 'padding').length);
    const header = { ...pack.header, records: kept, paddingCount };
    return {
        header,
        headerBlock: encodeLogpackHeader(header, physicalBlockBytes, salt),
        data: pack.data.filter((_, i) => !isEmpty[i]),
    };
}
/** Client: ends the log, says which diff it is, and waits until the proxy has made that durable. */
export async function finishWlogTransfer(channel, diff) {
    channel.out.u8(CONTROL.end);
    writeMetaDiff(channel.out, diff);
    await channel.flush(STEPS.sendDiff);
    await channel.readAck(STEPS.ack);
    channel.close();
}
/**
 * Server: the packs, one by one, until the client ends the log. Verified: header, order inside the pack,
 * checksums of data. Throws FormatError for bad data, ProtocolError when the client gives up or breaks off.
 */
export async function* receiveLogPacks(channel, request, codecs, hooks = {}) {
    for (;;) {
        checkStop(hooks);
        const control = await channel.readControl(STEPS.packControl);
        if (control === CONTROL.end)
            return;
        if (control === CONTROL.error)
            throw new ProtocolError('WlogReceiver:process:isError: the client gave up');
        if (control !== CONTROL.next) {
            throw new ProtocolError(`a log pack or the end is expected at ${STEPS.packControl}, got ${control}`);
        }
        yield await receiveLogPack(channel, request, codecs);
    }
}
async function receiveLogPack(channel, { physicalBlockBytes, salt }, codecs) {
    const compressedHeader = await readCompressed(channel, physicalBlockBytes, STEPS.header);
    const [headerBlock] = await decompressAll([compressedHeader], codecs);
    const header = decodeLogpackHeader(headerBlock, salt);
    if (isEndBlock(header))
        throw new FormatError('popHeader:end header is not permitted');
    const compressed = [];
    for (const record of header.records) {
        if (!hasData(record))
            continue;
        const control = await channel.readControl(STEPS.dataControl);
        if (control !== CONTROL.next) {
            throw new ProtocolError(`data of a record are expected at ${STEPS.dataControl}, got ${control}`);
        }
        const sizeBytes = recordSizePb(record, physicalBlockBytes) * physicalBlockBytes;
        const data = await readCompressed(channel, sizeBytes, STEPS.data);
        if (record.kind === 'normal')
            compressed.push(data);
    }
    const blocks = await decompressAll(compressed, codecs);
    let next = 0;
    const data = header.records.map((record) => (record.kind === 'normal' ? blocks[next++] : null));
    header.records.forEach((record, i) => {
        const block = data[i];
        if (block !== null && !isRecordDataValid(record, block, salt)) {
            throw new FormatError(`WlogReceiver:popIo:invalid checksum: the data of lsid ${record.lsid} are damaged`);
        }
    });
    return { header, headerBlock, data };
}
/** Server: reads the diff that the log makes. Throws FormatError unless both its ends are clean. */
export async function receiveWlogDiff(channel) {
    const diff = await channel.readMetaDiff(STEPS.diff);
    if (!isCleanDiff(diff))
        throw new FormatError(`${SERVER}:diff is not clean:${diffToVerboseText(diff)}`);
    return diff;
}
/** Server: the diff is durable. */
export async function finishWlog(channel) {
    channel.putAck();
    await channel.finish(STEPS.sendAck);
}
