import { FormatError } from '../errors.js';
/**
 * What `decode` gives for bytes that begin at `offset` of their file or stream: its FormatErrors count their offsets
 * from there.
 */
export function decodeAt(offset, decode) {
    try {
        return decode();
    }
    catch (error) {
        throw placedError(error, offset);
    }
}
/** A FormatError with its offset moved by `offset`; any other error as it is. */
export function placedError(error, offset) {
    return error instanceof FormatError ? new FormatError(error.message, offset + error.offset) : error;
}
