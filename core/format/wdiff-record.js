/** What wdiff files are made of: records, and IOs in flight. See docs/formats.md, "Wdiff records". */
import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { COMPRESSION_TYPES } from '../world/codec.js';
import { checkRange } from './binary.js';
/** Bit 0 of the flags means nothing: no writer sets it, no reader looks at it. */
const FLAG_ZERO = 2;
const FLAG_DISCARD = 4;
/** End of the address space: every record must end at or below. */
const MAX_END_LB = Number.MAX_SAFE_INTEGER;
const MAX_U32 = 0xffff_ffff;
/** The flags byte of a kind. */
export function flagsOfKind(kind) {
    return kind === 'zero' ? FLAG_ZERO : kind === 'discard' ? FLAG_DISCARD : 0;
}
/** The kind that a flags byte says; other bits may hold anything. Throws FormatError for both at once. */
export function kindOfFlags(flags, at) {
    const zero = (flags & FLAG_ZERO) !== 0;
    const discard = (flags & FLAG_DISCARD) !== 0;
    if (zero && discard)
        throw new FormatError('allzero and discard flag is exclusive', at);
    return zero ? 'zero' : discard ? 'discard' : 'normal';
}
/** The number of a compression type in files and on the wire. */
export function compressionNumber(type) {
    return COMPRESSION_TYPES.indexOf(type);
}
/** The compression type of a number. Throws FormatError for an unknown one. */
export function compressionOfNumber(value, at) {
    const type = COMPRESSION_TYPES[value];
    if (type === undefined) {
        throw new FormatError(`compression type is invalid: it must be 0 to ${COMPRESSION_TYPES.length - 1}, got ${value}`, at);
    }
    return type;
}
/** First block behind a record or IO. */
export function endLb(record) {
    return record.addressLb + record.sizeLb;
}
/** Throws FormatError unless the range has at least a block and ends inside the address space. */
export function checkBlockRange(addressLb, sizeLb, at) {
    if (sizeLb === 0)
        throw new FormatError('io_blocks must not be 0', at);
    checkRange(sizeLb, 1, MAX_U32, 'the size of a wdiff record', at);
    checkRange(addressLb, 0, MAX_END_LB - sizeLb, 'the address of a wdiff record', at);
}
/** Throws FormatError unless the stored size fits kind, compression and the `imageLb` blocks of the image. */
export function checkStoredSize(record, imageLb, at) {
    const { kind, compression, dataSizeBytes } = record;
    checkRange(dataSizeBytes, 0, MAX_U32, 'the stored size of a wdiff record', at);
    if (kind !== 'normal') {
        if (dataSizeBytes !== 0) {
            throw new FormatError(`a ${kind} record must store no data, got ${dataSizeBytes} bytes`, at);
        }
    }
    else if (compression === 'none' && dataSizeBytes !== imageLb * LOGICAL_BLOCK_BYTES) {
        throw new FormatError(`uncompressed data of ${imageLb} blocks must have ${imageLb * LOGICAL_BLOCK_BYTES} bytes, got ${dataSizeBytes}`, at);
    }
    else if (dataSizeBytes === 0) {
        throw new FormatError('a normal record must store data', at);
    }
}
/** The record of an IO whose data begin at `dataOffsetBytes`. */
export function recordOfIo(io, dataOffsetBytes) {
    return {
        addressLb: io.addressLb,
        sizeLb: io.sizeLb,
        kind: io.kind,
        compression: io.compression,
        dataOffsetBytes,
        dataSizeBytes: io.data.length,
        checksum: io.checksum,
    };
}
