import { FormatError } from '../errors.js';
import { u64Text } from '../format/binary.js';
import { digitsToUnixTime, timeToPrintable, unixTimeToDigits, unixTimeToPretty, } from '../format/time-text.js';
import { diffToText, makeApplyingState, makeDiff, makeSnap, makeState, snapToText, stateToText, } from './meta.js';
/**
 * Snapshots, diffs, states and log positions as people and commands write and read them. The short forms
 * are in meta.ts. Parsers throw FormatError; the forms are listed in docs/snapshots.md, "Texts".
 */
export { diffToText, snapToText, stateToText };
/**
 * A gid (or another 64-bit number) in decimal digits, leading zeros allowed; 2^64-1 gives null. Throws
 * FormatError for anything else, signs and blanks included.
 */
export function gidFromText(text) {
    if (!/^[0-9]+$/.test(text))
        throw new FormatError(`atoi::convertToUint:${text}`);
    if (text.replace(/^0+/, '') === u64Text(null))
        return null;
    const value = Number(text);
    if (Number.isSafeInteger(value))
        return value;
    throw new FormatError(`a number of at most 2^53-1, or ${u64Text(null)}, expected: ${text}`);
}
function expect(cursor, wanted) {
    if (!skip(cursor, wanted)) {
        throw new FormatError(`${cursor.parser}:bad input string:${cursor.text}:${cursor.at}`, cursor.at);
    }
}
function skip(cursor, wanted) {
    if (!cursor.text.startsWith(wanted, cursor.at))
        return false;
    cursor.at += wanted.length;
    return true;
}
function takeGid(cursor) {
    const begin = cursor.at;
    while (cursor.at < cursor.text.length && isDigit(cursor.text.charCodeAt(cursor.at)))
        cursor.at++;
    return gidFromText(cursor.text.slice(begin, cursor.at));
}
function isDigit(code) {
    return code >= 0x30 && code <= 0x39;
}
function takeSnap(cursor) {
    expect(cursor, '|');
    const gidB = takeGid(cursor);
    const gidE = skip(cursor, ',') ? takeGid(cursor) : gidB;
    expect(cursor, '|');
    return makeSnap(gidB, gidE);
}
/** `|5|`, `|5,7|`. What follows the closing bar is not looked at. */
export function snapFromText(text) {
    return takeSnap({ text, parser: 'parseMetaSnap', at: 0 });
}
/**
 * `<|3|>` or `<|3|-->|5|>`, optionally followed by `-YYYYMMDDhhmmss`; without that the state is of time
 * `nowS`. Nothing may follow.
 */
export function stateFromText(text, nowS) {
    const cursor = { text, parser: 'strToMetaState', at: 0 };
    expect(cursor, '<');
    const snapB = takeSnap(cursor);
    const snapE = skip(cursor, '-->') ? takeSnap(cursor) : null;
    expect(cursor, '>');
    let timestamp = nowS;
    if (cursor.at < text.length) {
        expect(cursor, '-');
        timestamp = digitsToUnixTime(text.slice(cursor.at));
    }
    return snapE === null ? makeState(snapB, timestamp) : makeApplyingState(snapB, snapE, timestamp);
}
/** `<|3|>-20240101000000`. */
export function stateToTextWithTime(state) {
    return `${stateToText(state)}-${unixTimeToDigits(state.timestamp)}`;
}
/** `M-`, `-C`, `MC`, `--`: mergeable, compared. */
export function diffFlagsToText(diff) {
    return `${diff.isMergeable ? 'M' : '-'}${diff.isCompDiff ? 'C' : '-'}`;
}
/** `|0|-->|1| (M- 2024-01-01T00:00:00 0)`, for log lines. */
export function diffToVerboseText(diff) {
    const time = unixTimeToPretty(diff.timestamp);
    return `${diffToText(diff)} (${diffFlagsToText(diff)} ${time} ${diff.dataSizeBytes})`;
}
/** `|0|-->|1|, |1|-->|2|`. */
export function diffsToText(diffs) {
    return diffs.map(diffToText).join(', ');
}
/** `|0|-->|1| M- 2024-01-01T00:00:00 5000000`: the line of listings; time 0 prints as `---`. */
export function formatMetaDiff(prefix, diff) {
    const time = timeToPrintable(diff.timestamp);
    return `${prefix}${diffToText(diff)} ${diffFlagsToText(diff)} ${time} ${diff.dataSizeBytes}`;
}
/** Reads a line of `formatMetaDiff` (with an empty prefix). */
export function diffFromListing(line) {
    const items = line.split(' ');
    const bad = () => new FormatError(`Diff:bad format:${line}`);
    if (items.length !== 4)
        throw bad();
    const [ends, flags, time, size] = items;
    const cursor = { text: ends, parser: 'Diff', at: 0 };
    const snapB = takeSnap(cursor);
    expect(cursor, '-->');
    const snapE = takeSnap(cursor);
    const dataSizeBytes = gidFromText(size);
    if (cursor.at !== ends.length || !/^[M-][C-]$/.test(flags) || dataSizeBytes === null)
        throw bad();
    const timestamp = printableToUnixTime(time);
    return makeDiff(snapB, snapE, {
        isMergeable: flags[0] === 'M',
        isCompDiff: flags[1] === 'C',
        timestamp,
        dataSizeBytes,
    });
}
/** `2024-01-01T00:00:00`, or `---` for 0. */
function printableToUnixTime(text) {
    if (text === '---')
        return 0;
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text))
        throw new FormatError('invalid time string.');
    return digitsToUnixTime(text.replace(/[-T:]/g, ''));
}
/** `LsidGid timestamp 2024-01-01T00:00:00 isMergeable 1 lsid 1000 gid 7`. */
export function lsidGidToText(position) {
    const { timestamp, isMergeable, lsid, gid } = position;
    const time = timeToPrintable(timestamp);
    return `LsidGid timestamp ${time} isMergeable ${isMergeable ? 1 : 0} lsid ${u64Text(lsid)} gid ${u64Text(gid)}`;
}
/** What listings say about a state at rest. */
export function gidInfoOf(state) {
    return { gid: state.snapB.gidB, timestamp: state.timestamp, isExplicit: state.isExplicit ?? false };
}
/** `7 2015-11-16T07:32:08 1`; time 0 prints as `---`, an unknown flag is left out. */
export function gidInfoToText(info) {
    const flag = info.isExplicit === null ? '' : ` ${info.isExplicit ? 1 : 0}`;
    return `${u64Text(info.gid)} ${timeToPrintable(info.timestamp)}${flag}`;
}
/** Reads a line of `gidInfoToText`. */
export function gidInfoFromText(line) {
    const words = line.split(' ');
    const flag = words[2];
    if (words.length < 2 || words.length > 3 || (flag !== undefined && flag !== '0' && flag !== '1')) {
        throw new FormatError(`GidInfo:bad format:${line}`);
    }
    return {
        gid: gidFromText(words[0]),
        timestamp: printableToUnixTime(words[1]),
        isExplicit: flag === undefined ? null : flag === '1',
    };
}
