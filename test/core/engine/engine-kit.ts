import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ByteSource } from '../../../core/engine/byte-stream.ts';
import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { IndexedWdiffWriter } from '../../../core/engine/indexed-wdiff-writer.ts';
import type { CompressionOption } from '../../../core/engine/io-codec.ts';
import { MemorySink, memoryReader } from '../../../core/engine/memory-stream.ts';
import { openWdiff } from '../../../core/engine/open-wdiff.ts';
import type { IoStream, PlainIo } from '../../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../../core/engine/sorted-wdiff-writer.ts';
import type { WdiffInput } from '../../../core/engine/wdiff-input.ts';
import { IoError } from '../../../core/errors.ts';
import { type Uuid, uuidFromText } from '../../../core/format/uuid.ts';
import type { BlockDevice } from '../../../core/world/block-device.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { goldenDir } from '../../golden.ts';

export const BLOCK = 512;
export const UUID: Uuid = uuidFromText('000102030405060708090a0b0c0d0e0f');
export const STEPS = { write: 'test.write', discard: 'test.discard', flush: 'test.flush' };

export async function portablePool(): Promise<CodecPool> {
  return inlineCodecPool(await loadPortableCodecs());
}

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export function golden(path: string): Uint8Array {
  return readFileSync(join(goldenDir() ?? '', path));
}

export function goldenLines(path: string): string[] {
  return Buffer.from(golden(path)).toString().trimEnd().split('\n');
}

/** The base images that the golden data were made on. */
export function baseImage(name: string): Uint8Array {
  const image = new Uint8Array(4 << 20);
  if (name === 'base.zero') return image;
  if (name !== 'base.rand') throw new Error(`unknown base image ${name}`);
  const view = new DataView(image.buffer);
  for (let at = 0; at < image.length; at += 4) view.setUint32(at, Math.floor(at / BLOCK), true);
  return image;
}

/** A device in memory. Each call takes a few turns of the microtask queue, so that calls in flight mix. */
export class MemoryDevice implements BlockDevice {
  readonly physicalBlockBytes: 512 | 4096;
  readonly supportsFlush = true;
  readonly supportsDiscard = true;
  readonly image: Uint8Array;
  readonly calls: string[] = [];
  /** Ranges of writes in flight, to see that no two overlap. */
  readonly inFlight = new Set<[number, number]>();
  maxInFlight = 0;
  /** Fails the write whose number this is. */
  failWrite = -1;
  #turn = 0;
  #writes = 0;

  constructor(image: Uint8Array, physicalBlockBytes: 512 | 4096 = 512) {
    this.image = image;
    this.physicalBlockBytes = physicalBlockBytes;
  }

  sizeLb(): number {
    return this.image.length / BLOCK;
  }

  async read(addressLb: number, sizeLb: number): Promise<Uint8Array> {
    this.#checkAligned(addressLb, sizeLb);
    this.calls.push(`read ${addressLb} ${sizeLb}`);
    return this.image.slice(addressLb * BLOCK, (addressLb + sizeLb) * BLOCK);
  }

  async write(addressLb: number, data: Uint8Array): Promise<void> {
    const sizeLb = data.length / BLOCK;
    this.#checkAligned(addressLb, sizeLb);
    if (addressLb + sizeLb > this.sizeLb()) throw new IoError('EIO', 'behind the end');
    const number = this.#writes++;
    const range: [number, number] = [addressLb, addressLb + sizeLb];
    for (const [begin, end] of this.inFlight) {
      if (begin < range[1] && range[0] < end) throw new Error('two overlapping writes in flight');
    }
    this.inFlight.add(range);
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight.size);
    for (let turns = (this.#turn++ * 7) % 11; turns > 0; turns--) await null;
    this.inFlight.delete(range);
    if (number === this.failWrite) throw new IoError('EIO', 'write failed');
    this.calls.push(`write ${addressLb} ${sizeLb}`);
    this.image.set(data, addressLb * BLOCK);
  }

  async flush(): Promise<void> {
    if (this.inFlight.size > 0) throw new Error('flush while writes are in flight');
    this.calls.push('flush');
  }

  async discard(addressLb: number, sizeLb: number): Promise<void> {
    if (this.inFlight.size > 0) throw new Error('discard while writes are in flight');
    this.calls.push(`discard ${addressLb} ${sizeLb}`);
    this.image.fill(0xdd, addressLb * BLOCK, (addressLb + sizeLb) * BLOCK);
  }

  close(): void {}

  #checkAligned(addressLb: number, sizeLb: number): void {
    const alignLb = this.physicalBlockBytes / BLOCK;
    if (addressLb % alignLb !== 0 || sizeLb % alignLb !== 0) throw new IoError('EINVAL', 'not aligned');
  }
}

export async function collect(stream: IoStream): Promise<PlainIo[]> {
  const ios: PlainIo[] = [];
  for (let io = await stream.next(); io !== null; io = await stream.next()) ios.push(io);
  return ios;
}

