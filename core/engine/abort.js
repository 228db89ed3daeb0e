import { AbortedError, errorText } from '../errors.js';
/** Throws AbortedError once the signal says so. */
export function throwIfAborted(signal) {
    if (signal?.aborted !== true)
        return;
    if (signal.reason instanceof AbortedError)
        throw signal.reason;
    throw new AbortedError(signal.reason === undefined ? 'aborted' : errorText(signal.reason));
}
/** The stream, which ends with AbortedError once the signal says so. */
export function abortableIos(ios, signal) {
    return {
        async next() {
            throwIfAborted(signal);
            return await ios.next();
        },
    };
}
/** The source, which ends with AbortedError once the signal says so. */
export function abortableSource(source, signal) {
    return {
        async read(maxBytes) {
            throwIfAborted(signal);
            return await source.read(maxBytes);
        },
    };
}
