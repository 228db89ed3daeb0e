import { FormatError } from '../errors.js';
/** Of a volume that is not known. */
export function unknownSnapshotInfo(volume) {
    return { volume, gid: null, timestamp: 0, lsid: null };
}
export function writeSnapshotInfo(w, info) {
    w.string(info.volume);
    w.u64(info.gid);
    w.u64(info.timestamp);
    w.u64(info.lsid);
}
/** Throws FormatError for an empty volume id. */
export function readSnapshotInfo(r) {
    const at = r.offset;
    const info = { volume: r.string(), gid: r.u64(), timestamp: r.u64Number(), lsid: r.u64() };
    if (info.volume === '')
        throw new FormatError('SnapshotInfo:volId is empty.', at);
    return info;
}
