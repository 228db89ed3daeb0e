import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSink } from '../../core/engine/byte-stream.ts';
import type { CompressionOption } from '../../core/engine/io-codec.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { WlogWriter } from '../../core/engine/wlog-writer.ts';
import { checksum } from '../../core/format/checksum.ts';
import { LogpackBuilder } from '../../core/format/logpack-builder.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import type { CodecPool } from '../../core/world/index.ts';
import { handleSink } from '../../native/file-stream.ts';
import { MADE_UUID } from '../made-wlog.ts';
import { type Content, type MadeWrite, madeBytes, madeWrites } from './target-case.ts';

/** The files that measurements with targets work on. */

const SALT = 0x1234_5678;
const PBS = 512;

async function makeFile(
  folder: string,
  name: string,
  make: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  const handle = await open(join(folder, name), 'wx');
  try {
    await make(handleSink(handle, name));
  } finally {
    await handle.close();
  }
}

/** A wlog of so many bytes of writes at random places. */
export async function makeLogFile(
  folder: string,
  name: string,
  sizeBytes: number,
  deviceBytes: number,
): Promise<void> {
  await makeFile(folder, name, async (sink) => {
    const header = { physicalBlockBytes: PBS, salt: SALT, uuid: MADE_UUID, beginLsid: 0, endLsid: null };
    const writer = await WlogWriter.open(sink, header);
    let builder = new LogpackBuilder(PBS, 0);
    let data: Uint8Array[] = [];
    const push = async () => {
      await writer.writePack(builder.header(), data);
      builder = new LogpackBuilder(PBS, writer.lsid);
      data = [];
    };
    for (const write of madeWrites(1, sizeBytes, deviceBytes, 'noise')) {
      const sizeLb = write.data.length / LOGICAL_BLOCK_BYTES;
      const sum = checksum(write.data, SALT);
      if (!builder.addNormal(write.addressLb, sizeLb, sum)) {
        await push();
        builder.addNormal(write.addressLb, sizeLb, sum);
      }
      data.push(write.data);
    }
    await push();
    await writer.close();
  });
}

/** A sorted wdiff of so many bytes of writes, which do not overlap each other, spread over a device. */
export async function makeDiffFile(
  folder: string,
  name: string,
  recipe: { seed: number; sizeBytes: number; deviceBytes: number; content: Content },
  compression: CompressionOption,
  pool: CodecPool,
): Promise<void> {
  await makeFile(folder, name, async (sink) => {
    const writer = await SortedWdiffWriter.open(sink, MADE_UUID, { compression, pool });
    for (const { addressLb, data } of spreadWrites(recipe)) {
      await writer.add({ addressLb, sizeLb: data.length / LOGICAL_BLOCK_BYTES, kind: 'normal', data });
    }
    await writer.close();
  });
}

/** Writes in ascending order: gaps take what the data leave of the device. */
export function* spreadWrites(recipe: {
  seed: number;
  sizeBytes: number;
  deviceBytes: number;
  content: Content;
}): Generator<MadeWrite> {
  const { seed, sizeBytes, deviceBytes, content } = recipe;
  const stretch = deviceBytes / sizeBytes;
  let atBytes = 0;
  for (const { data } of madeWrites(seed, sizeBytes, deviceBytes, content)) {
    const unit = 4096;
    const addressBytes = Math.floor((atBytes * stretch) / unit) * unit;
    yield { addressLb: addressBytes / LOGICAL_BLOCK_BYTES, data };
    atBytes += data.length;
  }
}

/** An image of noise. */
export async function makeImageFile(folder: string, name: string, sizeBytes: number): Promise<void> {
  await makeFile(folder, name, async (sink) => {
    const piece = madeBytes(7, MIB, 'noise');
    for (let at = 0; at < sizeBytes; at += MIB) await sink.write(piece);
  });
}
