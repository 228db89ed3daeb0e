import { IoError } from '../errors.ts';
import type { Lb } from '../units.ts';
import type { BlockDevice, Step, WriteOptions } from '../world/index.ts';

/** What an open device needs of its device. */
export interface IoPort {
  readonly physicalBlockBytes: 512 | 4096;
  readonly supportsFlush: boolean;
  readonly supportsDiscard: boolean;
  sizeLb(): Lb;
  read(addressLb: Lb, sizeLb: Lb): Promise<Uint8Array>;
  write(addressLb: Lb, data: Uint8Array, options: WriteOptions): Promise<void>;
  flush(): Promise<void>;
  discard(addressLb: Lb, sizeLb: Lb): Promise<void>;
  /** Called once. */
  close(): void;
}

/** A block device over a port; calls after close throw IoError EIO. Steps are of no use to a port. */
export class OpenDevice implements BlockDevice {
  readonly #port: IoPort;
  #closed = false;

  constructor(port: IoPort) {
    this.#port = port;
  }

  get physicalBlockBytes(): 512 | 4096 {
    return this.#port.physicalBlockBytes;
  }
  get supportsFlush(): boolean {
    return this.#port.supportsFlush;
  }
  get supportsDiscard(): boolean {
    return this.#port.supportsDiscard;
  }

  sizeLb(): Lb {
    return this.#port.sizeLb();
  }

  async read(addressLb: Lb, sizeLb: Lb, _step: Step): Promise<Uint8Array> {
    this.#check(addressLb, sizeLb);
    return this.#port.read(addressLb, sizeLb);
  }

  async write(addressLb: Lb, data: Uint8Array, _step: Step, options: WriteOptions = {}): Promise<void> {
    if (data.length % 512 !== 0) {
      throw new IoError('EINVAL', `a write must have whole blocks of 512 bytes, got ${data.length}`);
    }
    this.#check(addressLb, data.length / 512);
    return this.#port.write(addressLb, data, options);
  }

  async flush(_step: Step): Promise<void> {
    this.#check(0, 0);
    return this.#port.flush();
  }

  async discard(addressLb: Lb, sizeLb: Lb, _step: Step): Promise<void> {
    this.#check(addressLb, sizeLb);
    if (!this.supportsDiscard) throw new IoError('EOPNOTSUPP', 'the device has no discard');
    return this.#port.discard(addressLb, sizeLb);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
  }

  #check(addressLb: Lb, sizeLb: Lb): void {
    if (this.#closed) throw new IoError('EIO', 'the device was closed');
    const isRange =
      Number.isSafeInteger(addressLb) && Number.isSafeInteger(sizeLb) && addressLb >= 0 && sizeLb >= 0;
    if (!isRange || addressLb + sizeLb > this.sizeLb()) {
      throw new IoError(
        'EINVAL',
        `blocks ${addressLb} + ${sizeLb} must be on the device of ${this.sizeLb()}`,
      );
    }
  }
}
