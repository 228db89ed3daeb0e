/**
 * Names of wdiff files: everything that is known about a diff but its size is in its name. See
 * docs/formats.md, "File names of wdiffs".
 */
import { FormatError } from '../errors.js';
import { ALL_ONES_TEXT, u64Text } from '../format/binary.js';
import { digitsToUnixTime, unixTimeToDigits } from '../format/time-text.js';
import { makeDiff, makeSnap } from './meta.js';
/** What the names of wdiff files end with. */
export const WDIFF_SUFFIX = '.wdiff';
/** `YYYYMMDDhhmmss-MC-0-1.wdiff` */
const MIN_NAME_LENGTH = 27;
const TIME_LENGTH = 14;
const FLAGS_DASH_AT = 14;
const GIDS_DASH_AT = 17;
const GIDS_AT = 18;
const MAX_GIDS = 4;
function isClean(snap) {
    return snap.gidB === snap.gidE;
}
/** The canonical name of a diff: two gids when both ends are clean, else four. */
export function wdiffFileName(diff) {
    const { snapB, snapE } = diff;
    const gids = isClean(snapB) && isClean(snapE)
        ? [snapB.gidB, snapE.gidB]
        : [snapB.gidB, snapB.gidE, snapE.gidB, snapE.gidE];
    const flags = `${diff.isMergeable ? 'M' : '-'}${diff.isCompDiff ? 'C' : '-'}`;
    return `${unixTimeToDigits(diff.timestamp)}-${flags}-${gids.map(u64Text).join('-')}${WDIFF_SUFFIX}`;
}
/**
 * The diff that a file name says, its size 0. Names that are not canonical are accepted as the original does:
 * other flag characters mean no, gids may have leading zeros, and what follows the fourth gid or the suffix
 * is not looked at; compare with `wdiffFileName` of the result before using such a file. Throws FormatError.
 */
export function parseWdiffFileName(name) {
    const fail = (reason, at) => new FormatError(`parseDiffFileName:${reason}`, at);
    if (name.length < MIN_NAME_LENGTH)
        throw fail(`too short name:${name}`, 0);
    const timestamp = digitsToUnixTime(name.slice(0, TIME_LENGTH));
    if (name[FLAGS_DASH_AT] !== '-')
        throw fail(`invalid timestamp str:${name}`, FLAGS_DASH_AT);
    if (name[GIDS_DASH_AT] !== '-')
        throw fail(`must be - at 17th char:${name}`, GIDS_DASH_AT);
    const gids = [];
    for (let at = GIDS_AT, last = false; !last && gids.length < MAX_GIDS;) {
        let end = name.indexOf('-', at);
        last = end < 0;
        if (last)
            end = name.indexOf(WDIFF_SUFFIX, at);
        if (end < 0)
            throw fail(`wrong suffix:${name}`, at);
        const gid = gidOfDigits(name.slice(at, end));
        if (gid === undefined)
            throw fail(`wrong digit value:${name}:${gids.length}`, at);
        gids.push(gid);
        at = end + 1;
    }
    if (gids.length !== 2 && gids.length !== MAX_GIDS)
        throw fail(`number of gids must be 2 or 4:${name}`, GIDS_AT);
    const [snapB, snapE] = gids.length === 2
        ? [makeSnap(gids[0]), makeSnap(gids[1])]
        : [makeSnap(gids[0], gids[1]), makeSnap(gids[2], gids[3])];
    return makeDiff(snapB, snapE, {
        isMergeable: name[FLAGS_DASH_AT + 1] === 'M',
        isCompDiff: name[FLAGS_DASH_AT + 2] === 'C',
        timestamp,
    });
}
/** A gid in digits; undefined when it is none, or one that walbox cannot count. */
function gidOfDigits(digits) {
    if (!/^[0-9]+$/.test(digits))
        return undefined;
    if (digits.replace(/^0+/, '') === ALL_ONES_TEXT)
        return null;
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value : undefined;
}
