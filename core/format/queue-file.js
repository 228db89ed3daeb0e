import { FormatError, StateError } from '../errors.js';
import { checksum } from './checksum.js';
import { decodeQueueHeader, decodeRecord, decodeStub, encodeQueueHeader, encodeRecordHeader, headerOffset, MAX_RECORD_BYTES, MIN_QUEUE_FILE_BYTES, RECORD_AREA_OFFSET, RECORD_HEADER_BYTES, } from './queue-layout.js';
/** Files are whole pages. */
const PAGE_BYTES = 4096;
const SYNC = { kind: 'sync' };
/** A new empty queue; the steps are for an empty file. `salt` is a random u32. */
export function createQueueFile(salt) {
    const queue = {
        header: { salt, beginOffset: 0, endOffset: 0 },
        records: [],
        stub: { checksum: 0, dataBytes: 0, toPrevBytes: 0 },
        fileBytes: PAGE_BYTES,
        staleCopy: null,
    };
    const file = new Uint8Array(PAGE_BYTES);
    const header = encodeQueueHeader(queue.header);
    file.set(header, headerOffset(0));
    file.set(header, headerOffset(1));
    file.set(encodeRecordHeader(queue.stub), RECORD_AREA_OFFSET);
    return { queue, steps: [{ kind: 'write', offset: 0, bytes: file }, SYNC] };
}
/**
 * The queue in the bytes of a file. Throws FormatError `Both header data broken.`, and also for damaged
 * records: each is checked. Only a front record that was being pushed when the power went (copy 0 knows it,
 * copy 1 does not yet) is given up; that push was never acknowledged.
 */
