import { FormatError } from '../errors.js';
import { parseUnitSize } from '../format/size-text.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
/**
 * The words of a command (docs/protocols.md, "Parameters"): the same rules for the client, which checks
 * before it connects, and for the server, which trusts nobody. All throw FormatError with the original's texts.
 */
const MAX_VOL_ID_CHARACTERS = 64;
const MAX_U64 = 2n ** 64n - 1n;
const MAX_U32 = 0xffff_ffff;
const MAX_I32 = 0x7fff_ffff;
const SHOWN_CHARACTERS = 16;
/** Default chunk of scans: 256 KiB. */
export const DEFAULT_BULK_LB = (256 * 1024) / LOGICAL_BLOCK_BYTES;
/** Largest chunk of scans: 4 MiB. */
export const MAX_BULK_LB = (4 * MIB) / LOGICAL_BLOCK_BYTES;
/** A volume id: 1 to 64 of `0-9 a-z A-Z -`. Safe as a file name. */
export function parseVolId(text) {
    if (text.length === 0 || text.length > MAX_VOL_ID_CHARACTERS) {
        throw new FormatError(`bad s format: size:${text}:${text.length}`);
    }
    const bad = /[^0-9a-zA-Z-]/u.exec(text);
    if (bad !== null)
        throw new FormatError(`bad volId format: bad character:${text}:${bad[0]}`);
    return text;
}
/** A name that becomes a file name beside a volume's: as a volume id, and `_` and `.` but not at the start. */
export function parseArchiveName(text) {
    if (text.length > MAX_VOL_ID_CHARACTERS || !/^[0-9a-zA-Z-][0-9a-zA-Z._-]*$/.test(text)) {
        throw new FormatError(`bad archive name:${text}`);
    }
    return text;
}
/** Digits only, at most `max`. */
export function parseUint(text, max) {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= max))
        throw notANumber(text);
    return value;
}
export function parseU32(text) {
    return parseUint(text, MAX_U32);
}
/** A u64 of digits; null for 2^64-1. Other values above 2^53-1 are refused too. */
export function parseU64(text) {
    if (!/^[0-9]+$/.test(text))
        throw notANumber(text);
    const value = BigInt(text);
    if (value === MAX_U64)
        return null;
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
        throw notANumber(text);
    return Number(value);
}
/** A u64 that is a number: 2^64-1 is refused too. */
export function parseNumber(text) {
    return parseUint(text, Number.MAX_SAFE_INTEGER);
}
/** A gid that names something. */
export function parseGid(text) {
    return parseNumber(text);
}
/** A signed 32-bit number; anything but 0 is true. */
export function parseFlag(text) {
    const value = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= MAX_I32 && value >= -MAX_I32 - 1)) {
        throw new FormatError(`atoi::convertToInt:${text.slice(0, SHOWN_CHARACTERS)}`);
    }
    return value !== 0;
}
/** A size in bytes with unit, as whole logical blocks. */
export function parseSizeLb(text) {
    return Math.floor(parseUnitSize(text) / LOGICAL_BLOCK_BYTES);
}
/** The size of scan chunks: 512 bytes to 4 MiB. `who` opens the error text. */
export function parseBulkLb(text, who) {
    const bulkLb = parseSizeLb(text);
    if (bulkLb === 0)
        throw new FormatError(`${who}:too small size:${LOGICAL_BLOCK_BYTES}:${text}`);
    if (bulkLb > MAX_BULK_LB) {
        throw new FormatError(`${who}:too large size:${MAX_BULK_LB * LOGICAL_BLOCK_BYTES}:${bulkLb}`);
    }
    return bulkLb;
}
/**
 * Looks at a command's words by position: `required` of them must be there and not empty. Words beyond what
 * the caller looks at are ignored, as the original does.
 */
export function requireWords(words, required) {
    if (words.length < required) {
        throw new FormatError(`missing required params: ${words.length} ${required}`);
    }
    for (let i = 0; i < required; i++) {
        if (words[i].length === 0)
            throw new FormatError(`required parameter is empty: ${i}`);
    }
}
/** The word at a position, or the default where it is left out or empty. */
export function wordOr(words, position, otherwise) {
    const word = words[position];
    return word === undefined || word.length === 0 ? otherwise : word;
}
function notANumber(text) {
    return new FormatError(`atoi::convertToUint:${text.slice(0, SHOWN_CHARACTERS)}`);
}
