/**
 * Sizes as text. There are two syntaxes: parameters of server commands, where a suffix of either case is a
 * power of 1024, and options of the programs, where lower case is a power of 1000. See docs/formats.md,
 * "Sizes".
 */
import { FormatError } from '../errors.js';
const UNIT_SUFFIXES = 'kmgtpe';
const PRINT_SUFFIXES = 'kmgtpezy';
const OPTION_SUFFIXES = 'kmg';
/** Throws FormatError with the original's text unless the value is one that walbox can count. */
function checkSafe(value) {
    if (!Number.isSafeInteger(value))
        throw new FormatError('fromUnitIntString: overflow.');
    return value;
}
/**
 * A size parameter of a server command: decimal digits (none = 0), then an optional suffix `k m g t p e` of
 * either case, a power of 1024. Blanks and `+` before it, and anything behind the suffix, are ignored. Throws
 * FormatError for an empty text, another suffix, a negative number, or more than 2^53-1.
 */
export function parseUnitSize(text) {
    if (text === '')
        throw new FormatError('Invalid argument.');
    const parts = /^[ \t\n\v\f\r]*([+-]?)([0-9]*)/.exec(text);
    const [all, sign, digits] = parts ?? ['', '', ''];
    // Without digits nothing was read at all: not the sign, not the blanks.
    const rest = digits === '' ? text : text.slice(all.length);
    const value = checkSafe(Number(digits));
    if (sign === '-' && value !== 0)
        throw new FormatError(`a size must not be negative: ${text}`);
    if (rest === '')
        return value;
    const power = UNIT_SUFFIXES.indexOf(rest[0].toLowerCase()) + 1;
    if (power === 0)
        throw new FormatError('Invalid suffix charactor.', all.length);
    return checkSafe(value * 1024 ** power);
}
/** A number divided by 1024 as long as that is exact, with its suffix: `64m`, `0`, `513`. */
export function printUnitSize(value) {
    let rest = value;
    let power = 0;
    while (rest !== 0 && rest % 1024 === 0 && power < PRINT_SUFFIXES.length) {
        rest /= 1024;
        power++;
    }
    return power === 0 ? String(rest) : `${rest}${PRINT_SUFFIXES[power - 1]}`;
}
/**
 * An integer option of a program: `0x` and hex digits, or decimal digits with an optional suffix `k m g`
 * (powers of 1000) or `K M G` (powers of 1024). Throws FormatError for anything else and above 2^53-1.
 */
export function parseOptionInteger(text) {
    if (/^0x[0-9a-fA-F]+$/.test(text))
        return checkSafe(Number(text));
    const parts = /^([0-9]+)([kmgKMG]?)$/.exec(text);
    if (parts === null) {
        throw new FormatError(`an integer must be 0x and hex digits, or decimal with k m g K M G: ${text}`);
    }
    const [, digits, suffix] = parts;
    if (suffix === '')
        return checkSafe(Number(digits));
    const lower = suffix.toLowerCase();
    const base = suffix === lower ? 1000 : 1024;
    return checkSafe(Number(digits) * base ** (OPTION_SUFFIXES.indexOf(lower) + 1));
}
