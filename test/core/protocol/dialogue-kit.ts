import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { ProtocolError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { encodeLogpackHeader, type LogRecord } from '../../../core/format/logpack.ts';
import type * as backup from '../../../core/protocol/backup-parts.ts';
import type { Channel } from '../../../core/protocol/channel.ts';
import { receiveImage } from '../../../core/protocol/full-sync-stream.ts';
import { receiveDifferences, sendDifferences } from '../../../core/protocol/hash-sync-stream.ts';
import { negotiateAsClient, negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { type ReceivedPack, receivePacks } from '../../../core/protocol/pack-stream.ts';
import * as replFull from '../../../core/protocol/repl-full.ts';
import type * as wlog from '../../../core/protocol/wlog-transfer.ts';
import type { CompressOpt } from '../../../core/snapshot/host-info.ts';
import { makeDiff, makeSnap, makeState } from '../../../core/snapshot/meta.ts';
import type { CodecPool } from '../../../core/world/index.ts';
import { rememberingCodecs } from '../../../sim/remembering-codecs.ts';

/** What the dialogues of the tests are made of. */

export interface Dialogue {
  readonly name: string;
  readonly client: (channel: Channel) => Promise<unknown>;
  readonly server: (channel: Channel) => Promise<unknown>;
  /** What the two must return when nothing goes wrong. */
  readonly clientValue: unknown;
  readonly serverValue: unknown;
}

export const codecs: CodecPool = inlineCodecPool(rememberingCodecs(await loadPortableCodecs()));

export const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
export const OTHER_UUID = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);
export const HASH = Uint8Array.from({ length: 16 }, (_, i) => 7 * i);
export const SNAPPY: CompressOpt = { type: 'snappy', level: 0, cpuCount: 1 };
export const GZIP: CompressOpt = { type: 'gzip', level: 1, cpuCount: 2 };

/** An image of 512-byte blocks, where block i holds `values[i]`. */
export function image(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 512);
  for (const [i, value] of values.entries()) bytes.fill(value, i * 512, (i + 1) * 512);
  return bytes;
}

export const reader = (bytes: Uint8Array) => async (addressLb: number, sizeLb: number) =>
  bytes.slice(addressLb * 512, (addressLb + sizeLb) * 512);

/** A target that starts as `bytes` and can be looked at. */
export function writer(bytes: Uint8Array) {
  const content = bytes.slice();
  return {
    content,
    writeChunk: async (addressLb: number, sizeLb: number, data: Uint8Array | null) => {
      content.set(data ?? new Uint8Array(sizeLb * 512), addressLb * 512);
    },
    onPack: async (pack: ReceivedPack) => {
      for (const record of pack.records) {
        let data = new Uint8Array(record.sizeLb * 512);
        if (record.kind === 'normal') {
          const stored = pack.data.subarray(
            record.dataOffsetBytes,
            record.dataOffsetBytes + record.dataSizeBytes,
          );
          const job = {
            kind: 'decompress',
            type: record.compression,
            sizeBytes: data.length,
            data: stored,
          } as const;
          data = (await codecs.run([job]))[0].slice();
        }
        content.set(data, record.addressLb * 512);
      }
    },
  };
}

export const TRUE_IMAGE = image([1, 2, 0, 0, 5, 6, 7, 0, 9]);
export const OLD_IMAGE = image([1, 2, 3, 4, 5, 6, 0, 0, 8]);
export const PLAN = { startLb: 0, sizeLb: 9, bulkLb: 2 };
export const HASH_PLAN = { sizeLb: 9, bulkLb: 2, seed: 0xfedcba98 };
export const REQUEST: backup.BackupRequest = {
  volId: 'vol0',
  sizeLb: 9,
  timestamp: 0xfedcba98,
  bulkLb: 2,
  compression: SNAPPY,
};
export const DIFF = makeDiff(3, 5, { isMergeable: true, timestamp: 1_400_000_000, dataSizeBytes: 9999 });
export const STATE = makeState(makeSnap(3), 1_400_000_000);
export const INFO = { address: { host: '127.0.0.1', port: 10200 }, compression: GZIP, wdiffSendDelayS: 300 };