export function streamOf(ios: readonly PlainIo[]): IoStream {
  let at = 0;
  return { next: async () => (at < ios.length ? ios[at++] : null) };
}

/** `address size kind digest` of each IO. */
export function ioLines(ios: readonly PlainIo[]): string[] {
  return ios.map((io) => `${io.addressLb} ${io.sizeLb} ${io.kind} ${sha256(io.data).slice(0, 16)}`);
}

export interface WdiffSpec {
  readonly type: 'sorted' | 'indexed';
  readonly compression: CompressionOption;
  readonly maxPieceLb: number;
}

/** The bytes of a wdiff that holds `ios`; for the sorted type they must be sorted and not overlap. */
export async function makeWdiff(
  ios: readonly PlainIo[],
  spec: WdiffSpec,
  pool: CodecPool,
): Promise<Uint8Array> {
  const sink = new MemorySink();
  const { compression, maxPieceLb } = spec;
  const writer =
    spec.type === 'sorted'
      ? await SortedWdiffWriter.open(sink, UUID, { compression, pool })
      : await IndexedWdiffWriter.open(sink, UUID, { compression, pool, maxPieceLb });
  for (const io of ios) await writer.add(io);
  await writer.close();
  return sink.bytes;
}

export async function openBytes(bytes: Uint8Array, pool: CodecPool): Promise<WdiffInput> {
  return await openWdiff(memoryReader(bytes), pool);
}

/** A simple model of a diff: for each block what the newest IO says, null = nothing. */
export type BlockModel = (null | { kind: PlainIo['kind']; content: string })[];

export function modelOf(sizeLb: number, ios: readonly PlainIo[]): BlockModel {
  const model: BlockModel = new Array(sizeLb).fill(null);
  addToModel(model, ios);
  return model;
}

export function addToModel(model: BlockModel, ios: readonly PlainIo[]): void {
  for (const io of ios) {
    for (let i = 0; i < io.sizeLb; i++) {
      const block = io.data.subarray(i * BLOCK, (i + 1) * BLOCK);
      model[io.addressLb + i] = { kind: io.kind, content: io.kind === 'normal' ? hex(block) : '' };
    }
  }
}

/** An IO whose blocks say where and when they were written, so that no two are equal by chance. */
export function makeIo(kind: PlainIo['kind'], addressLb: number, sizeLb: number, version: number): PlainIo {
  const data = new Uint8Array(kind === 'normal' ? sizeLb * BLOCK : 0);
  const view = new DataView(data.buffer);
  for (let at = 0; at < data.length; at += 8) {
    view.setUint32(at, addressLb + Math.floor(at / BLOCK) + 1, true);
    view.setUint32(at + 4, version, true);
  }
  return { addressLb, sizeLb, kind, data };
}

/** IOs inside [0, spaceLb), in any order and overlapping. */
export function anyIos(spaceLb: number, maxLb: number, maxLength: number): fc.Arbitrary<PlainIo[]> {
  return fc
    .array(
      fc.record({
        kind: fc.constantFrom('normal', 'normal', 'zero', 'discard') as fc.Arbitrary<PlainIo['kind']>,
        addressLb: fc.nat(spaceLb - 1),
        sizeLb: fc.integer({ min: 1, max: maxLb }),
        version: fc.nat(0xffffff),
      }),
      { maxLength },
    )
    .map((specs) =>
      specs.map(({ kind, addressLb, sizeLb, version }) =>
        makeIo(kind, addressLb, Math.min(sizeLb, spaceLb - addressLb), version + 1),
      ),
    );
}

/** The IOs sorted by address, those that begin inside an earlier one left out. */
export function sortedPart(ios: readonly PlainIo[]): PlainIo[] {
  const kept: PlainIo[] = [];
  let endLb = 0;
  for (const io of ios.slice().sort((a, b) => a.addressLb - b.addressLb)) {
    if (io.addressLb < endLb) continue;
    kept.push(io);
    endLb = io.addressLb + io.sizeLb;
  }
  return kept;
}

export const anyWdiffSpec: fc.Arbitrary<WdiffSpec> = fc.record({
  type: fc.constantFrom('sorted', 'indexed'),
  compression: fc.record({
    type: fc.constantFrom('none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'),
    level: fc.nat(2),
  }),
  maxPieceLb: fc.constantFrom(0, 1, 3, 8, 2048),
});

/** A source that is an object of a class, with methods and getters, and keeps what it gave until it is told to forget it. */
export class KeptSource implements ByteSource {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #offset = 0;
  forgottenBytes = 0;

  constructor(bytes: Uint8Array, pieceBytes: number) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
  }

  get pieceBytes(): number {
    return this.#pieceBytes;
  }

  async read(maxBytes: number): Promise<Uint8Array | null> {
    if (this.#offset === this.#bytes.length) return null;
    const piece = this.#bytes.subarray(this.#offset, this.#offset + maxBytes);
    this.#offset += piece.length;
    return piece;
  }

  forget(beforeBytes: number): void {
    this.forgottenBytes = beforeBytes;
  }
}
