import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, OverflowError } from '../../core/errors.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import {
  decodeLogpackHeader,
  isRecordDataValid,
  type LogpackHeader,
  nextLsid,
  recordSizePb,
} from '../../core/format/logpack.ts';
import { ringRoomPb } from '../../core/format/super-sector.ts';
import { unixTimeToDigits } from '../../core/format/time-text.ts';
import { logRecordLine } from '../../core/format/wlog-text.ts';
import { LOGICAL_BLOCK_BYTES, type Lsid, MIB, US_PER_MS, US_PER_S } from '../../core/units.ts';
import type { LsidSet } from '../../core/world/index.ts';
import { asIo } from '../../native/errors.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { handleSink } from '../../native/file-stream.ts';
import { createOutputFile } from '../../native/output-file.ts';
import type { WalbHost } from '../../native/walb-host.ts';
import { type LogDevice, readRing, withLogDevice, writeRing } from './log-device.ts';
import { argument, flag, integer, type OptionValues, optionalInteger, text } from './options.ts';
import { Printer } from './printer.ts';
import { defineTool, logLine, type ToolIo } from './tool.ts';

const MS_PER_S = 1000;
/** Laps of the ring whose check sums are kept. */
const CSUM_LAPS = 2;
/** Zeros written at a time. */
const ZERO_BYTES = MIB;

const OPTIONS = {
  beginLsid: optionalInteger('b', 'LSID', 'where to begin; the oldest lsid unless given'),
  intervalMs: integer('i', 'MS', 'pause when there is nothing new', 1000, { min: 1 }),
  retryMs: integer('r', 'MS', 'pause before bad log is read again', 100, { min: 1 }),
  logPath: text('l', 'PATH', 'where messages go, - for standard error', '-'),
  noAio: flag('noaio', 'accepted and ignored'),
  sizeBytes: integer('s', 'BYTES', 'log that is read between two looks at the device', 128 * MIB, { min: 1 }),
  logIntervalS: integer('logintvl', 'S', 'seconds between two messages of progress', 60),
  isDelete: flag('delete', 'let the device forget what was checked and written'),
  isZero: flag('zero', 'with -delete: overwrite that with zeros'),
  skipIo: flag('skipio', 'check headers only'),
  csum: flag('csum', 'write the check sums of the blocks of the last two laps to NAME.csum at the end'),
  mem: flag('mem', "read the driver's copy in memory, /dev/walb/XNAME"),
  monitorPadding: flag('monpadding', 'tell of paddings'),
  debug: flag('debug', 'accepted and ignored'),
  name: argument('WDEV_NAME', 'name of the walb device, 0 for /dev/walb/0'),
};

export const wldevChecker = defineTool({
  name: 'wldev-checker',
  summary: 'follows the log of a running walb device and verifies it',
  notes: [
    'Runs until it is interrupted. What is not valid is written to logpackheader-NAME-LSID-TIME or\nlogpackio-NAME-LSID-INDEX-TIME in the current directory, and read again until it is valid.',
    'Ends with status 1 when the log overflows or the checker falls a whole lap behind.',
    '-delete needs the program wdevc.',
  ],
  examples: ['wldev-checker 0', 'wldev-checker -delete -i 100 -logintvl 10 0'],
  options: OPTIONS,
  async body(values, context) {
    const { io, err } = context;
    if (values.name.includes('/')) {
      throw new Error(`a walb device is named without its path, 0 for /dev/walb/0, got ${values.name}`);
    }
    const host = io.walbHost;
    const stop = io.untilStopped();
    const file = values.logPath === '-' ? null : await asIo(values.logPath, () => open(values.logPath, 'a'));
    const printer = file === null ? err : new Printer(handleSink(file, values.logPath));
    const tell: Tell = async (level, message) => {
      printer.line(logLine(io.nowMs(), level, 'wldev-checker', message));
      await printer.flush();
    };
    try {
      const path = host.logPath(values.name, values.mem);
      return await withLogDevice(path, { writable: false }, async (log) => {
        await new Checker({ values, io, host, log, stop, tell }).run();
        return 0;
      });
    } finally {
      await file?.close();
    }
  },
});

