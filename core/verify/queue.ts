import { openQueueFile } from '../format/queue-file.ts';
import {
  decodeQueueHeader,
  decodeRecord,
  decodeStub,
  headerOffset,
  type QueueHeader,
  RECORD_AREA_OFFSET,
  RECORD_HEADER_BYTES,
} from '../format/queue-layout.ts';
import type { MetaLsidGid } from '../snapshot/meta.ts';
import { decodeWith, readMetaLsidGid } from '../snapshot/meta-codec.ts';
import { MIB } from '../units.ts';
import { type FileCheck, type FileReport, formatProblem } from './finding.ts';

/** More is not read: a record has some 40 bytes, and there is one for each snapshot that waits. */
const MAX_FILE_BYTES = 64 * MIB;

const REMEDY =
  'reset the volume (walbc stop, reset-vol) and take a hash backup: where the waiting snapshots are in the log is not known any more';

export interface QueueReport extends FileReport {
  /** What the records say, newest first. */
  readonly positions: readonly MetaLsidGid[];
}

/** Verifies the queue file of a storage volume: both copies of the header, every record and what it says. */
export async function verifyQueueFile(check: FileCheck): Promise<QueueReport> {
  const positions: MetaLsidGid[] = [];
  const report = { kind: 'queue file', counts: { snapshots: 0 }, positions } as const;
  if (check.file.sizeBytes > MAX_FILE_BYTES) {
    damage(
      check,
      null,
      '',
      `a queue file must have at most ${MAX_FILE_BYTES} bytes`,
      'every snapshot that waits',
    );
    return report;
  }
  const bytes = await check.file.read(0, check.file.sizeBytes);
  check.onBytes(bytes.length);
  const copies = ([0, 1] as const).map((copy) => decodeQueueHeader(bytes, copy));
  const header = copies[0] ?? copies[1];
  if (header === null) {
    damage(check, 0, 'both headers', 'both copies of the header are broken', 'every snapshot that waits');
    return report;
  }
  for (const copy of [0, 1] as const) {
    if (copies[copy] !== null) continue;
    check.report({
      severity: 'notice',
      offset: headerOffset(copy),
      part: `header copy ${copy}`,
      problem: 'this copy of the header is broken, the other one is good',
      cost: '',
      remedy: 'none: the next change writes both',
    });
  }
  try {
    // The server's own verdict: it takes the other copy when a push was cut.
    const queue = openQueueFile(bytes);
    for (const data of queue.records) addPosition(check, positions, data);
  } catch (error) {
    formatProblem(error);
    walkRecords(check, bytes, header, positions);
  }
  return { ...report, counts: { snapshots: positions.length } };
}

/** Reports every record that cannot be read, as far as there is a way from one to the next. */
function walkRecords(
  check: FileCheck,
  bytes: Uint8Array,
  header: QueueHeader,
  positions: MetaLsidGid[],
): void {
  let number = 0;
  for (let offset = header.beginOffset; offset < header.endOffset; number++) {
    const at = RECORD_AREA_OFFSET + offset;
    const said = decodeStub(bytes, offset).dataBytes;
    try {
      addPosition(check, positions, decodeRecord(bytes, offset, header).data);
    } catch (error) {
      damage(
        check,
        at,
        `record ${number}`,
        formatProblem(error).problem,
        'where this snapshot is in the log',
      );
      if (offset + RECORD_HEADER_BYTES + said > header.endOffset) {
        damage(
          check,
          at,
          `record ${number}`,
          'where the next record begins is not known',
          'all older snapshots that wait',
        );
        return;
      }
    }
    offset += RECORD_HEADER_BYTES + said;
  }
  if (positions.length === number) {
    const at = RECORD_AREA_OFFSET + header.endOffset;
    damage(
      check,
      at,
      'records',
      'the records do not say how far it is to the one before',
      'nothing yet, but the server refuses the file',
    );
  }
}

function addPosition(check: FileCheck, positions: MetaLsidGid[], data: Uint8Array): void {
  const part = `record ${positions.length}`;
  try {
    const position = decodeWith(readMetaLsidGid, data);
    const newer = positions[positions.length - 1];
    const isOrdered =
      newer === undefined ||
      ((newer.lsid ?? 0) >= (position.lsid ?? 0) && (newer.gid ?? 0) > (position.gid ?? 0));
    if (position.lsid === null || position.gid === null) {
      damage(check, null, part, 'a snapshot that waits must have an lsid and a gid', 'this snapshot');
    } else if (!isOrdered) {
      damage(
        check,
        null,
        part,
        `snapshots must stand newest first, got gid ${position.gid} behind ${newer?.gid}`,
        'the order of the snapshots',
      );
    }
    positions.push(position);
  } catch (error) {
    damage(check, null, part, formatProblem(error).problem, 'this snapshot');
  }
}

function damage(
  { report }: FileCheck,
  offset: number | null,
  part: string,
  problem: string,
  cost: string,
): void {
  report({ severity: 'damage', offset, part, problem, cost, remedy: REMEDY });
}