export const WDIFF_IOS = [
  { addressLb: 1, sizeLb: 2, kind: 'normal', compression: 'none', data: image([4, 4]), checksum: 0 },
  { addressLb: 3, sizeLb: 1, kind: 'zero', compression: 'none', data: new Uint8Array(0), checksum: 0 },
  { addressLb: 6, sizeLb: 2, kind: 'discard', compression: 'none', data: new Uint8Array(0), checksum: 0 },
] as const;

const PBS = 512;
const SALT = 0x12345678;

/** A log pack with a normal record, a discard, a padding without size and one more record. */
export function logPack(): wlog.LogPack {
  const data = [image([3, 3]), null, image([0]), image([8])];
  const kinds = ['normal', 'discard', 'padding', 'normal'] as const;
  let lsidLocal = 1;
  const records: LogRecord[] = data.map((block, i) => {
    const record = {
      kind: kinds[i],
      checksum: kinds[i] === 'normal' && block !== null ? checksum(block, SALT) : 0,
      offsetLb: kinds[i] === 'padding' ? 0 : 10 * i,
      sizeLb: block === null ? 100 : block.length / 512,
      lsidLocal,
      lsid: 1000 + lsidLocal,
    };
    lsidLocal += block === null ? 0 : block.length / PBS;
    return record;
  });
  const header = { checksum: 0, totalIoSizePb: lsidLocal - 1, logpackLsid: 1000, paddingCount: 1, records };
  return { header, headerBlock: encodeLogpackHeader(header, PBS, SALT), data };
}

export const WLOG_REQUEST: wlog.WlogRequest = {
  volId: 'vol0',
  uuid: UUID,
  physicalBlockBytes: PBS,
  salt: SALT,
  volSizeLb: 8192,
  maxLogSizePb: 10,
};

async function negotiated(channel: Channel, protocol: string): Promise<void> {
  const found = await negotiateAsServer(channel, 's0', (name) => name === protocol);
  if (found?.protocol !== protocol) throw new ProtocolError('refused');
}

/** A conversation behind its negotiation. */
export function dialogue(
  name: string,
  protocol: string,
  client: (channel: Channel) => Promise<unknown>,
  server: (channel: Channel) => Promise<unknown>,
  clientValue: unknown,
  serverValue: unknown,
): Dialogue {
  return {
    name,
    clientValue,
    serverValue,
    client: async (channel) => {
      await negotiateAsClient(channel, 'ctl', protocol);
      const value = await client(channel);
      channel.close();
      return value;
    },
    server: async (channel) => {
      await negotiated(channel, protocol);
      return server(channel);
    },
  };
}

export async function receiveOldImage(channel: Channel): Promise<Uint8Array> {
  const target = writer(OLD_IMAGE);
  await receiveDifferences(channel, { plan: HASH_PLAN, readChunk: reader(OLD_IMAGE), onPack: target.onPack });
  return target.content;
}

export async function sendTrueImage(channel: Channel): Promise<void> {
  await sendDifferences(channel, {
    plan: HASH_PLAN,
    compression: SNAPPY,
    codecs,
    readChunk: reader(TRUE_IMAGE),
  });
}

export async function receivePackList(channel: Channel, limitLb: number): Promise<string[]> {
  const seen: string[] = [];
  await receivePacks(channel, limitLb, async (pack) => {
    for (const record of pack.records) seen.push(`${record.addressLb}+${record.sizeLb} ${record.kind}`);
  });
  return seen;
}

export async function fullPart(channel: Channel, startLb: number): Promise<Uint8Array> {
  const offer = await replFull.receiveFullOffer(channel);
  const target = writer(OLD_IMAGE);
  await replFull.acceptFull(channel, startLb);
  await receiveImage(channel, {
    plan: { startLb, sizeLb: offer.sizeLb, bulkLb: offer.bulkLb },
    compression: offer.compression,
    codecs,
    writeChunk: target.writeChunk,
  });
  await replFull.ackReplImage(channel);
  return target.content;
}
