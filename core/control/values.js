import { FormatError } from '../errors.js';
import { digitsToUnixTime, unixTimeToDigits, unixTimeToPretty } from '../format/time-text.js';
import { compressOptToText } from '../snapshot/host-info.js';
import { diffFromListing, formatMetaDiff, snapFromText, snapToText, stateFromText, stateToTextWithTime, } from '../snapshot/meta-text.js';
import { wdiffFileName } from '../snapshot/wdiff-name.js';
/** Values that operators' scripts work with, and their texts (docs/operations.md, "Values of the controller"). */
/** Kinds of compression in the order of the numbers that scripts use; those in files are others (docs/formats.md). */
export const COMPRESS_KINDS = ['none', 'snappy', 'gzip', 'lzma', 'lz4', 'zstd'];
/** Throws FormatError unless `kind` is the number of a compression. */
export function verifyCompressKind(kind) {
    if (COMPRESS_KINDS[kind] === undefined)
        throw new FormatError(`verify_compress_kind: bad value:${kind}`);
}
/** The name of a compression by its number. Throws FormatError. */
export function compressKindToString(kind) {
    verifyCompressKind(kind);
    return COMPRESS_KINDS[kind];
}
/** The number of a compression. Throws FormatError. */
export function parseCompressKind(text) {
    const kind = COMPRESS_KINDS.indexOf(text);
    if (kind < 0)
        throw new FormatError(`compress_str_to_kind: bad kind:${text}`);
    return kind;
}
/** Throws FormatError for anything that is not a time of this form. */
export function strToDatetime(text, form) {
    const pattern = form === 'pretty' ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/ : /^\d{14}$/;
    if (!pattern.test(text))
        throw new FormatError(`a time of the form ${form} is expected, got ${text}`);
    return digitsToUnixTime(text.replace(/[-T:]/g, ''));
}
/** A time as a text of this form. */
export function datetimeToStr(timeS, form) {
    return form === 'pretty' ? unixTimeToPretty(timeS) : unixTimeToDigits(timeS);
}
/** `|5|`, or `|2,3|` when dirty. */
export const Snapshot = {
    parse: (text) => snapFromText(text),
    toText: (snap) => snapToText(snap),
    isDirty: (snap) => snap.gidB !== snap.gidE,
};
/** `|24|-->|25| M- 2015-11-16T07:32:09 123`: ends, mergeable, compared, time, size. */
export const Diff = {
    parse: (text) => diffFromListing(text),
    toText: (diff) => formatMetaDiff('', diff),
    fileName: (diff) => wdiffFileName(diff),
    isDirty: (diff) => Snapshot.isDirty(diff.snapB) || Snapshot.isDirty(diff.snapE),
};
/** `<|3|>-20151116073208`, or `<|3|-->|5,8|>-20151116073208` while an apply is under way. */
export const State = {
    /** `nowS` stands in where the text has no time. */
    parse: (text, nowS) => stateFromText(text, nowS),
    toText: (state) => stateToTextWithTime(state),
    isApplying: (state) => state.isApplying,
};
/** Reads a line of `get ts-delta`. Throws FormatError for a missing or wrong field. */
export function parseTsDelta(line) {
    const fields = parseLtsv(line);
    const text = (name) => {
        const value = fields.get(name);
        if (value === undefined)
            throw new FormatError(`a field ${name} is expected in ${line}`);
        return value;
    };
    const integer = (name) => {
        const value = Number(text(name));
        if (!/^-?\d+$/.test(text(name)) || !Number.isSafeInteger(value)) {
            throw new FormatError(`${name} is expected to be a number, got ${text(name)}`);
        }
        return value;
    };
    const isKnown = text('dest_gid') !== '';
    return {
        name: text('name'),
        dest: text('dest'),
        kind: text('kind'),
        destKind: text('dest_kind'),
        gid: integer('gid'),
        ts: strToDatetime(text('ts'), 'pretty'),
        destGid: isKnown ? integer('dest_gid') : null,
        destTs: isKnown ? strToDatetime(text('dest_ts'), 'pretty') : null,
        tsDelta: isKnown ? integer('ts_delta') : null,
    };
}
/** Tab-separated `key:value` fields; the first colon divides. */
export function parseLtsv(line) {
    const fields = new Map();
    for (const field of line.split('\t')) {
        const colon = field.indexOf(':');
        if (colon < 0)
            throw new FormatError(`a field key:value is expected, got ${field}`);
        fields.set(field.slice(0, colon), field.slice(colon + 1));
    }
    return fields;
}
/** The words that `archive-info` takes of them. */
export function archiveInfoArgs(syncOpt) {
    return syncOpt === null ? [] : [compressOptToText(syncOpt.compression), String(syncOpt.delayS)];
}
/** The words that `replicate` takes of them. */
export function replicateArgs(syncOpt) {
    if (syncOpt === null)
        return [];
    return [compressOptToText(syncOpt.compression), syncOpt.maxWdiffMergeSizeU, syncOpt.bulkSizeU];
}
/** Throws FormatError unless the value is an integer that can be a gid. */
export function verifyU64(value, what = 'a number') {
    if (Number.isSafeInteger(value) && value >= 0)
        return;
    throw new FormatError(`${what} of at least 0 and at most 2^53-1 is expected, got ${value}`);
}
/** Digits and at most one unit. Throws FormatError `bad size unit`. */
export function verifySizeUnit(size) {
    if (!/^[0-9]+[kKmMgGtTpP]?$/.test(size))
        throw new FormatError(`bad size unit:${size}`);
}
/** Throws FormatError when a range of gids goes backwards. */
export function verifyGidRange(gidB, gidE, what) {
    verifyU64(gidB, what);
    verifyU64(gidE, what);
    if (gidB > gidE)
        throw new FormatError(`${what}:bad gid range:${gidB}:${gidE}`);
}
