/**
 * Units of the field. Each is a plain number at run time; the compiler keeps them apart.
 * A plain number may be used where a unit is wanted, one unit is never taken for another.
 */

/** Log sequence id: counts physical blocks written to a log since its last format or reset. */
export type Lsid = number & { readonly __unit?: 'lsid' };
/** Generation id: a point in the history of a volume. */
export type Gid = number & { readonly __unit?: 'gid' };
/** Logical blocks of 512 bytes. */
export type Lb = number & { readonly __unit?: 'lb' };
/** Physical blocks of a log device (512 or 4096 bytes each). */
export type Pb = number & { readonly __unit?: 'pb' };
/** Seconds since the Unix epoch, UTC. */
export type UnixTimeS = number & { readonly __unit?: 'unixTimeS' };
/** Microseconds of a monotonic clock. */
export type MonotonicUs = number & { readonly __unit?: 'monotonicUs' };

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
