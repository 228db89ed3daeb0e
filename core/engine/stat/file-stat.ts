import { FormatError } from '../../errors.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES, type WdiffHeader } from '../../format/wdiff-header.ts';
import { WLOG_HEADER_BYTES } from '../../format/wlog.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../../units.ts';
import { COMPRESSION_TYPES, type CodecPool, type CompressionType } from '../../world/codec.ts';
import { BufferedReader, type ByteSource, type RandomReader } from '../byte-stream.ts';
import { IndexReader } from '../indexed-wdiff-reader.ts';
import { isAllZero } from '../plain-io.ts';
import { SortedPackReader } from '../sorted-wdiff-reader.ts';
import { openWlog, type WlogReader } from '../wlog-reader.ts';

/** Number and size of IOs of one kind. */
export interface KindCount {
  ios: number;
  blocks: Lb;
}

/** What is stored with one codec. */
export interface StoredCount {
  ios: number;
  storedBytes: number;
  plainBytes: number;
}

/** IOs of more blocks than 2^17 are counted with those of 2^17. */
export const SIZE_CLASSES = 18;

/** What is counted of one file. */
export interface FileStat {
  readonly kind: 'wlog' | 'sorted wdiff' | 'indexed wdiff';
  /** Bytes of the file as far as it was read; of an indexed wdiff its size. */
  sizeBytes: number;
  readonly normal: KindCount;
  readonly zero: KindCount;
  readonly discard: KindCount;
  /** Wlogs: blocks that only fill the log. */
  paddingBytes: number;
  /** Wdiffs: by codec. */
  readonly stored: Map<CompressionType, StoredCount>;
  /** Written IOs (normal and zero) by size: index n has those of 2^n blocks and more, less than 2^(n+1). */
  readonly sizes: number[];
  /** IOs whose data do not have their check sum. */
  damagedIos: number;
  /** What a reader would complain of at the end, or null. */
  complaint: string | null;
}

/** An IO as it is counted; data can be asked for while the callee has not returned. */
export interface CountedIo {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  readonly kind: 'normal' | 'zero' | 'discard';
  /** Of a wlog: IOs stand in the order of time. */
  readonly isOfLog: boolean;
  /** The uncompressed data of a normal IO. */
  readonly data: () => Promise<Uint8Array>;
}

/** Something to be counted. */
export interface StatInput {
  readonly source: ByteSource;
  /** For indexed wdiffs. */
  readonly reader: RandomReader | null;
}

function newFileStat(kind: FileStat['kind']): FileStat {
  const none = () => ({ ios: 0, blocks: 0 });
  return {
    kind,
    sizeBytes: 0,
    normal: none(),
    zero: none(),
    discard: none(),
    paddingBytes: 0,
    stored: new Map(),
    sizes: new Array<number>(SIZE_CLASSES).fill(0),
    damagedIos: 0,
    complaint: null,
  };
}

function count(stat: FileStat, { kind, sizeLb }: Pick<CountedIo, 'kind' | 'sizeLb'>): void {
  stat[kind].ios++;
  stat[kind].blocks += sizeLb;
  if (kind !== 'discard') stat.sizes[Math.min(SIZE_CLASSES - 1, Math.floor(Math.log2(sizeLb)))]++;
}

/** Counts a wlog (one or several) or a wdiff; hands on every IO. Throws FormatError for damage that hides what follows. */
export async function statFile(
  input: StatInput,
  pool: CodecPool,
  onIo: (io: CountedIo) => Promise<void>,
): Promise<FileStat> {
  const source = new PeekedSource(input.source);
  const head = await source.peek(WDIFF_HEADER_BYTES);
  if (head[0] === 4 && head[1] === 0) return await statWlog(source, onIo);
  const header = wdiffHeaderOf(head);
  if (header.type === 'sorted') return await statSorted(header, source, pool, onIo);
  if (input.reader === null) throw new FormatError('an indexed wdiff must be a regular file');
  return await statIndexed(input.reader, pool, onIo);
}

function wdiffHeaderOf(head: Uint8Array): WdiffHeader {
  try {
    return decodeWdiffHeader(head);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(
      `neither a wlog nor a wdiff, or one whose header is damaged: ${error.message}`,
      error.offset,
    );
  }
}

/** A source whose first bytes were looked at before. */
class PeekedSource implements ByteSource {
  readonly #source: ByteSource;
  #head: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The first bytes, fewer at the end of the source. */
  async peek(sizeBytes: number): Promise<Uint8Array> {
    this.#head = (await new BufferedReader(this.#source, 1).readUpTo(sizeBytes)).slice();
    return this.#head;
  }

