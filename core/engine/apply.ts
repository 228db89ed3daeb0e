import { FormatError } from '../errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';
import type { BlockDevice } from '../world/block-device.ts';
import { throwIfAborted } from './abort.ts';
import { DeviceWriter, type DeviceWriterOptions, type DeviceWriteSteps } from './device-writer.ts';
import type { IoStream, PlainIo } from './plain-io.ts';

/** What a discard does to the device: nothing, a discard, or zeros. */
export type DiscardMode = 'ignore' | 'passdown' | 'zero';

/** Bytes after which written data are made durable: 1 GiB. */
export const DEFAULT_FLUSH_INTERVAL_BYTES = 1024 * MIB;

/** How IOs are applied to a device. */
export interface ApplyOptions extends DeviceWriterOptions {
  readonly discard: DiscardMode;
  /** Bytes of IOs, of whatever kind, after which the device is flushed. The default is 1 GiB. */
  readonly flushIntervalBytes?: number;
  /** What an IO behind the end of the device is: an error (the default), or left out. */
  readonly outOfRange?: 'error' | 'skip';
  readonly signal?: AbortSignal;
  /** Called after each IO; `applied` is false for a discard that is ignored and an IO that is left out. */
  readonly onIo?: (io: PlainIo, applied: boolean) => void;
}

/**
 * Writes the IOs of a stream to a device. When it returns everything is durable. Applying the same diffs again gives
 * the same content, so whoever was stopped half way begins anew. Throws FormatError for an IO out of range,
 * AbortedError when told to stop, and what the device throws; nothing is in flight then.
 * See docs/formats.md, "Applying".
 */
export async function applyIos(
  ios: IoStream,
  device: BlockDevice,
  steps: DeviceWriteSteps,
  options: ApplyOptions,
): Promise<void> {
  const writer = new DeviceWriter(device, steps, options);
  const { flushIntervalBytes = DEFAULT_FLUSH_INTERVAL_BYTES, signal } = options;
  let unflushedBytes = 0;
  try {
    for (let io = await ios.next(); io !== null; io = await ios.next()) {
      throwIfAborted(signal);
      const inRange = io.addressLb + io.sizeLb <= device.sizeLb();
      if (!inRange && options.outOfRange !== 'skip') throw outOfRange(io, device.sizeLb());
      const applied = inRange && (await applyIo(writer, io, options.discard));
      options.onIo?.(io, applied);
      unflushedBytes += io.sizeLb * LOGICAL_BLOCK_BYTES;
      if (unflushedBytes >= flushIntervalBytes) {
        await writer.flush();
        unflushedBytes = 0;
      }
    }
    throwIfAborted(signal);
    await writer.flush();
  } finally {
    await writer.abandon();
  }
}

/** Begins to write one IO; false when there is nothing to do for it. */
export async function applyIo(writer: DeviceWriter, io: PlainIo, discard: DiscardMode): Promise<boolean> {
  if (io.kind === 'normal') {
    await writer.write(io.addressLb, io.data);
  } else if (io.kind === 'zero' || discard === 'zero') {
    await writer.writeZeros(io.addressLb, io.sizeLb);
  } else if (discard === 'passdown') {
    await writer.discard(io.addressLb, io.sizeLb);
  } else {
    return false;
  }
  return true;
}

function outOfRange(io: PlainIo, sizeLb: Lb): FormatError {
  return new FormatError(
    `out of range: an IO ends at ${io.addressLb + io.sizeLb}, the device has ${sizeLb} blocks`,
  );
}