type Tell = (level: 'ERROR' | 'WARNING' | 'INFO', message: string) => Promise<void>;

interface CheckerParts {
  readonly values: OptionValues<typeof OPTIONS>;
  readonly io: ToolIo;
  readonly host: WalbHost;
  readonly log: LogDevice;
  readonly stop: AbortSignal;
  readonly tell: Tell;
}

/** Something in the log that is not valid; the bytes are what was read. */
interface BadLog {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly problem: string;
}

class Checker {
  readonly #parts: CheckerParts;
  /** Check sums of blocks, oldest first. */
  readonly #sums = new Map<Lsid, number>();
  #lsid: Lsid = 0;
  #packCount = 0;
  #toldUs = 0;

  constructor(parts: CheckerParts) {
    this.#parts = parts;
  }

  /** Follows the log until it is told to stop. Throws OverflowError when it cannot follow. */
  async run(): Promise<void> {
    const { values, io, host, stop, tell } = this.#parts;
    const { name } = values;
    const first = await host.lsids(name);
    this.#lsid = values.beginLsid ?? ((await host.isOverflow(name)) ? first.prevWritten : first.oldest);
    this.#toldUs = io.clock.monotonicUs();
    await tell('INFO', `${name}: begins at lsid ${this.#lsid}`);
    try {
      while (!stop.aborted) {
        const lsids = await host.lsids(name);
        await this.#checkLead(lsids);
        if (lsids.permanent <= this.#lsid) await this.#pause(values.intervalMs);
        else await this.#follow(lsids);
      }
    } finally {
      if (values.csum) await this.#writeSums();
    }
    await tell('INFO', `${name}: stopped at lsid ${this.#lsid}, ${this.#packCount} packs were valid`);
  }

  /** Reads up to the permanent lsid, or as much as is wanted at a time, and lets go of it. */
  async #follow(lsids: LsidSet): Promise<void> {
    const { values, log, stop, tell } = this.#parts;
    const pbs = log.sector.physicalBlockBytes;
    const end = Math.min(lsids.permanent, this.#lsid + Math.max(1, Math.floor(values.sizeBytes / pbs)));
    while (this.#lsid < end && !stop.aborted) {
      const found = await this.#checkPack(this.#lsid, lsids.permanent);
      if (found === null) break;
      if (typeof found === 'number') {
        this.#packCount++;
        this.#lsid = found;
        continue;
      }
      await tell('ERROR', `${values.name}: lsid ${this.#lsid}: ${found.problem}; see ${found.file}`);
      await writeWhole(join(this.#parts.io.workFolder, found.file), found.bytes);
      await this.#pause(values.retryMs);
      await this.#checkLead(await this.#parts.host.lsids(values.name));
    }
    if (values.isDelete) await this.#letGo(lsids);
    await this.#tellProgress();
  }

  async #checkLead(lsids: LsidSet): Promise<void> {
    const { values, host, log } = this.#parts;
    const { ringBufferSizePb } = log.sector;
    if (lsids.latest - this.#lsid > ringBufferSizePb) {
      throw new OverflowError(
        `${values.name}: the log is a lap ahead: lsid ${lsids.latest}, read up to ${this.#lsid}`,
      );
    }
    if (await host.isOverflow(values.name)) throw new OverflowError(`${values.name}: the log has overflowed`);
  }

  /** The lsid behind a valid pack; null when it is not permanent as a whole yet. */
  async #checkPack(lsid: Lsid, permanentLsid: Lsid): Promise<Lsid | BadLog | null> {
    const { values, io, log, tell } = this.#parts;
    const { salt, physicalBlockBytes: pbs } = log.sector;
    const time = unixTimeToDigits(Math.floor(io.nowMs() / MS_PER_S));
    const block = await readRing(log, lsid, 1);
    let pack: LogpackHeader;
    try {
      pack = decodeLogpackHeader(block, salt);
      if (pack.logpackLsid !== lsid)
        throw new FormatError(`the pack must have lsid ${lsid}, got ${pack.logpackLsid}`);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return { file: `logpackheader-${values.name}-${lsid}-${time}`, bytes: block, problem: error.message };
    }
    if (nextLsid(pack) > permanentLsid) return null;
    this.#remember(lsid, block);
    for (const [index, record] of pack.records.entries()) {
      if (record.kind === 'padding' && values.monitorPadding) {
        await tell('INFO', `${values.name}: padding: ${logRecordLine(record)}`);
      }
      const sizePb = recordSizePb(record, pbs);
      if (sizePb === 0 || values.skipIo) continue;
      const bytes = await readRing(log, record.lsid, sizePb);
      this.#remember(record.lsid, bytes);
      if (isRecordDataValid(record, bytes, salt)) continue;
      const found = checksum(bytes.subarray(0, record.sizeLb * LOGICAL_BLOCK_BYTES), salt);
      const problem = `the data of record ${index} must have the check sum ${hex32(record.checksum)}, got ${hex32(found)}`;
      return { file: `logpackio-${values.name}-${lsid}-${index}-${time}`, bytes, problem };
    }
    return nextLsid(pack);
  }

  /** Keeps the check sum of each block of the last laps. */
  #remember(lsid: Lsid, bytes: Uint8Array): void {
    const { values, log } = this.#parts;
    if (!values.csum) return;
    const { physicalBlockBytes: pbs, salt, ringBufferSizePb } = log.sector;
    for (let at = 0; at < bytes.length; at += pbs) {
      const block = lsid + at / pbs;
      this.#sums.delete(block);
      this.#sums.set(block, checksum(bytes.subarray(at, at + pbs), salt));
    }
    for (const block of this.#sums.keys()) {
      if (this.#sums.size <= CSUM_LAPS * ringBufferSizePb) break;
      this.#sums.delete(block);
    }
  }

  async #writeSums(): Promise<void> {
    const lines = [...this.#sums].map(([lsid, sum]) => `${lsid}\t${hex32(sum)}\n`);
    const path = join(this.#parts.io.workFolder, `${this.#parts.values.name}.csum`);
    await writeWhole(path, new TextEncoder().encode(lines.join('')));
  }

  /** Lets the device forget what was checked and is on its data device. */
  async #letGo(lsids: LsidSet): Promise<void> {
    const { values, host } = this.#parts;
    const to = Math.min(this.#lsid, lsids.prevWritten);
    if (to <= lsids.oldest) return;
    await host.setOldestLsid(values.name, to);
    if (values.isZero) await this.#zero(await host.rawLogPath(values.name), lsids.oldest, to);
  }

  async #zero(path: string, fromLsid: Lsid, toLsid: Lsid): Promise<void> {
    const { sector, superBlock } = this.#parts.log;
    const { physicalBlockBytes: pbs, ringBufferSizePb } = sector;
    const device = await openFileDevice(path, { writable: true });
    try {
      for (let lsid = fromLsid; lsid < toLsid; ) {
        const sizePb = Math.min(
          toLsid - lsid,
          ringRoomPb(lsid, ringBufferSizePb),
          Math.max(1, ZERO_BYTES / pbs),
        );
        await writeRing({ device, sector, superBlock, progress: null }, lsid, new Uint8Array(sizePb * pbs));
        lsid += sizePb;
      }
      await device.flush('wldev-checker.zero');
    } finally {
      device.close();
    }
  }

  async #tellProgress(): Promise<void> {
    const { values, io, tell } = this.#parts;
    const now = io.clock.monotonicUs();
    if (now - this.#toldUs < values.logIntervalS * US_PER_S) return;
    this.#toldUs = now;
    await tell('INFO', `${values.name}: valid up to lsid ${this.#lsid}, ${this.#packCount} packs`);
  }

  /** Waits, or less when told to stop. */
  async #pause(ms: number): Promise<void> {
    const { io, stop } = this.#parts;
    if (stop.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        stop.removeEventListener('abort', end);
        resolve();
      };
      const cancel = io.clock.startTimer(io.clock.monotonicUs() + ms * US_PER_MS, end);
      stop.addEventListener('abort', end, { once: true });
    });
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const output = await createOutputFile(path);
  try {
    await output.write(bytes);
  } catch (error) {
    await output.abandon();
    throw error;
  }
  await output.commit();
}