export function openQueueFile(file) {
    const first = decodeQueueHeader(file, 0);
    const second = decodeQueueHeader(file, 1);
    if (first !== null && second !== null) {
        if (headerEquals(first, second))
            return readQueue(file, first, null);
        return isFrontIntact(file, first) ? readQueue(file, first, 1) : readQueue(file, second, 0);
    }
    const intact = first ?? second;
    if (intact === null)
        throw new FormatError('Both header data broken.');
    return readQueue(file, intact, first === null ? 0 : 1);
}
function headerEquals(a, b) {
    return a.salt === b.salt && a.beginOffset === b.beginOffset && a.endOffset === b.endOffset;
}
function isFrontIntact(file, header) {
    if (header.beginOffset === header.endOffset)
        return true;
    try {
        decodeRecord(file, header.beginOffset, header);
        return true;
    }
    catch (error) {
        if (error instanceof FormatError)
            return false;
        throw error;
    }
}
function readQueue(file, header, staleCopy) {
    const records = [];
    let offset = header.beginOffset;
    let previousBytes = 0;
    while (offset < header.endOffset) {
        const { data, toPrevBytes } = decodeRecord(file, offset, header);
        if (records.length > 0 && toPrevBytes !== previousBytes)
            throw wrongDistance(offset, previousBytes);
        records.push(data);
        previousBytes = RECORD_HEADER_BYTES + data.length;
        offset += previousBytes;
    }
    const stub = decodeStub(file, header.endOffset);
    // The original zeroes the distance before it makes a cleared queue empty, so a crash may leave that.
    if (records.length > 0 && stub.toPrevBytes !== previousBytes && stub.toPrevBytes !== 0) {
        throw wrongDistance(header.endOffset, previousBytes);
    }
    return {
        header,
        records,
        stub: { ...stub, toPrevBytes: previousBytes },
        fileBytes: file.length,
        staleCopy,
    };
}
function wrongDistance(offset, expected) {
    return new FormatError(`the distance to the queue record before must be ${expected} bytes`, RECORD_AREA_OFFSET + offset);
}
/** Adds a record at the front. Copies nothing: the caller must not write into `data` afterwards. */
export function pushFront(queue, data) {
    if (data.length > MAX_RECORD_BYTES)
        throw new FormatError('a queue record must fit in its size field');
    const neededBytes = RECORD_HEADER_BYTES + data.length;
    const repaired = repair(queue);
    const roomy = queue.header.beginOffset < neededBytes ? relocate(repaired, neededBytes) : repaired;
    const { queue: before, steps } = roomy;
    const header = { ...before.header, beginOffset: before.header.beginOffset - neededBytes };
    const isEmpty = before.records.length === 0;
    // Meaningless until the header makes this record, or the stub, the second one.
    const follower = isEmpty ? before.stub : recordHeader(before, before.records[0]);
    const pushed = {
        ...before,
        header,
        records: [data, ...before.records],
        stub: isEmpty ? { ...before.stub, toPrevBytes: neededBytes } : before.stub,
    };
    return {
        queue: pushed,
        steps: [
            ...steps,
            areaWrite(header.beginOffset, concat([encodeRecordHeader(recordHeader(before, data)), data])),
            areaWrite(before.header.beginOffset, encodeRecordHeader({ ...follower, toPrevBytes: neededBytes })),
            SYNC,
            ...publish(header),
        ],
    };
}
/** Takes `count` records from the back. Throws StateError when there are fewer. */
export function popBack(queue, count = 1) {
    const { records } = queue;
    if (count > records.length)
        throw new StateError(`a queue of ${records.length} records has no ${count}`);
    if (count === 0)
        return { queue, steps: [] };
    const { queue: before, steps } = repair(queue);
    const left = records.slice(0, records.length - count);
    const removed = records.slice(left.length);
    const removedBytes = removed.reduce((sum, data) => sum + RECORD_HEADER_BYTES + data.length, 0);
    const header = { ...before.header, endOffset: before.header.endOffset - removedBytes };
    const newerBytes = left.length === 0 ? 0 : RECORD_HEADER_BYTES + left[left.length - 1].length;
    // The header of the last record removed stays where it is and is the stub now.
    const stub = { ...recordHeader(before, removed[0]), toPrevBytes: newerBytes };
    return {
        queue: { ...before, header, records: left, stub },
        steps: [...steps, ...publish(header)],
    };
}
/** Removes all records. */
export function clearQueue(queue) {
    if (queue.records.length === 0)
        return { queue, steps: [] };
    const { queue: before, steps } = repair(queue);
    const { endOffset } = before.header;
    const header = { ...before.header, beginOffset: endOffset };
    const stub = { ...before.stub, toPrevBytes: 0 };
    return {
        queue: { ...before, header, records: [], stub },
        // Only when both headers say empty, the distance in the stub is no longer needed.
        steps: [...steps, ...publish(header), areaWrite(endOffset, encodeRecordHeader(stub)), SYNC],
    };
}
/** Makes both header copies say what the queue is, which a crash may have left undone. */
function repair(queue) {
    if (queue.staleCopy === null)
        return { queue, steps: [] };
    return {
        queue: { ...queue, staleCopy: null },
        steps: [headerWrite(queue.header, queue.staleCopy), SYNC],
    };
}
/** Moves all records behind where they are now, so that `neededBytes` are free before them. */
function relocate(change, neededBytes) {
    const { queue } = change;
    const afterStub = queue.header.endOffset + RECORD_HEADER_BYTES;
    const beginOffset = Math.max(afterStub, neededBytes);
    const body = encodeBody(queue);
    const endOffset = beginOffset + body.length - RECORD_HEADER_BYTES;
    const header = { ...queue.header, beginOffset, endOffset };
    const fileBytes = Math.ceil((MIN_QUEUE_FILE_BYTES + endOffset) / PAGE_BYTES) * PAGE_BYTES;
    return {
        queue: { ...queue, header, fileBytes },
        steps: [
            ...change.steps,
            ...resize(queue.fileBytes, fileBytes),
            areaWrite(beginOffset, body),
            SYNC,
            ...publish(header),
        ],
    };
}
/** Grows by writing zeros, so that a full disk is noticed before anything depends on the space. */
function resize(fromBytes, toBytes) {
    if (toBytes > fromBytes) {
        return [{ kind: 'write', offset: fromBytes, bytes: new Uint8Array(toBytes - fromBytes) }];
    }
    return toBytes < fromBytes ? [{ kind: 'truncate', sizeBytes: toBytes }] : [];
}
/** All records and the stub. */
function encodeBody(queue) {
    const parts = [];
    let toPrevBytes = 0;
    for (const data of queue.records) {
        parts.push(encodeRecordHeader({ ...recordHeader(queue, data), toPrevBytes }), data);
        toPrevBytes = RECORD_HEADER_BYTES + data.length;
    }
    parts.push(encodeRecordHeader({ ...queue.stub, toPrevBytes }));
    return concat(parts);
}
function recordHeader(queue, data) {
    return { checksum: checksum(data, queue.header.salt), dataBytes: data.length, toPrevBytes: 0 };
}
/** Copy 0, then copy 1, each durable before the next step: one of them is always whole. */
function publish(header) {
    return [headerWrite(header, 0), SYNC, headerWrite(header, 1), SYNC];
}
function headerWrite(header, copy) {
    return { kind: 'write', offset: headerOffset(copy), bytes: encodeQueueHeader(header) };
}
function areaWrite(offset, bytes) {
    return { kind: 'write', offset: RECORD_AREA_OFFSET + offset, bytes };
}
function concat(parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}
