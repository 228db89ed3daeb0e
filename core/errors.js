/**
 * The named errors of walbox. Each message is a sentence that says what was expected; texts that the
 * original sends over the wire keep the original's form (`function:part:part`).
 */
/** Bytes do not have the form they must have. `offset` is counted from the start of what was decoded. */
export class FormatError extends Error {
    name = 'FormatError';
    offset;
    constructor(message, offset = 0) {
        super(message);
        this.offset = offset;
    }
}
/** A peer broke the conversation: wrong token, wrong order, early end. */
export class ProtocolError extends Error {
    name = 'ProtocolError';
}
/** Something was asked in a state that does not allow it. */
export class StateError extends Error {
    name = 'StateError';
    state;
    allowed;
    constructor(message, state = '', allowed = []) {
        super(message);
        this.state = state;
        this.allowed = allowed;
    }
}
/** A named thing (file, volume, snapshot, server) does not exist. */
export class NotFoundError extends Error {
    name = 'NotFoundError';
}
/** A named thing exists already. */
export class ExistsError extends Error {
    name = 'ExistsError';
}
/** The log of a walb device lost history that was still needed. */
export class OverflowError extends Error {
    name = 'OverflowError';
}
/** A wait reached its deadline. */
export class TimeoutError extends Error {
    name = 'TimeoutError';
}
/** Work was given up because it was asked to stop. */
export class AbortedError extends Error {
    name = 'AbortedError';
}
/** A disk, file system or network refused or failed a call. `code` is the POSIX name where there is one. */
export class IoError extends Error {
    name = 'IoError';
    code;
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}
/** The text of anything thrown. */
export function errorText(error) {
    return error instanceof Error ? error.message : String(error);
}
