/**
 * Points in time as text, always UTC: 14 digits in file names and commands, the pretty form in answers.
 * See docs/formats.md, "Times".
 */
import { FormatError } from '../errors.js';
const SECONDS_PER_DAY = 86400;
/** 9999-12-31T23:59:59: later times do not fit in the forms. */
const MAX_UNIX_TIME_S = 253402300799;
/** The Gregorian calendar repeats every 400 years. */
const DAYS_PER_ERA = 146097;
/** From 0000-03-01, where eras begin, to 1970-01-01. */
const ERA_TO_EPOCH_DAYS = 719468;
/** Name, first character, length, smallest and largest value of each part of the 14 digits. */
const PARTS = [
    ['year', 0, 4, 1900, 9999],
    ['mon', 4, 2, 1, 12],
    ['mday', 6, 2, 1, 31],
    ['hour', 8, 2, 0, 23],
    ['min', 10, 2, 0, 59],
    ['sec', 12, 2, 0, 60],
];
/** Days from 1970-01-01 to a date. The day may be any integer, counted on from the first of the month. */
function daysFromDate(year, month, day) {
    // Years that begin in March have their leap day at the end.
    const marchYear = month <= 2 ? year - 1 : year;
    const era = Math.floor(marchYear / 400);
    const yearOfEra = marchYear - era * 400;
    const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
    const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
    return era * DAYS_PER_ERA + dayOfEra - ERA_TO_EPOCH_DAYS;
}
/** Year, month and day of a day counted from 1970-01-01. */
function dateFromDays(days) {
    const shifted = days + ERA_TO_EPOCH_DAYS;
    const era = Math.floor(shifted / DAYS_PER_ERA);
    const dayOfEra = shifted - era * DAYS_PER_ERA;
    const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) /
        365);
    const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
    const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
    const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
    const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
    return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}
/** `YYYY MM DD hh mm ss` as text of fixed widths. Throws FormatError outside 1970..9999. */
function partsOfTime(timeS) {
    if (!Number.isInteger(timeS) || timeS < 0 || timeS > MAX_UNIX_TIME_S) {
        throw new FormatError(`a time must be an integer of 0 to ${MAX_UNIX_TIME_S} seconds, got ${timeS}`);
    }
    const days = Math.floor(timeS / SECONDS_PER_DAY);
    const seconds = timeS - days * SECONDS_PER_DAY;
    const [year, month, day] = dateFromDays(days);
    const two = (value) => String(value).padStart(2, '0');
    return [
        String(year).padStart(4, '0'),
        two(month),
        two(day),
        two(Math.floor(seconds / 3600)),
        two(Math.floor(seconds / 60) % 60),
        two(seconds % 60),
    ];
}
/** `YYYYMMDDhhmmss`. Throws FormatError outside 1970..9999. */
export function unixTimeToDigits(timeS) {
    return partsOfTime(timeS).join('');
}
/** `YYYY-MM-DDTHH:MM:SS`. Throws FormatError outside 1970..9999. */
export function unixTimeToPretty(timeS) {
    const [year, month, day, hour, minute, second] = partsOfTime(timeS);
    return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}
/** The pretty form, or `---` for 0, which stands for "never". */
export function timeToPrintable(timeS) {
    return timeS === 0 ? '---' : unixTimeToPretty(timeS);
}
/**
 * Reads `YYYYMMDDhhmmss`. Days that the month does not have, and second 60, run on into what follows. Throws
 * FormatError for anything else, and for times before 1970.
 */
export function digitsToUnixTime(digits) {
    if (!/^[0-9]{14}$/.test(digits))
        throw new FormatError('invalid time string.');
    const values = [];
    for (const [name, at, length, low, high] of PARTS) {
        const value = Number(digits.slice(at, at + length));
        if (value < low || value > high) {
            throw new FormatError(`${name} must be between ${low} and ${high}.`, at);
        }
        values.push(value);
    }
    const [year, month, day, hour, minute, second] = values;
    const timeS = daysFromDate(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    if (timeS < 0)
        throw new FormatError(`a time must not be before 1970, got ${digits}`);
    return timeS;
}
