import { UUID_BYTES, uuidToText } from '../format/uuid.js';
import { stateToText } from './meta.js';
import { readMetaState, writeMetaState } from './meta-codec.js';
export function writeZeroClear(w, owed) {
    writeMetaState(w, owed.base);
    w.u64(owed.beginLb);
    w.raw(owed.archiveUuid);
}
export function readZeroClear(r) {
    return { base: readMetaState(r), beginLb: r.u64Number(), archiveUuid: r.raw(UUID_BYTES) };
}
/** `<|3|> from 2048, lineage UUID`. */
export function zeroClearToText({ base, beginLb, archiveUuid }) {
    return `${stateToText(base)} from ${beginLb}, lineage ${uuidToText(archiveUuid)}`;
}
