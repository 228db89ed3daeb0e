import { unixTimeToPretty } from '../format/time-text.js';
import { stateToText } from './meta.js';
import { readMetaState, writeMetaState } from './meta-codec.js';
export function writeFullReplState(w, progress) {
    writeMetaState(w, progress.state);
    w.u64(progress.progressLb);
    w.u64(progress.timestamp);
}
export function readFullReplState(r) {
    return { state: readMetaState(r), progressLb: r.u64Number(), timestamp: r.u64Number() };
}
/** `<|3|> 2048 2024-01-01T00:00:00`. */
export function fullReplStateToText(progress) {
    return `${stateToText(progress.state)} ${progress.progressLb} ${unixTimeToPretty(progress.timestamp)}`;
}
