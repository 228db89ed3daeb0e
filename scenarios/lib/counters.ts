import type { Group } from '../../core/control/group.ts';
import type { Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { RandomStream } from '../../sim/random.ts';
import type { RecordedDevice } from './recorded-device.ts';

/** One writer: it owns a range of blocks and writes a counter there that goes up. */
export interface CounterWriter {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  /** The first counter; `found % step` tells the writer. */
  readonly first: number;
  readonly step: number;
}

/** What is known of a writer's counter: at least `flushed`, at most `latest`, or -1 for none. */
export interface CounterWindow {
  flushed: number;
  latest: number;
}

export interface CounterOptions {
  readonly group: Group;
  readonly device: RecordedDevice;
  readonly random: RandomStream;
  /** Mean pauses. */
  readonly writeIntervalS: number;
  readonly flushIntervalS: number;
}

/**
 * The crash test of the log device (docs/scenarios.md): writers raise counters, a flusher notes which of them
 * are safe. All end by themselves with the first error. Returns the windows in which counters may be found.
 */
export async function writeCounters(
  writers: readonly CounterWriter[],
  { group, device, random, writeIntervalS, flushIntervalS }: CounterOptions,
): Promise<CounterWindow[]> {
  const windows = writers.map(() => ({ flushed: -1, latest: -1 }));
  const { isOver, over } = whetherOver();
  const pause = (meanS: number) => group.clock.sleep(meanS * (0.5 + random.fraction()));
  const write = async ({ addressLb, sizeLb, first, step }: CounterWriter, window: CounterWindow) => {
    for (let counter = first; !isOver(); counter += step) {
      // A write that fails may have reached the disk all the same.
      try {
        await device.write(addressLb, counterBlocks(counter, sizeLb));
        window.latest = counter;
      } catch {
        window.latest = counter;
        over();
      }
      await pause(writeIntervalS);
    }
  };
  const flush = async () => {
    while (!isOver()) {
      const before = windows.map(({ latest }) => latest);
      try {
        await device.flush();
        for (const [i, window] of windows.entries()) window.flushed = before[i] ?? -1;
      } catch {
        over();
      }
      await pause(flushIntervalS);
    }
  };
  await Promise.all([flush(), ...writers.map((writer, i) => write(writer, windows[i] as CounterWindow))]);
  return windows;
}

function whetherOver() {
  let isOver = false;
  return {
    isOver: () => isOver,
    over: () => {
      isOver = true;
    },
  };
}

/** Blocks that begin with a counter, 8 bytes little endian, and go on with bytes made of it. */
function counterBlocks(counter: number, sizeLb: Lb): Uint8Array {
  const bytes = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES).fill(counter & 0xff);
  const view = new DataView(bytes.buffer);
  for (let lb = 0; lb < sizeLb; lb++) view.setBigUint64(lb * LOGICAL_BLOCK_BYTES, BigInt(counter), true);
  return bytes;
}

/** The counter that a block begins with. */
export function counterAt(image: Uint8Array, lb: Lb): number {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  return Number(view.getBigUint64(lb * LOGICAL_BLOCK_BYTES, true));
}
