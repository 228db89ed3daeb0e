import type { Reader, Writer } from '../format/serializer.ts';
import { UUID_BYTES, type Uuid, uuidToText } from '../format/uuid.ts';
import type { Lb } from '../units.ts';
import type { MetaState } from './meta.ts';
import { stateToText } from './meta.ts';
import { readMetaState, writeMetaState } from './meta-codec.ts';

/**
 * What a resize with zeroclear still owes to a base image: the file `zero_clear`, see docs/snapshots.md, "Bytes".
 * It holds for the image that it names alone: in another one there may be data by now.
 */
export interface ZeroClear {
  /** State of the image when it was about to grow. */
  readonly base: MetaState;
  /** Everything from this address to the end of the image is to become zeros. */
  readonly beginLb: Lb;
  /** Lineage of the image when it was about to grow. */
  readonly archiveUuid: Uuid;
}

export function writeZeroClear(w: Writer, owed: ZeroClear): void {
  writeMetaState(w, owed.base);
  w.u64(owed.beginLb);
  w.raw(owed.archiveUuid);
}

export function readZeroClear(r: Reader): ZeroClear {
  return { base: readMetaState(r), beginLb: r.u64Number(), archiveUuid: r.raw(UUID_BYTES) };
}

/** `<|3|> from 2048, lineage UUID`. */
export function zeroClearToText({ base, beginLb, archiveUuid }: ZeroClear): string {
  return `${stateToText(base)} from ${beginLb}, lineage ${uuidToText(archiveUuid)}`;
}
