/** Largest piece there is: sizes are u32. */
const MAX_PIECE_LB = 0x8000_0000;
const TWO_POW_32 = 0x1_0000_0000;
/** Largest power of two that is at most `value` (1..2^32-1). */
export function floorPow2(value) {
    return 2 ** (31 - Math.clz32(value));
}
/**
 * Size of the first piece of the range: the largest power of two that divides the address, is at most the size
 * and at most `limitLb`, a power of two or 0 for no limit.
 */
export function alignedPieceLb(addressLb, sizeLb, limitLb) {
    const low = (addressLb % TWO_POW_32) | 0;
    const alignmentLb = low === 0 ? MAX_PIECE_LB : (low & -low) >>> 0;
    const pieceLb = alignmentLb > sizeLb ? floorPow2(sizeLb) : alignmentLb;
    return limitLb > 0 && limitLb < pieceLb ? limitLb : pieceLb;
}
/** The pieces of a range (a u32 of blocks), ascending; pieces of at most `maxLb` blocks, 0 = no limit. */
export function splitAligned(addressLb, sizeLb, maxLb) {
    const limitLb = maxLb > 0 ? floorPow2(maxLb) : 0;
    const pieces = [];
    for (let doneLb = 0; doneLb < sizeLb;) {
        const pieceLb = alignedPieceLb(addressLb + doneLb, sizeLb - doneLb, limitLb);
        pieces.push({ addressLb: addressLb + doneLb, sizeLb: pieceLb });
        doneLb += pieceLb;
    }
    return pieces;
}
