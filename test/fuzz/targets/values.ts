import { FormatError } from '../../../core/errors.ts';
import type { Reader, Writer } from '../../../core/format/serializer.ts';
import { readFullReplState, writeFullReplState } from '../../../core/snapshot/full-repl-state.ts';
import { readHostInfo, writeHostInfo } from '../../../core/snapshot/host-info.ts';
import { makeApplyingState, makeDiff, makeSnap, makeState } from '../../../core/snapshot/meta.ts';
import {
  decodeWith,
  encodeWith,
  readMetaDiff,
  readMetaDiffs,
  readMetaLsidGid,
  readMetaSnap,
  readMetaState,
  writeMetaDiff,
  writeMetaDiffs,
  writeMetaLsidGid,
  writeMetaSnap,
  writeMetaState,
} from '../../../core/snapshot/meta-codec.ts';
import { readZeroClear, writeZeroClear } from '../../../core/snapshot/zero-clear.ts';
import { type FuzzTarget, placed, roundTrip } from '../target.ts';

function value<T>(
  name: string,
  read: (r: Reader) => T,
  write: (w: Writer, value: T) => void,
  examples: readonly T[],
): FuzzTarget {
  return {
    name,
    seeds: async () => examples.map((example) => encodeWith(write, example)),
    run: placed((bytes) =>
      roundTrip(
        bytes,
        (given) => decodeWith(read, given),
        (decoded) => encodeWith(write, decoded),
      ),
    ),
    refusals: [FormatError],
    maxArrayBytes: 0,
  };
}

const DIFFS = [
  makeDiff(1, 2, { isMergeable: true, timestamp: 1_700_000_000, dataSizeBytes: 4128 }),
  makeDiff(makeSnap(5, 7), makeSnap(9, null), { isCompDiff: true, timestamp: 70_000 }),
];
const STATES = [
  makeState(makeSnap(3), 1_700_000_000),
  makeApplyingState(makeSnap(3, 9), makeSnap(200, 70_000), 5),
];

/** Targets of values of the serializer. */
export const VALUE_TARGETS: readonly FuzzTarget[] = [
  value('meta-snap', readMetaSnap, writeMetaSnap, [makeSnap(0), makeSnap(300, 70_000), makeSnap(null)]),
  value('meta-diff', readMetaDiff, writeMetaDiff, DIFFS),
  value('meta-diffs', readMetaDiffs, writeMetaDiffs, [DIFFS, []]),
  value('meta-state', readMetaState, writeMetaState, STATES),
  value('meta-lsid-gid', readMetaLsidGid, writeMetaLsidGid, [
    { isMergeable: true, timestamp: 1_700_000_000, lsid: 5_000_000_000, gid: 12 },
    { isMergeable: false, timestamp: 0, lsid: null, gid: null },
  ]),
  value('full-repl-state', readFullReplState, writeFullReplState, [
    { state: STATES[0], progressLb: 4096, timestamp: 1_700_000_000 },
  ]),
  value('zero-clear', readZeroClear, writeZeroClear, [
    { base: STATES[0], beginLb: 4096, archiveUuid: Uint8Array.from({ length: 16 }, (_, i) => i) },
  ]),
  value('host-info', readHostInfo, writeHostInfo, [
    {
      address: { host: 'a0.example.org', port: 10200 },
      compression: { type: 'zstd', level: 3, cpuCount: 2 },
      wdiffSendDelayS: 5,
    },
  ]),
  value(
    'strings',
    (r) => r.strings(),
    (w, texts) => w.strings(texts),
    [['vol0', '', 'Überraschung'], []],
  ),
];
