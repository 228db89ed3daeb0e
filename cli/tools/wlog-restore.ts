import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { openWlog, type WlogReader } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import { u64Text } from '../../core/format/binary.ts';
import {
  encodeLogpackHeader,
  hasData,
  type LogpackHeader,
  MAX_LOG_IO_LB,
} from '../../core/format/logpack.ts';
import { LogpackBuilder } from '../../core/format/logpack-builder.ts';
import { lbPerPb } from '../../core/format/physical-block.ts';
import { ringRoomPb } from '../../core/format/super-sector.ts';
import { logpackLines } from '../../core/format/wlog-text.ts';
import type { Lb, Lsid, Pb } from '../../core/units.ts';
import { checkApart, withInput } from './files.ts';
import { type LogDevice, readRing, withLogDevice, writeRing, writeSuper } from './log-device.ts';
import { argument, flag, integer, lsidLimit, optionalInteger, signedInteger } from './options.ts';
import type { Printer } from './printer.ts';
import { defineTool } from './tool.ts';
import { checkWlogEnd, NO_END } from './wlog-end.ts';

/** The pack with all its lsids moved. */
function shifted(pack: LogpackHeader, shift: number): LogpackHeader {
  return {
    ...pack,
    logpackLsid: (pack.logpackLsid ?? 0) + shift,
    records: pack.records.map((record) => ({ ...record, lsid: record.lsid + shift })),
  };
}

/** The pack with records behind the end of a data device of `sizeLb` made harmless: writes are padding, discards gone. */
function neutralized(pack: LogpackHeader, sizeLb: Lb): LogpackHeader {
  const records = pack.records.flatMap((record) => {
    if (record.kind === 'padding' || record.offsetLb + record.sizeLb <= sizeLb) return [record];
    return record.kind === 'discard'
      ? []
      : [{ ...record, kind: 'padding' as const, offsetLb: 0, checksum: 0 }];
  });
  return { ...pack, records };
}

/** Writes packs into the ring, one behind the other. */
class RingWriter {
  readonly #log: LogDevice;
  readonly #verify: boolean;
  readonly #beginLsid: Lsid;
  /** Where the next pack goes. */
  lsid: Lsid;

  constructor(log: LogDevice, beginLsid: Lsid, verify: boolean) {
    this.#log = log;
    this.#verify = verify;
    this.#beginLsid = beginLsid;
    this.lsid = beginLsid;
  }

  /** Fills the ring up to its end with packs of padding unless `sizePb` blocks fit before it. */
  async padUnless(sizePb: Pb): Promise<void> {
    const { physicalBlockBytes: pbs, ringBufferSizePb } = this.#log.sector;
    const maxPaddingPb = Math.floor(MAX_LOG_IO_LB / lbPerPb(pbs));
    for (let room = ringRoomPb(this.lsid, ringBufferSizePb); room < sizePb; ) {
      const builder = new LogpackBuilder(pbs, this.lsid);
      const paddingPb = Math.min(room - 1, maxPaddingPb);
      builder.addPadding(paddingPb * lbPerPb(pbs));
      const pack = builder.header();
      await this.write(pack, [new Uint8Array(paddingPb * pbs)]);
      room -= 1 + paddingPb;
      if (room === 0) return;
    }
  }

