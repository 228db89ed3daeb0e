import { FormatError } from '../../../core/errors.ts';
import {
  decodeIndexRecord,
  decodeIndexSuper,
  encodeIndexRecord,
  encodeIndexSuper,
  INDEX_RECORD_BYTES,
} from '../../../core/format/indexed-wdiff.ts';
import { decodeLogpackHeader, encodeLogpackHeader } from '../../../core/format/logpack.ts';
import { clearQueue, openQueueFile, popBack, pushFront } from '../../../core/format/queue-file.ts';
import { decodePackHeader, encodePackHeader, PACK_HEADER_BYTES } from '../../../core/format/sorted-wdiff.ts';
import { decodeSuperSector, encodeSuperSector } from '../../../core/format/super-sector.ts';
import {
  decodeWdiffHeader,
  encodeWdiffHeader,
  WDIFF_HEADER_BYTES,
} from '../../../core/format/wdiff-header.ts';
import { decodeWlogHeader, encodeWlogHeader, WLOG_HEADER_BYTES } from '../../../core/format/wlog.ts';
import { runSteps } from '../../core/format/queue-disk.ts';
import { FuzzFault, type FuzzTarget, placed, roundTrip } from '../target.ts';
import { fix, fixQueueFile, u32 } from './repair.ts';
import { indexedWdiffs, queueFiles, sortedWdiffs, superSectors, wlogs } from './seeds.ts';

const SALT = 0xcafe;
const MIB = 1024 * 1024;

/** A target for a block of a fixed layout. */
function block(
  name: string,
  seeds: FuzzTarget['seeds'],
  run: (bytes: Uint8Array) => void,
  repair: (bytes: Uint8Array) => void,
): FuzzTarget {
  return { name, seeds, repair, run: placed(run), refusals: [FormatError], maxArrayBytes: MIB };
}

/** Targets of single blocks: headers, sectors, records. */
export const FORMAT_TARGETS: readonly FuzzTarget[] = [
  block(
    'wlog-header',
    async () => (await wlogs()).map((log) => log.slice(0, WLOG_HEADER_BYTES)),
    (bytes) => roundTrip(bytes, decodeWlogHeader, encodeWlogHeader),
    (bytes) => fix(bytes, 0, bytes.length, 8),
  ),
  block(
    'logpack',
    async () => {
      const [small, large] = await wlogs();
      return [small.slice(4096, 4608), small.slice(4096 + 4 * 512, 4096 + 5 * 512), large.slice(4096, 8192)];
    },
    (bytes) => {
      const value = decodeLogpackHeader(bytes, SALT);
      const again = decodeLogpackHeader(encodeLogpackHeader(value, bytes.length, SALT), SALT);
      roundTrip(
        bytes,
        () => ({ ...again, checksum: 0 }),
        () => bytes,
      );
      if (JSON.stringify({ ...again, checksum: 0 }) !== JSON.stringify({ ...value, checksum: 0 })) {
        throw new FuzzFault('decode(encode(x)) is not x');
      }
    },
    (bytes) => fix(bytes, 0, bytes.length, 0, SALT),
  ),
  block(
    'super-sector',
    async () => superSectors(),
    (bytes) => roundTrip(bytes, decodeSuperSector, encodeSuperSector),
    (bytes) => fix(bytes, 0, bytes.length, 4),
  ),
  block(
    'wdiff-header',
    async () =>
      [...(await sortedWdiffs()), ...(await indexedWdiffs())].map((diff) =>
        diff.slice(0, WDIFF_HEADER_BYTES),
      ),
    (bytes) => roundTrip(bytes, decodeWdiffHeader, encodeWdiffHeader),
    (bytes) => fix(bytes, 0, bytes.length, 0),
  ),
  block(
    'wdiff-pack',
    async () =>
      (await sortedWdiffs()).flatMap((diff) => [
        diff.slice(WDIFF_HEADER_BYTES, WDIFF_HEADER_BYTES + PACK_HEADER_BYTES),
        diff.slice(-PACK_HEADER_BYTES),
      ]),
    (bytes) => roundTrip(bytes, decodePackHeader, ({ records, end }) => encodePackHeader(records, { end })),
    (bytes) => fix(bytes, 0, bytes.length, 0),
  ),
  block(
    'index-super',
    async () => (await indexedWdiffs()).map((diff) => diff.slice(-24)),
    (bytes) => {
      // Of a file that has just the records that the super says.
      const [indexAt, recordCount] = bytes.length < 12 ? [0, 0] : [u32(bytes, 0), u32(bytes, 8)];
      const sizeBytes = indexAt + recordCount * INDEX_RECORD_BYTES + bytes.length;
      roundTrip(bytes, (given) => decodeIndexSuper(given, sizeBytes), encodeIndexSuper);
    },
    (bytes) => fix(bytes, 0, bytes.length, 20),
  ),
  block(
    'index-record',
    async () => (await indexedWdiffs()).map((diff) => diff.slice(-24 - INDEX_RECORD_BYTES, -24)),
    (bytes) => roundTrip(bytes, (given) => decodeIndexRecord(given), encodeIndexRecord),
    (bytes) => fix(bytes, 0, bytes.length, 44),
  ),
  block('queue-file', async () => queueFiles(), checkQueue, fixQueueFile),
];

/** A queue that can be opened can be changed, and then opened again with what was changed. */
function checkQueue(bytes: Uint8Array): void {
  const queue = openQueueFile(bytes);
  const data = Uint8Array.of(1, 2, 3);
  for (const change of [pushFront(queue, data), popBack(queue, queue.records.length), clearQueue(queue)]) {
    const after = openQueueFile(runSteps(bytes.slice(), change.steps));
    if (after.records.length !== change.queue.records.length) {
      throw new FuzzFault(`${after.records.length} records instead of ${change.queue.records.length}`);
    }
  }
}
