import { FormatError } from '../../errors.js';
/**
 * What encoder and decoder of LZMA share: the layout of the adaptive probabilities, the state machine and the
 * limits of LZMA2 chunks. The format is described in the LZMA specification of the LZMA SDK and, for chunks,
 * in ".xz file format" and its LZMA2 filter. See docs/formats.md.
 */
/** Probabilities are 11 bits wide and move by 1/32 of the distance to the bit that came. */
export const PROBABILITY_BITS = 11;
export const PROBABILITY_HALF = 1 << (PROBABILITY_BITS - 1);
export const MOVE_BITS = 5;
export const RANGE_TOP = 1 << 24;
export const MIN_MATCH = 2;
export const MAX_MATCH = 273;
/** Distance slots from here on have no adaptive low bits but the four of the align tree. */
export const FIRST_DIRECT_SLOT = 14;
/** Offsets of the groups of probabilities in one array. `xState << 4` leaves room for 16 position states. */
export const IS_MATCH = 0;
export const IS_REP = IS_MATCH + 12 * 16;
export const IS_REP_G0 = IS_REP + 12;
export const IS_REP_G1 = IS_REP_G0 + 12;
export const IS_REP_G2 = IS_REP_G1 + 12;
export const IS_REP0_LONG = IS_REP_G2 + 12;
export const DISTANCE_SLOT = IS_REP0_LONG + 12 * 16;
export const DISTANCE_SPECIAL = DISTANCE_SLOT + 4 * 64;
export const DISTANCE_ALIGN = DISTANCE_SPECIAL + 115;
export const MATCH_LENGTH = DISTANCE_ALIGN + 16;
export const REP_LENGTH = MATCH_LENGTH + 2 + 128 + 128 + 256;
export const LITERAL = REP_LENGTH + 2 + 128 + 128 + 256;
/** Inside a group of length probabilities. */
export const LENGTH_CHOICE = 0;
export const LENGTH_LOW = 2;
export const LENGTH_MID = LENGTH_LOW + 128;
export const LENGTH_HIGH = LENGTH_MID + 128;
/** Probabilities of one literal context. */
export const LITERAL_CONTEXT = 0x300;
export const DEFAULT_PROPERTIES = { lc: 3, lp: 0, pb: 2 };
/** The properties byte of LZMA2. Throws FormatError. */
export function decodeProperties(byte) {
    const lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    const pb = Math.floor(byte / 45);
    if (pb > 4 || lc + lp > 4)
        throw new FormatError('lzma: properties with pb <= 4 and lc + lp <= 4 expected');
    return { lc, lp, pb };
}
export function encodeProperties({ lc, lp, pb }) {
    return (pb * 5 + lp) * 9 + lc;
}
/** All probabilities of a model, at one half. */
export function newProbabilities({ lc, lp }) {
    return new Uint16Array(LITERAL + (LITERAL_CONTEXT << (lc + lp))).fill(PROBABILITY_HALF);
}
/** The state machine: what the last symbols were. States below 7 follow a literal. */
export function stateAfterLiteral(state) {
    return state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
}
export function stateAfterMatch(state) {
    return state < 7 ? 7 : 10;
}
export function stateAfterRep(state) {
    return state < 7 ? 8 : 11;
}
export function stateAfterShortRep(state) {
    return state < 7 ? 9 : 11;
}
/** Limits of one LZMA2 chunk. */
export const CHUNK_MAX_UNPACKED = 1 << 21;
export const CHUNK_MAX_PACKED = 1 << 16;
