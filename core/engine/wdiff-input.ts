import type { Uuid } from '../format/uuid.ts';
import type { WdiffType } from '../format/wdiff-header.ts';
import type { WdiffStatistics } from '../format/wdiff-text.ts';
import type { Lb } from '../units.ts';
import type { IoStream } from './plain-io.ts';
import type { MergeIo } from './stored-io.ts';

/** A wdiff being read from its beginning to its end, of either type. */
export interface WdiffInput extends IoStream {
  readonly type: WdiffType;
  readonly uuid: Uuid;
  /** What was read so far; `wdiffCount` is 1. */
  readonly statistics: WdiffStatistics;
  /**
   * The same IOs as `next` gives, where possible with their data as they are stored. One stream is read by one of the
   * two.
   */
  nextStored?(): Promise<MergeIo | null>;
  /**
   * Says that the data of IOs that end at or before `beforeLb` are not used any more, where `nextStored` gave them, and
   * their memory may serve again. Addresses only grow.
   */
  forget?(beforeLb: Lb): void;
}