  /** Writes a pack that stands at `lsid` and does not go over the end of the ring. */
  async write(pack: LogpackHeader, data: readonly Uint8Array[]): Promise<void> {
    const { sector } = this.#log;
    const { physicalBlockBytes: pbs } = sector;
    const endLsid = this.lsid + 1 + pack.totalIoSizePb;
    if (endLsid - this.#beginLsid > sector.ringBufferSizePb) {
      throw new Error(`overflow: the ring of ${sector.ringBufferSizePb} blocks cannot hold the log`);
    }
    const block = encodeLogpackHeader(pack, pbs, sector.salt);
    await writeRing(this.#log, this.lsid, block);
    let at = this.lsid + 1;
    for (const bytes of data) {
      if (bytes.length > 0) await writeRing(this.#log, at, bytes);
      at += bytes.length / pbs;
    }
    if (this.#verify && Buffer.compare(await readRing(this.#log, this.lsid, 1), block) !== 0) {
      throw new Error(`the header at lsid ${this.lsid} does not read as it was written`);
    }
    this.lsid = endLsid;
  }
}

interface RestoreValues {
  readonly beginLsid: Lsid;
  readonly endLsid: Lsid | null;
  readonly diff: number;
  readonly invalidLsid: Lsid | null;
  readonly sizeLb: Lb | null;
  readonly verify: boolean;
  readonly noEnd: boolean;
  readonly verbose: boolean;
}

/** A smaller end of two, of which null is none. */
const minEnd = (a: Lsid | null, b: Lsid | null): Lsid | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

async function restore(log: LogDevice, wlog: WlogReader, values: RestoreValues, out: Printer): Promise<void> {
  const { header } = wlog;
  const { sector } = log;
  if (header.physicalBlockBytes !== sector.physicalBlockBytes) {
    throw new FormatError(
      `Physical block size differs: the wlog has ${header.physicalBlockBytes} bytes, the log device ${sector.physicalBlockBytes}`,
    );
  }
  // Packs are written with the salt of the wlog; the super sector says so at the end.
  const target: LogDevice = { ...log, sector: { ...sector, salt: header.salt, uuid: header.uuid } };
  const limitLsid = minEnd(header.endLsid, values.endLsid);
  const firstLsid = header.beginLsid + values.diff;
  if (!Number.isSafeInteger(firstLsid) || firstLsid < 0) throw new Error(`bad lsid diff: ${values.diff}`);
  out.line(`Try to restore lsid range [${header.beginLsid}, ${u64Text(header.endLsid)})`);
  if (values.diff !== 0) out.line(`Lsid map ${header.beginLsid} to ${firstLsid} (diff ${values.diff})`);
  let writer: RingWriter | null = null;
  let restoredBegin = firstLsid;
  for (let pack = await nextPack(); pack !== null; pack = await nextPack()) {
    const lsid = pack.logpackLsid ?? 0;
    if (lsid < values.beginLsid) continue;
    const data: Uint8Array[] = [];
    for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
      if (!io.isValid) throw new FormatError(`wlog file corrupt: the data at lsid ${io.record.lsid} are bad`);
      if (hasData(io.record)) data.push(io.data);
    }
    if (writer === null) {
      restoredBegin = lsid + values.diff;
      writer = new RingWriter(target, restoredBegin, values.verify);
    }
    const kept = values.sizeLb === null ? pack : neutralized(pack, values.sizeLb);
    if (kept.records.length === 0) continue;
    await writer.padUnless(1 + kept.totalIoSizePb);
    const moved = shifted(kept, writer.lsid - lsid);
    if (values.verbose) out.lines(logpackLines(moved));
    await writer.write(moved, data);
  }
  if (!values.noEnd && (limitLsid === null || wlog.endLsid < limitLsid)) checkWlogEnd(wlog);
  const endLsid = writer?.lsid ?? restoredBegin;
  const zeros = new Uint8Array(sector.physicalBlockBytes);
  // A full ring has no room for the block that ends the log; the pack there has another lsid.
  if (endLsid - restoredBegin < sector.ringBufferSizePb) await writeRing(target, endLsid, zeros);
  if (values.invalidLsid !== null) await writeRing(target, values.invalidLsid, zeros);
  await writeSuper(target, { ...target.sector, oldestLsid: restoredBegin, writtenLsid: restoredBegin });
  out.lines([
    `Restored lsid range [${restoredBegin}, ${endLsid}]`,
    `Wlog lsid range [${header.beginLsid}, ${wlog.endLsid}]`,
    `Lsid diff start ${values.diff} end ${endLsid - wlog.endLsid}`,
  ]);

  async function nextPack(): Promise<LogpackHeader | null> {
    return limitLsid !== null && wlog.endLsid >= limitLsid ? null : await wlog.nextPack();
  }
}

export const wlogRestore = defineTool({
  name: 'wlog-restore',
  summary: 'writes a wlog from standard input into a formatted log device',
  notes: [
    'The device gets the uuid and the salt of the wlog, and starts at its begin lsid. What was in the log before is\nlost. Packs do not go over the end of the ring: a pack of padding stands before it.',
  ],
  examples: ['wlog-restore ldev.img < a.wlog', 'wlog-restore -d 1000 --verify ldev.img < a.wlog'],
  options: {
    beginLsid: integer('b', 'LSID', 'leave out packs below', 0),
    endLsid: lsidLimit('e', 'leave out packs from here on'),
    diff: signedInteger('d', 'DIFF', 'what to add to all lsids', 0),
    invalidLsid: optionalInteger('i', 'LSID', 'overwrite the block of this lsid with zeros at the end'),
    sizeLb: optionalInteger('s', 'SIZE_LB', 'size of the data device: make records behind its end harmless'),
    verify: flag('-verify', 'read headers back'),
    noEnd: NO_END,
    verbose: flag('v', 'print packs as they are written'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('LOG_DEVICE_PATH', 'log device or image of one'),
  },
  async body(values, { io, out }) {
    await checkApart(['-'], values.path);
    return await withLogDevice(values.path, { writable: true }, (log) =>
      withInput('-', io, async ({ source }) => {
        const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
        if (wlog === null) throw new FormatError('eof error: a wlog header expected');
        await restore(log, wlog, values, out);
        return 0;
      }),
    );
  },
});
