/**
 * Units of the field. Each is a plain number at run time; the compiler keeps them apart.
 * A plain number may be used where a unit is wanted, one unit is never taken for another.
 */
/** Size of a logical block in bytes. */
export const LOGICAL_BLOCK_BYTES = 512;
/** Bytes in a KiB. */
export const KIB = 1024;
/** Bytes in a MiB. */
export const MIB = 1024 * 1024;
/** Microseconds in a millisecond. */
export const US_PER_MS = 1000;
/** Microseconds in a second. */
export const US_PER_S = 1_000_000;
