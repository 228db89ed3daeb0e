import { FormatError } from '../errors.ts';
import { countWriteIo, newWriteIoStatistics, type WriteIoStatistics } from '../format/io-statistics-text.ts';
import {
  type LogpackHeader,
  type LogRecord,
  nextLsid,
  recordSizePb,
  shrinkLogpack,
} from '../format/logpack.ts';
import { wlogOffsetBytes } from '../format/wlog.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, type Lsid, type Pb } from '../units.ts';
import type { BlockDevice } from '../world/block-device.ts';
import { throwIfAborted } from './abort.ts';
import type { DiscardMode } from './apply.ts';
import { DeviceWriter, type DeviceWriterOptions, type DeviceWriteSteps } from './device-writer.ts';
import type { LogIo, WlogReader } from './wlog-reader.ts';

/** How a log is redone on a device. */
export interface RedoOptions extends DeviceWriterOptions {
  readonly discard: DiscardMode;
  /** What data with a wrong check sum are: an error (the default), written all the same, or the end of the log. */
  readonly invalidData?: 'error' | 'write' | 'end';
  readonly signal?: AbortSignal;
  /** Called for each pack before its records. */
  readonly onPack?: (pack: LogpackHeader) => void;
  /** Called for each record, `clipped` when it ends behind the device and is left out. */
  readonly onRecord?: (record: LogRecord, clipped: boolean) => void;
}

/** What redo did, in blocks. */
export interface RedoResult {
  readonly beginLsid: Lsid;
  readonly endLsid: Lsid;
  readonly normalLb: Lb;
  readonly discardLb: Lb;
  /** Discards written as zeros. */
  readonly zeroLb: Lb;
  readonly ignoredLb: Lb;
  readonly paddingPb: Pb;
  readonly writes: WriteIoStatistics;
  /** The pack within which the log ended, and its first record that was not replayed. */
  readonly cut: { readonly pack: LogpackHeader; readonly recordIndex: number } | null;
}

/**
 * Replays a wlog on a device, in the order of the log, from where the reader stands. When it returns everything is durable. Throws FormatError for
 * wrong check sums and physical blocks that do not match, AbortedError, and what the device throws; nothing is in
 * flight then. See docs/operations.md, "Replaying logs".
 */
export async function redoWlog(
  wlog: WlogReader,
  device: BlockDevice,
  steps: DeviceWriteSteps,
  options: RedoOptions,
): Promise<RedoResult> {
  const pbs = wlog.header.physicalBlockBytes;
  if (pbs % device.physicalBlockBytes !== 0) {
    throw new FormatError(
      `Physical block size does not match: the log has ${pbs} bytes, the device ${device.physicalBlockBytes}`,
    );
  }
  const counts = { normalLb: 0, discardLb: 0, zeroLb: 0, ignoredLb: 0, paddingPb: 0 };
  const writes = newWriteIoStatistics();
  const writer = new DeviceWriter(device, steps, options);
  let endLsid: Lsid;
  let cut: RedoResult['cut'] = null;
  try {
    do {
      endLsid = wlog.endLsid;
      const pack = await wlog.nextPack();
      if (pack === null) break;
      options.onPack?.(pack);
      const recordIndex = await redoPack();
      if (recordIndex === null) continue;
      cut = { pack, recordIndex };
      endLsid = nextLsid(shrinkLogpack(pack, recordIndex));
    } while (cut === null);
    await writer.flush();
  } finally {
    await writer.abandon();
  }
  return { beginLsid: wlog.header.beginLsid, endLsid, ...counts, writes, cut };

  /** Index of the record with which the log ends; null when the pack is whole. */
  async function redoPack(): Promise<number | null> {
    for (let i = 0; ; i++) {
      const io = await wlog.nextIo();
      if (io === null) return null;
      throwIfAborted(options.signal);
      if (!io.isValid && options.invalidData === 'end') return i;
      await redoIo(io);
    }
  }

  async function redoIo({ record, data, isValid }: LogIo): Promise<void> {
    const { kind, offsetLb, sizeLb } = record;
    if (kind === 'padding') {
      counts.paddingPb += recordSizePb(record, pbs);
      return;
    }
    if (kind === 'discard' && options.discard === 'ignore') {
      counts.ignoredLb += sizeLb;
      return;
    }
    if (!isValid && options.invalidData !== 'write') {
      throw new FormatError(`invalid log IO: lsid ${record.lsid}`, wlogOffsetBytes(wlog.header, record.lsid));
    }
    const clipped = offsetLb + sizeLb > device.sizeLb();
    options.onRecord?.(record, clipped);
    const discarded = kind === 'discard' && options.discard === 'passdown';
    countWriteIo(writes, discarded ? 'discard' : 'normal', sizeLb);
    if (kind === 'normal') counts.normalLb += sizeLb;
    else if (discarded) counts.discardLb += sizeLb;
    else counts.zeroLb += sizeLb;
    if (clipped) {
      countWriteIo(writes, 'clipped', sizeLb);
      return;
    }
    if (kind === 'normal') {
      await writer.write(offsetLb, data.subarray(0, sizeLb * LOGICAL_BLOCK_BYTES));
    } else if (discarded) {
      await writer.discard(offsetLb, sizeLb);
    } else {
      await writer.writeZeros(offsetLb, sizeLb);
    }
    if (!discarded) countWriteIo(writes, 'written', sizeLb);
  }
}
