import { errorText, StateError } from '../errors.ts';
import { checksum } from '../format/checksum.ts';
import { encodeLogpackHeader, type LogpackHeader, nextLsid, shrinkLogpack } from '../format/logpack.ts';
import { capacityPb } from '../format/physical-block.ts';
import { type Lsid, MIB } from '../units.ts';
import { ignoreUnsupported } from './data-writer.ts';
import { bytesOf, type DeviceState, readRing, ringAddressLb } from './device-state.ts';
import { type OrderedIo, OverlapOrder } from './overlap.ts';
import { readPackAt } from './stale-packs.ts';
import { DEVICE_STEPS } from './steps.ts';
import { durably } from './super-io.ts';
import { Condition } from './waiting.ts';

/** Data on their way to the data device at once. */
const MAX_IN_FLIGHT_BYTES = 8 * MIB;

/** What redo found in the log. */
export interface RedoResult {
  /** Where the log ends, and new packs go. */
  readonly endLsid: Lsid;
  readonly packCount: number;
  /** Whether the last pack was cut. */
  readonly shrunk: boolean;
}

/**
 * Applies the log from `beginLsid` on to the data device, up to the first pack or IO that is not whole; a pack
 * with a bad IO that is not its first is cut there, durably. Nothing behind is applied, valid or not. Doing it
 * again gives the same. Throws what a disk throws: a log that cannot be read is not the end of the log.
 * See docs/fault-model.md.
 */
export async function redo(state: DeviceState, beginLsid: Lsid): Promise<RedoResult> {
  const writer = new RedoWriter(state);
  let lsid = beginLsid;
  let packCount = 0;
  try {
    for (;;) {
      const header = await readPackAt(state, lsid, DEVICE_STEPS.redoHeader);
      if (header === null) return { endLsid: lsid, packCount, shrunk: false };
      const badIndex = await applyPack(state, header, writer);
      if (badIndex === null) {
        lsid = nextLsid(header);
        packCount += 1;
        continue;
      }
      if (badIndex === 0) return { endLsid: lsid, packCount, shrunk: false };
      const cut = shrinkLogpack(header, badIndex);
      await writeHeader(state, lsid, cut);
      return { endLsid: nextLsid(cut), packCount: packCount + 1, shrunk: true };
    }
  } finally {
    await writer.drain();
  }
}

/** Index of the first record whose data are bad; null when all are good. The records before it are applied. */
async function applyPack(
  state: DeviceState,
  header: LogpackHeader,
  writer: RedoWriter,
): Promise<number | null> {
  const { salt, physicalBlockBytes } = state.sector;
  for (const [i, record] of header.records.entries()) {
    if (record.kind === 'padding') continue;
    const { offsetLb: addressLb, sizeLb, lsid } = record;
    if (addressLb + sizeLb > state.ddev.sizeLb()) {
      throw new StateError(
        `the data device must hold blocks up to ${addressLb + sizeLb}, as the log at ${lsid} says`,
      );
    }
    if (record.kind === 'discard') {
      await writer.add(addressLb, sizeLb, null);
      continue;
    }
    const blocks = await readRing(state, lsid, capacityPb(sizeLb, physicalBlockBytes), DEVICE_STEPS.redoLog);
    const data = blocks.subarray(0, bytesOf(sizeLb));
    if (checksum(data, salt) !== record.checksum) return i;
    await writer.add(addressLb, sizeLb, data);
  }
  return null;
}

async function writeHeader(state: DeviceState, lsid: Lsid, header: LogpackHeader): Promise<void> {
  const { ldev, sector } = state;
  const block = encodeLogpackHeader(header, sector.physicalBlockBytes, sector.salt);
  await ldev.write(ringAddressLb(state, lsid), block, DEVICE_STEPS.redoShrink, durably(ldev));
}

interface RedoIo extends OrderedIo {
  /** Null for a discard. */
  readonly data: Uint8Array | null;
}

/** Writes to the data device, many at once, overlapping ones in order. */
class RedoWriter {
  readonly #state: DeviceState;
  readonly #order = new OverlapOrder<RedoIo>();
  readonly #changed: Condition;
  #inFlightBytes = 0;
  #inFlight = 0;
  #error: unknown = null;

  constructor(state: DeviceState) {
    this.#state = state;
    this.#changed = new Condition(state.clock);
  }

  /** Waits while too much is under way. Throws what an earlier one threw. */
  async add(addressLb: number, sizeLb: number, data: Uint8Array | null): Promise<void> {
    while (this.#error === null && this.#inFlightBytes > MAX_IN_FLIGHT_BYTES) await this.#changed.wait();
    this.#throwError();
    const io: RedoIo = { addressLb, sizeLb, data, waitsFor: 0 };
    this.#inFlightBytes += bytesHeld(io);
    if (this.#order.enter(io)) this.#start(io);
  }

  /** Waits until nothing is under way. Throws what any of them threw; what waited for that one is left out. */
  async drain(): Promise<void> {
    while (this.#inFlight > 0) await this.#changed.wait();
    this.#throwError();
  }

  #throwError(): void {
    if (this.#error === null) return;
    throw this.#error instanceof Error ? this.#error : new StateError(errorText(this.#error));
  }

  #start(io: RedoIo): void {
    this.#inFlight += 1;
    const { ddev } = this.#state;
    let call = Promise.resolve();
    if (io.data !== null) call = ddev.write(io.addressLb, io.data, DEVICE_STEPS.redoWrite);
    else if (ddev.supportsDiscard) {
      call = ddev.discard(io.addressLb, io.sizeLb, DEVICE_STEPS.redoDiscard).catch(ignoreUnsupported);
    }
    call.then(
      () => {
        this.#inFlight -= 1;
        this.#inFlightBytes -= bytesHeld(io);
        const ready = this.#order.leave(io);
        if (this.#error === null) for (const next of ready) this.#start(next);
        this.#changed.notify();
      },
      (error: unknown) => {
        this.#inFlight -= 1;
        this.#error ??= error;
        this.#changed.notify();
      },
    );
  }
}

/** A discard counts for little, but not for nothing. */
function bytesHeld(io: RedoIo): number {
  return io.data === null ? bytesOf(1) : io.data.length;
}
