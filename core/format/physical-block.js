/** Physical blocks of a log: sizes and conversions. See docs/formats.md, "Conventions". */
import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
/**
 * Largest physical block that is accepted, so that a damaged size cannot ask for an unbounded block. Devices
 * have 512 or 4096 bytes.
 */
export const MAX_PHYSICAL_BLOCK_BYTES = 65536;
/** Throws FormatError unless a multiple of 512 bytes up to MAX_PHYSICAL_BLOCK_BYTES. */
export function checkPhysicalBlockBytes(pbs, at = 0) {
    if (!Number.isInteger(pbs) ||
        pbs <= 0 ||
        pbs > MAX_PHYSICAL_BLOCK_BYTES ||
        pbs % LOGICAL_BLOCK_BYTES !== 0) {
        throw new FormatError(`the physical block size must be a multiple of 512 up to ${MAX_PHYSICAL_BLOCK_BYTES}, got ${pbs}`, at);
    }
}
/** Logical blocks in a physical block of `pbs` bytes. */
export function lbPerPb(pbs) {
    return pbs / LOGICAL_BLOCK_BYTES;
}
/** Physical blocks that hold `sizeLb` logical blocks, rounded up. */
export function capacityPb(sizeLb, pbs) {
    return Math.ceil(sizeLb / lbPerPb(pbs));
}
