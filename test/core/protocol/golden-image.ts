import { type PackImage, storedIo } from '../../../core/engine/pack-image.ts';
import type { Reader } from '../../../core/format/serializer.ts';
import type { Channel } from '../../../core/protocol/channel.ts';
import { type HashPlan, receiveDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import type { ReceivedPack } from '../../../core/protocol/pack-stream.ts';
import type { RememberingCodecs } from './golden-wire.ts';

/** Images of archives as the recordings change them, and what passes over a recording share. */

/** What one pass of a conversation needs. */
export interface Pass {
  readonly channel: Channel;
  /** The recorded server's words, in the order in which they are looked at. */
  readonly said: Reader;
  readonly codecs: RememberingCodecs;
  readonly image: Image;
}

/** Content of an archive's newest snapshot. */
export class Image {
  bytes = new Uint8Array(0);
  /** What it was after each copy and diff of replication. A base volume is at one of these. */
  readonly history: Uint8Array[] = [];

  resize(sizeLb: number): void {
    if (this.bytes.length >= sizeLb * 512) return;
    const grown = new Uint8Array(sizeLb * 512);
    grown.set(this.bytes);
    this.bytes = grown;
  }

  readonly read = async (addressLb: number, sizeLb: number): Promise<Uint8Array> =>
    this.bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);

  readonly write = async (addressLb: number, sizeLb: number, data: Uint8Array | null): Promise<void> => {
    this.bytes.set(data ?? new Uint8Array(sizeLb * 512), addressLb * 512);
  };

  async apply(pack: ReceivedPack, codecs: RememberingCodecs): Promise<void> {
    for (const record of pack.records) {
      const at = record.dataOffsetBytes;
      const stored = pack.data.subarray(at, at + record.dataSizeBytes);
      const job = {
        kind: 'decompress',
        type: record.compression,
        sizeBytes: record.sizeLb * 512,
        data: stored,
      } as const;
      const data = record.kind === 'normal' ? (await codecs.run([job]))[0] : null;
      await this.write(record.addressLb, record.sizeLb, data);
    }
  }
}

/** What our client then says with the recorded server; null where the recorded client gave up by design. */
export type ClientPass = ((channel: Channel) => Promise<void>) | null;

/** Hashes the image, brings it up to date, and returns the new content: that of the client. */
export async function compare(
  channel: Channel,
  plan: HashPlan,
  image: Image,
  codecs: RememberingCodecs,
): Promise<Uint8Array> {
  image.resize(plan.sizeLb);
  const old = image.bytes.slice();
  await receiveDifferences(channel, {
    plan,
    readChunk: readerOf(old),
    onPack: (pack) => image.apply(pack, codecs),
  });
  return image.bytes.slice();
}

export function asSent(packs: readonly ReceivedPack[]): PackImage[] {
  return packs.map(({ header, records, data }) => ({
    header,
    ios: records.map((record) =>
      storedIo(record, data.subarray(record.dataOffsetBytes, record.dataOffsetBytes + record.dataSizeBytes)),
    ),
    sizeBytes: header.length + data.length,
  }));
}

export function readerOf(bytes: Uint8Array) {
  return async (addressLb: number, sizeLb: number) =>
    bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);
}
