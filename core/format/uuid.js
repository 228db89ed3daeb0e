/** Uuids: 16 raw bytes in files and on the wire, 32 hex digits in text. See docs/formats.md, "Conventions". */
import { FormatError } from '../errors.js';
import { hexOf } from './binary.js';
/** Size of a uuid. */
export const UUID_BYTES = 16;
/** The unset uuid, all zero. */
export const ZERO_UUID = new Uint8Array(UUID_BYTES);
/** 32 lower-case hex digits in byte order, no dashes. */
export function uuidToText(uuid) {
    return hexOf(uuid);
}
/** Reads 32 hex digits of either case. Throws FormatError. */
export function uuidFromText(text) {
    if (text.length !== UUID_BYTES * 2) {
        throw new FormatError(`strToBinary:bad size:${text}:${UUID_BYTES * 2}`);
    }
    const uuid = new Uint8Array(UUID_BYTES);
    for (let i = 0; i < UUID_BYTES; i++) {
        const digits = text.slice(i * 2, i * 2 + 2);
        if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
            throw new FormatError(`atoi::convertHexToInt:${digits}`, i * 2);
        }
        uuid[i] = Number.parseInt(digits, 16);
    }
    return uuid;
}
/** Whether two uuids are the same; never for what has not 16 bytes. */
export function uuidEquals(a, b) {
    for (let i = 0; i < UUID_BYTES; i++)
        if (a[i] !== b[i])
            return false;
    return a.length === UUID_BYTES && b.length === UUID_BYTES;
}
/** Copies the uuid at `at` out of a block. */
export function readUuid(bytes, at) {
    return bytes.slice(at, at + UUID_BYTES);
}
/** Writes a uuid into a block. Throws FormatError unless it has 16 bytes. */
export function writeUuid(bytes, at, uuid) {
    if (uuid.length !== UUID_BYTES) {
        throw new FormatError(`a uuid must have ${UUID_BYTES} bytes, got ${uuid.length}`, at);
    }
    bytes.set(uuid, at);
}
