import type { Channel } from '../../protocol/channel.ts';
import type { ChunkPlan } from '../../protocol/chunks.ts';
import { type ImageTarget, receiveImage } from '../../protocol/full-sync-stream.ts';
import type { CompressOpt } from '../../snapshot/host-info.ts';
import type { Lb } from '../../units.ts';
import { LvWriter } from './lv-writer.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, isAborted } from './volume.ts';

/**
 * Receives an image into the base, which must have been prepared. Everything is durable when it returns;
 * `onFlushed` hears of what is durable before.
 */
export async function receiveBaseImage(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  plan: ChunkPlan,
  compression: CompressOpt,
  onFlushed: (doneLb: Lb) => Promise<void> = async () => {},
): Promise<void> {
  const { lvs, world } = volume;
  const device = await lvs.open(lvs.baseName, 'write', STEPS.openBase);
  const writer = new LvWriter(device, {
    writeStep: STEPS.fullImage,
    flushStep: STEPS.fullFlush,
    flushIntervalBytes: server.options.fsyncIntervalBytes,
    onFlushed,
  });
  const writeChunk: ImageTarget['writeChunk'] = async (addressLb, sizeLb, data) => {
    if (data !== null) await writer.write(addressLb, data);
    else if (lvs.isThin) await writer.skip(addressLb, sizeLb);
    else await writer.writeZeros(addressLb, sizeLb);
  };
  try {
    await receiveImage(channel, {
      plan,
      compression,
      codecs: world.codecs,
      writeChunk,
      shouldStop: () => isAborted(server, volume),
      onProgress: (doneLb) => {
        volume.progressLb = doneLb;
      },
    });
    await writer.flush();
  } finally {
    volume.progressLb = 0;
    await writer.close();
  }
}
