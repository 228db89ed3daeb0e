import type { Reader, Writer } from '../format/serializer.ts';
import { unixTimeToPretty } from '../format/time-text.ts';
import type { Lb, UnixTimeS } from '../units.ts';
import type { MetaState } from './meta.ts';
import { stateToText } from './meta.ts';
import { readMetaState, writeMetaState } from './meta-codec.ts';

/** How far an archive got in receiving a whole image: the file `full_repl_state`, see docs/snapshots.md, "Bytes". */
export interface FullReplState {
  /** State of the image once it is complete. */
  readonly state: MetaState;
  /** Everything before this address has arrived. */
  readonly progressLb: Lb;
  /** When this was saved. */
  readonly timestamp: UnixTimeS;
}

export function writeFullReplState(w: Writer, progress: FullReplState): void {
  writeMetaState(w, progress.state);
  w.u64(progress.progressLb);
  w.u64(progress.timestamp);
}

export function readFullReplState(r: Reader): FullReplState {
  return { state: readMetaState(r), progressLb: r.u64Number(), timestamp: r.u64Number() };
}

/** `<|3|> 2048 2024-01-01T00:00:00`. */
export function fullReplStateToText(progress: FullReplState): string {
  return `${stateToText(progress.state)} ${progress.progressLb} ${unixTimeToPretty(progress.timestamp)}`;
}
