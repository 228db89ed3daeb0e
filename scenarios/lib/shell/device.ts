import { inBothSpellings, PYTHON_DEVICE } from '../../../core/control/python-names.ts';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import type { WalbDevice } from '../../../core/control/walb-device.ts';
import { FormatError, NotFoundError } from '../../../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../../../core/units.ts';
import { LB_PER_MIB, type Site } from '../site.ts';
import { callText } from './call-text.ts';

/** What an application does with a walb device; every operation goes into the ledger. */
interface Application {
  /** Name of the storage server on the same host. */
  readonly storage: string;
  /** Writes blocks: bytes, a text, or a number that fills one block. Texts are filled up with zeros. */
  write(addressLb: Lb, data: Uint8Array | string | number): Promise<void>;
  /** Writes at random places, and flushes. */
  writeRandom(count?: number): Promise<void>;
  /** Overwrites from the beginning on (default: everything), and flushes. */
  overwrite(sizeMb?: number): Promise<void>;
  read(addressLb: Lb, sizeLb?: Lb): Promise<Uint8Array>;
  discard(addressLb: Lb, sizeLb: Lb): Promise<void>;
  flush(): Promise<void>;
  /** Grows the data device below; then the volume can be resized. */
  grow(sizeMb: number): Promise<void>;
  /** Begins to write at random in the background, until `quiet()`; mean pause in seconds. */
  load(intervalS?: number): void;
}

/** A walb device at an operator's hands: what `wdevc` does with it, and an application on it. */
export type ShellDevice = Application &
  Pick<
    WalbDevice,
    | 'name'
    | 'path'
    | 'ldev'
    | 'ddev'
    | 'runWdevc'
    | 'exists'
    | 'formatLdev'
    | 'create'
    | 'delete'
    | 'resize'
    | 'reset'
    | 'getSizeLb'
    | 'getSizeMb'
    | 'getLogSizeLb'
    | 'waitForLogEmpty'
  >;

/** The device of a storage under the name that the story calls it by. Throws NotFoundError. */
export function makeShellDevice(
  site: Site,
  storage: ServerConnectionParam,
  index: number,
  called: string,
): ShellDevice {
  const found = site.group.walbDevices(storage.name)[index];
  if (found === undefined) throw new NotFoundError(`${storage.name} has no walb device ${index}.`);
  const wdev: WalbDevice = found;
  const step = <T>(name: string, args: readonly unknown[], doIt: () => Promise<T>, show = () => '') =>
    site.story.step(callText(`${called}.${name}`, args), doIt, show);
  const recorded = () => site.device(storage, index);
  const device: ShellDevice = {
    storage: storage.name,
    name: wdev.name,
    path: wdev.path,
    ldev: wdev.ldev,
    ddev: wdev.ddev,
    runWdevc: (words) => step('runWdevc', [words], () => wdev.runWdevc(words)),
    exists: () => wdev.exists(),
    formatLdev: (doDiscard) => step('formatLdev', [], () => wdev.formatLdev(doDiscard)),
    create: (options) => step('create', [options], () => wdev.create(options)),
    delete: () => step('delete', [], () => wdev.delete()),
    resize: (sizeMb) => step('resize', [sizeMb], () => wdev.resize(sizeMb)),
    reset: () => step('reset', [], () => wdev.reset()),
    getSizeLb: () => wdev.getSizeLb(),
    getSizeMb: () => wdev.getSizeMb(),
    getLogSizeLb: () => wdev.getLogSizeLb(),
    waitForLogEmpty: (timeoutS) => step('waitForLogEmpty', [timeoutS], () => wdev.waitForLogEmpty(timeoutS)),
    write: (addressLb, data) =>
      step('write', [addressLb, data], () => recorded().write(addressLb, blocksOf(data))),
    writeRandom: (count) =>
      step('writeRandom', [count], () => {
        const endLb = recorded().device.sizeLb();
        return site.writeIn(recorded(), { beginLb: 0, endLb }, count);
      }),
    overwrite: (sizeMb) =>
      step('overwrite', [sizeMb], async () => {
        await site.overwriteDevice(recorded(), sizeMb);
      }),
    read: (addressLb, sizeLb = 1) => recorded().device.read(addressLb, sizeLb),
    discard: (addressLb, sizeLb) =>
      step('discard', [addressLb, sizeLb], () => recorded().discard(addressLb, sizeLb)),
    flush: () => step('flush', [], () => recorded().flush()),
    grow: (sizeMb) => step('grow', [sizeMb], () => recorded().device.growDataDevice(sizeMb * LB_PER_MIB)),
    load: (intervalS) => {
      site.loadDevice(recorded(), intervalS);
      site.story.note(`an application on ${called} begins to write at random`);
    },
  };
  return inBothSpellings(device, PYTHON_DEVICE);
}

/** Throws FormatError for bytes that are no whole blocks. */
function blocksOf(data: Uint8Array | string | number): Uint8Array {
  if (typeof data === 'number') return new Uint8Array(LOGICAL_BLOCK_BYTES).fill(data);
  if (typeof data === 'string') {
    const text = new TextEncoder().encode(data);
    const blocks = new Uint8Array(Math.ceil(text.length / LOGICAL_BLOCK_BYTES) * LOGICAL_BLOCK_BYTES);
    blocks.set(text);
    return blocks;
  }
  if (data.length === 0 || data.length % LOGICAL_BLOCK_BYTES !== 0)
    throw new FormatError(
      `whole blocks of ${LOGICAL_BLOCK_BYTES} bytes are expected, got ${data.length} bytes`,
    );
  return data;
}
