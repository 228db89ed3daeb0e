import { u64Text } from '../format/binary.js';
import { unixTimeToPretty } from '../format/time-text.js';
/** How far an archive lags behind, in seconds (negative when it is ahead). */
export function tsDeltaToText(delta) {
    const { volume, destId, kind, source, dest } = delta;
    const known = dest !== null && dest.gid !== null;
    // Without values the two fields of the destination stand in the other order.
    const tail = known
        ? [
            `dest_gid:${u64Text(dest.gid)}`,
            `dest_ts:${unixTimeToPretty(dest.timestamp)}`,
            `ts_delta:${source.timestamp - dest.timestamp}`,
        ]
        : ['dest_ts:', 'dest_gid:', 'ts_delta:'];
    return [
        `name:${volume}`,
        `dest:${destId}`,
        `kind:${kind}`,
        'dest_kind:archive',
        `gid:${u64Text(source.gid)}`,
        `ts:${unixTimeToPretty(source.timestamp)}`,
        ...tail,
    ].join('\t');
}
/** The latest snapshot that a storage server took. */
export function storageLatestSnapToText(volume, snap, lsid) {
    return `name:${volume}\tkind:storage\tgid:${u64Text(snap.gid)}\tlsid:${u64Text(lsid)}\ttimestamp:${unixTimeToPretty(snap.timestamp)}`;
}
/** The end of what a proxy has waiting for an archive; null when nothing waits. */
export function proxyLatestSnapToText(volume, archive, snap) {
    const gid = snap === null ? '' : u64Text(snap.gid);
    const time = snap === null ? '' : unixTimeToPretty(snap.timestamp);
    return `name:${volume}\tkind:proxy\tarchive:${archive}\tgid:${gid}\ttimestamp:${time}`;
}
/** The latest snapshot that an archive can reach. */
export function archiveLatestSnapToText(volume, snap) {
    return `name:${volume}\tkind:archive\tgid:${u64Text(snap.gid)}\ttimestamp:${unixTimeToPretty(snap.timestamp)}`;
}