  async read(maxBytes: number): Promise<Uint8Array | null> {
    if (this.#head.length === 0) return await this.#source.read(maxBytes);
    const bytes = this.#head.subarray(0, maxBytes);
    this.#head = this.#head.subarray(bytes.length);
    return bytes;
  }
}

async function statWlog(source: ByteSource, onIo: (io: CountedIo) => Promise<void>): Promise<FileStat> {
  const stat = newFileStat('wlog');
  const reader = new BufferedReader(source);
  for (let wlog = await openWlog(reader, { checkLsid: true }); wlog !== null; ) {
    const pbs = wlog.header.physicalBlockBytes;
    try {
      await statPacks(wlog, stat, onIo);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      // What came before is counted all the same.
      stat.sizeBytes = reader.offset;
      stat.complaint = `${error.message} (at byte ${error.offset})`;
      return stat;
    }
    stat.sizeBytes = reader.offset;
    if (wlog.end !== 'end-block') {
      stat.complaint = `the log must go on or have its end block at lsid ${wlog.endLsid}, byte ${reader.offset - (wlog.end === 'eof' ? 0 : pbs)}`;
      return stat;
    }
    wlog = await openWlog(reader, { checkLsid: true });
  }
  if (stat.sizeBytes === 0)
    throw new FormatError(`eof error: a wlog header of ${WLOG_HEADER_BYTES} bytes expected`);
  return stat;
}

/** Counts the packs of one wlog. Throws FormatError when it is cut within data. */
async function statPacks(
  wlog: WlogReader,
  stat: FileStat,
  onIo: (io: CountedIo) => Promise<void>,
): Promise<void> {
  while ((await wlog.nextPack()) !== null) {
    for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
      const { kind, offsetLb: addressLb, sizeLb } = io.record;
      if (kind === 'padding') {
        stat.paddingBytes += io.data.length;
        continue;
      }
      if (!io.isValid) stat.damagedIos++;
      const data = io.data.subarray(0, sizeLb * LOGICAL_BLOCK_BYTES);
      const counted = {
        addressLb,
        sizeLb,
        kind: kind === 'normal' && isAllZero(data) ? 'zero' : kind,
      } as const;
      count(stat, counted);
      await onIo({ ...counted, isOfLog: true, data: async () => data });
    }
  }
}

function countStored(stat: FileStat, type: CompressionType, storedBytes: number, plainBytes: number): void {
  const entry = stat.stored.get(type) ?? { ios: 0, storedBytes: 0, plainBytes: 0 };
  stat.stored.set(type, entry);
  entry.ios++;
  entry.storedBytes += storedBytes;
  entry.plainBytes += plainBytes;
}

async function unpack(
  pool: CodecPool,
  type: CompressionType,
  data: Uint8Array,
  sizeBytes: number,
): Promise<Uint8Array> {
  if (type === 'none') return data;
  return (await pool.run([{ kind: 'decompress', type, sizeBytes, data }]))[0];
}

async function statSorted(
  header: WdiffHeader,
  source: ByteSource,
  pool: CodecPool,
  onIo: (io: CountedIo) => Promise<void>,
): Promise<FileStat> {
  const stat = newFileStat('sorted wdiff');
  const reader = new BufferedReader(source);
  await reader.skip(WDIFF_HEADER_BYTES);
  const packs = new SortedPackReader(header, reader);
  while (await packs.nextPack()) {
    for (let io = await packs.nextIo(); io !== null; io = await packs.nextIo()) {
      const { addressLb, sizeLb, kind, compression, data } = io;
      const plainBytes = sizeLb * LOGICAL_BLOCK_BYTES;
      if (kind === 'normal') countStored(stat, compression, data.length, plainBytes);
      count(stat, io);
      await onIo({
        addressLb,
        sizeLb,
        kind,
        isOfLog: false,
        data: () => unpack(pool, compression, data, plainBytes),
      });
    }
  }
  stat.sizeBytes = reader.offset;
  return stat;
}

async function statIndexed(
  file: RandomReader,
  pool: CodecPool,
  onIo: (io: CountedIo) => Promise<void>,
): Promise<FileStat> {
  const stat = newFileStat('indexed wdiff');
  stat.sizeBytes = file.sizeBytes;
  const index = await IndexReader.open(file);
  for (let piece = await index.nextPiece(); piece.length > 0; piece = await index.nextPiece()) {
    for (const record of piece) {
      const { addressLb, sizeLb, kind, compression, imageOffsetLb, imageSizeLb } = record;
      const plainBytes = sizeLb * LOGICAL_BLOCK_BYTES;
      // An image that several pieces share is counted by its parts.
      const part = kind === 'normal' ? (record.dataSizeBytes * sizeLb) / imageSizeLb : 0;
      if (kind === 'normal') countStored(stat, compression, part, plainBytes);
      count(stat, record);
      await onIo({
        addressLb,
        sizeLb,
        kind,
        isOfLog: false,
        async data() {
          const stored = await file.read(record.dataOffsetBytes, record.dataSizeBytes);
          const image = await unpack(pool, compression, stored, imageSizeLb * LOGICAL_BLOCK_BYTES);
          const at = imageOffsetLb * LOGICAL_BLOCK_BYTES;
          return image.subarray(at, at + plainBytes);
        },
      });
    }
  }
  return stat;
}

/** In the order of their numbers. */
export function storedEntries(stat: FileStat): [CompressionType, StoredCount][] {
  return COMPRESSION_TYPES.flatMap((type) => {
    const entry = stat.stored.get(type);
    return entry === undefined ? [] : [[type, entry] as [CompressionType, StoredCount]];
  });
}
