import type { PlainIo } from '../../../../core/engine/plain-io.ts';
import type { Uuid } from '../../../../core/format/uuid.ts';
import { requestBackup, sendLogUuid, sendSyncedSnap } from '../../../../core/protocol/backup-parts.ts';
import { sendFullImage } from '../../../../core/protocol/dirty-full-sync.ts';
import { hashSeedOf, readSnapFrom } from '../../../../core/protocol/dirty-hash-sync.ts';
import { sendDifferences } from '../../../../core/protocol/hash-sync-stream.ts';
import { sendPacks } from '../../../../core/protocol/pack-stream.ts';
import { packIos } from '../../../../core/protocol/packs.ts';
import { askVirtFullScan } from '../../../../core/protocol/virt-full-scan.ts';
import {
  readWdiffAck,
  requestWdiffTransfer,
  type WdiffReply,
} from '../../../../core/protocol/wdiff-transfer.ts';
import { DEFAULT_COMPRESS_OPT } from '../../../../core/snapshot/host-info.ts';
import { type MetaDiff, type MetaSnap, makeSnap } from '../../../../core/snapshot/meta.ts';
import { SIZE_LB, UUID } from './small-volume.ts';
import { codecs, type TestArchive } from './support.ts';

/** What proxies and storage servers say to an archive. */

const BULK_LB = 8;

/** Offers a diff and, when it is accepted, sends it. */
export async function sendWdiff(
  archive: TestArchive,
  diff: MetaDiff,
  ios: readonly PlainIo[],
  uuid: Uuid = UUID,
  volId = 'vol0',
  sizeLb = SIZE_LB,
): Promise<WdiffReply> {
  const channel = await archive.open('wdiff-transfer', 'p0');
  try {
    const request = { volId, hostType: 'proxy', uuid, sizeLb, diff } as const;
    const reply = await requestWdiffTransfer(channel, request);
    if (reply.kind !== 'accept') return reply;
    const wdiffIos = ios.map((io) => ({ ...io, compression: 'none' as const, checksum: 0 }));
    await sendPacks(channel, packIos(wdiffIos, DEFAULT_COMPRESS_OPT, codecs));
    await readWdiffAck(channel);
    return reply;
  } finally {
    channel.close();
  }
}

export interface BackupOfTest {
  readonly image: Uint8Array;
  readonly uuid: Uuid;
  readonly timestamp: number;
  /** End of the snapshot's range. */
  readonly gidE: number;
}

/** A full backup; null, or why it was refused. */
export async function fullBackup(archive: TestArchive, backup: BackupOfTest): Promise<string | null> {
  const channel = await archive.open('dirty-full-sync3', 's0');
  try {
    const { image, timestamp } = backup;
    const request = requestOf(image, timestamp);
    const refusal = await requestBackup(channel, request);
    if (refusal !== null) return refusal;
    await sendLogUuid(channel, backup.uuid);
    await sendFullImage(channel, {
      plan: { startLb: 0, sizeLb: request.sizeLb, bulkLb: BULK_LB },
      compression: DEFAULT_COMPRESS_OPT,
      codecs,
      readChunk: readerOf(image),
    });
    await sendSyncedSnap(channel, makeSnap(0, backup.gidE));
    return null;
  } finally {
    channel.close();
  }
}

/** A hash backup; the snapshot that it was made from, or why it was refused. */
export async function hashBackup(archive: TestArchive, backup: BackupOfTest): Promise<MetaSnap | string> {
  const channel = await archive.open('dirty-hash-sync2', 's0');
  try {
    const { image, timestamp } = backup;
    const request = requestOf(image, timestamp);
    const refusal = await requestBackup(channel, request);
    if (refusal !== null) return refusal;
    const from = await readSnapFrom(channel);
    await sendLogUuid(channel, backup.uuid);
    await sendDifferences(channel, {
      plan: { sizeLb: request.sizeLb, bulkLb: BULK_LB, seed: hashSeedOf(timestamp) },
      compression: DEFAULT_COMPRESS_OPT,
      codecs,
      readChunk: readerOf(image),
    });
    const gidB = (from.gidE ?? 0) + 1;
    await sendSyncedSnap(channel, makeSnap(gidB, gidB + backup.gidE));
    return from;
  } finally {
    channel.close();
  }
}

/** What an operator reads of a snapshot. */
export async function scan(archive: TestArchive, gid: number): Promise<Uint8Array> {
  const channel = await archive.open('virt-full-scan');
  let image = new Uint8Array(0);
  await askVirtFullScan(channel, ['vol0', String(gid), '4K'], {
    bulkLb: BULK_LB,
    codecs,
    open: async (sizeLb) => {
      image = new Uint8Array(sizeLb * 512);
    },
    writeChunk: async (addressLb, _sizeLb, data) => {
      if (data !== null) image.set(data, addressLb * 512);
    },
    sync: async () => {},
  });
  channel.close();
  return image;
}

function requestOf(image: Uint8Array, timestamp: number) {
  return {
    volId: 'vol0',
    sizeLb: image.length / 512,
    timestamp,
    bulkLb: BULK_LB,
    compression: DEFAULT_COMPRESS_OPT,
  };
}

export function readerOf(image: Uint8Array) {
  return async (addressLb: number, sizeLb: number) =>
    image.subarray(addressLb * 512, (addressLb + sizeLb) * 512);
}
