import { FormatError } from '../errors.ts';
import type { Reader, Writer } from '../format/serializer.ts';
import type { Gid, Lsid, UnixTimeS } from '../units.ts';

/**
 * What one server tells another about the latest snapshot of a volume: volume id, gid, timestamp, lsid, without
 * preamble, see docs/snapshots.md, "Bytes".
 */
export interface SnapshotInfo {
  readonly volume: string;
  /** Null: the volume or its snapshot is unknown. */
  readonly gid: Gid | null;
  readonly timestamp: UnixTimeS;
  /** Null from archives, which do not know lsids. */
  readonly lsid: Lsid | null;
}

/** Of a volume that is not known. */
export function unknownSnapshotInfo(volume: string): SnapshotInfo {
  return { volume, gid: null, timestamp: 0, lsid: null };
}

export function writeSnapshotInfo(w: Writer, info: SnapshotInfo): void {
  w.string(info.volume);
  w.u64(info.gid);
  w.u64(info.timestamp);
  w.u64(info.lsid);
}

/** Throws FormatError for an empty volume id. */
export function readSnapshotInfo(r: Reader): SnapshotInfo {
  const at = r.offset;
  const info = { volume: r.string(), gid: r.u64(), timestamp: r.u64Number(), lsid: r.u64() };
  if (info.volume === '') throw new FormatError('SnapshotInfo:volId is empty.', at);
  return info;
}
