import { SNAPPY } from '../../../../core/engine/io-codec.ts';
import { MemorySink } from '../../../../core/engine/memory-stream.ts';
import { isAllZero, type PlainIo } from '../../../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../../../core/engine/sorted-wdiff-writer.ts';
import { Writer } from '../../../../core/format/serializer.ts';
import {
  type MetaDiff,
  type MetaState,
  makeDiff,
  makeSnap,
  makeState,
} from '../../../../core/snapshot/meta.ts';
import { encodeWith, writeMetaState } from '../../../../core/snapshot/meta-codec.ts';
import { wdiffFileName } from '../../../../core/snapshot/wdiff-name.ts';
import { codecs, type TestArchive } from './support.ts';

/** A tiny volume with a known content at every gid, put on disk without any server. */

export const SIZE_LB = 64;
export const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
export const ARCHIVE_UUID = Uint8Array.from({ length: 16 }, (_, i) => 100 + i);
export const TIME_S = 1_700_000_000;

/** Content at gid 0, 1, 2 ...; each step writes, clears and discards some blocks. */
export const CONTENTS: readonly Uint8Array[] = makeContents(12);

function makeContents(count: number): Uint8Array[] {
  const contents = [blocks((block) => (block % 3 === 0 ? 0 : block + 1))];
  for (let gid = 1; gid < count; gid++) {
    const next = contents[gid - 1].slice();
    for (const { addressLb, sizeLb, kind, data } of iosOf(gid)) {
      if (kind === 'normal') next.set(data, addressLb * 512);
      else next.fill(0, addressLb * 512, (addressLb + sizeLb) * 512);
    }
    contents.push(next);
  }
  return contents;
}

/** A block's bytes tell its value. */
function blocks(byteOf: (block: number) => number, sizeLb = SIZE_LB): Uint8Array {
  const bytes = new Uint8Array(sizeLb * 512);
  for (let block = 0; block < sizeLb; block++)
    bytes.fill(byteOf(block) & 0xff, block * 512, (block + 1) * 512);
  return bytes;
}

/** The IOs of the diff that ends at a gid, ascending. */
export function iosOf(gid: number): PlainIo[] {
  const none = new Uint8Array(0);
  const at = (gid * 7) % 40;
  return [
    { addressLb: at, sizeLb: 4, kind: 'normal', data: blocks((block) => gid * 16 + block + 1, 4) },
    { addressLb: at + 6, sizeLb: 2, kind: 'zero', data: none },
    { addressLb: at + 10, sizeLb: 3, kind: 'discard', data: none },
    { addressLb: at + 14, sizeLb: 8, kind: 'normal', data: blocks((block) => gid * 5 + block + 3, 8) },
  ];
}

/** What turns one content into another, block by block. */
export function difference(from: Uint8Array, to: Uint8Array): PlainIo[] {
  const ios: PlainIo[] = [];
  for (let block = 0; block < SIZE_LB; block++) {
    const data = to.subarray(block * 512, (block + 1) * 512);
    if (Buffer.compare(from.subarray(block * 512, (block + 1) * 512), data) === 0) continue;
    const kind = isAllZero(data) ? 'zero' : 'normal';
    ios.push({ addressLb: block, sizeLb: 1, kind, data: kind === 'zero' ? data.subarray(0, 0) : data });
  }
  return ios;
}

export async function wdiffBytes(ios: readonly PlainIo[], uuid = UUID): Promise<Uint8Array> {
  const sink = new MemorySink();
  const writer = await SortedWdiffWriter.open(sink, uuid, { compression: SNAPPY, pool: codecs });
  for (const io of ios) await writer.add(io);
  await writer.close();
  return sink.bytes.slice();
}

export function stepDiff(gid: number, isMergeable = false): MetaDiff {
  return makeDiff(gid - 1, gid, { isMergeable, timestamp: TIME_S + gid });
}

export interface SmallVolume {
  readonly state?: string;
  readonly baseGid?: number;
  readonly lastGid?: number;
  /** Diffs that end at these gids may be merged onto the one before. */
  readonly mergeable?: readonly number[];
  readonly base?: MetaState;
  readonly volId?: string;
}

/** Puts a volume there: base, diffs up to `lastGid`. */
export async function seedSmallVolume(archive: TestArchive, volume: SmallVolume = {}): Promise<void> {
  const { baseGid = 0, lastGid = 4, mergeable = [], volId = 'vol0', state = 'Archived' } = volume;
  const { files } = archive.host;
  const directory = `${archive.base}/${volId}`;
  const base = volume.base ?? makeState(makeSnap(baseGid), TIME_S + baseGid);
  const word = new Writer();
  word.string(state);
  files.seed(`${directory}/state`, word.finish());
  files.seed(`${directory}/uuid`, UUID);
  files.seed(`${directory}/archive_uuid`, ARCHIVE_UUID);
  files.seed(`${directory}/base`, encodeWith(writeMetaState, base));
  for (let gid = baseGid + 1; gid <= lastGid; gid++) {
    const name = wdiffFileName(stepDiff(gid, mergeable.includes(gid)));
    files.seed(`${directory}/${name}`, await wdiffBytes(iosOf(gid)));
  }
  await archive.seedVolume(`wb_${volId}`, CONTENTS[baseGid]);
}
