import { applyIo } from '../../engine/apply.ts';
import { DeviceWriter } from '../../engine/device-writer.ts';
import { decompressIos } from '../../engine/io-codec.ts';
import { storedIo } from '../../engine/pack-image.ts';
import type { ReadChunk } from '../../protocol/chunks.ts';
import type { OnPack } from '../../protocol/pack-stream.ts';
import { alignedDevice } from './aligned-device.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import type { ArchiveServer, ArchiveVolume } from './volume.ts';

/** A base image that is read and, behind that, written at the same time. */
export interface ResyncImage {
  readonly readChunk: ReadChunk;
  readonly writePack: OnPack;
  /** Makes everything durable. */
  flush(): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Opens the base for a resync: received packs go straight into it. */
export async function openResyncImage(server: ArchiveServer, volume: ArchiveVolume): Promise<ResyncImage> {
  const { lvs, world } = volume;
  const { discardPolicy, fsyncIntervalBytes } = server.options;
  const device = alignedDevice(await lvs.open(lvs.baseName, 'write', STEPS.openBase));
  const writer = new DeviceWriter(device, {
    write: STEPS.resyncImage,
    discard: STEPS.resyncImage,
    flush: STEPS.resyncFlush,
  });
  let unflushedBytes = 0;
  return {
    readChunk: (addressLb, sizeLb) => device.read(addressLb, sizeLb, STEPS.readBase),
    async writePack({ header, records, data }) {
      const stored = records.map((record) =>
        storedIo(
          record,
          data.subarray(record.dataOffsetBytes, record.dataOffsetBytes + record.dataSizeBytes),
        ),
      );
      for (const io of await decompressIos(stored, world.codecs)) await applyIo(writer, io, discardPolicy);
      unflushedBytes += header.length + data.length;
      if (unflushedBytes < fsyncIntervalBytes) return;
      await writer.flush();
      unflushedBytes = 0;
    },
    flush: () => writer.flush(),
    async close() {
      await writer.abandon();
      device.close();
    },
  };
}
