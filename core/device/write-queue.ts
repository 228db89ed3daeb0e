import type { Lb } from '../units.ts';
import { bytesOf, type DeviceState, ioError } from './device-state.ts';
import type { Request } from './request.ts';
import { Fifo } from './waiting.ts';

/** What a flush or a discard counts for against the bound on memory. */
const MIN_HELD_BYTES = 512;

interface NewRequest {
  readonly kind: Request['kind'];
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  /** The caller's view, its own until the request settles. */
  readonly data: Uint8Array;
  readonly flush: boolean;
  readonly fua: boolean;
}

/**
 * The way in. A request is copied and goes to the submit queue, or to the frozen queue while the device is
 * frozen by command or because too much data waits for the data device. When the copies held by the whole
 * write path reach twice the pending limit, requests wait at the door uncopied: only their callers' memory
 * holds them.
 */
export class WriteQueue {
  readonly #state: DeviceState;
  readonly #maxHeldBytes: number;
  readonly #onWork: () => void;
  readonly #door = new Fifo<{ request: NewRequest; settle: Request['settle'] }>();
  readonly submitted = new Fifo<Request>();
  readonly #frozen = new Fifo<Request>();
  #heldBytes = 0;
  /** Frozen because of too much pending data. */
  #sysFrozen = false;
  /** Frozen by command. */
  #userFrozen = false;

  /** `onWork` is called when something came into the submit queue. */
  constructor(state: DeviceState, onWork: () => void) {
    this.#state = state;
    this.#maxHeldBytes = bytesOf(state.limits.maxPendingLb) * 2;
    this.#onWork = onWork;
    state.whenReadOnly.push(() => this.#failAll());
  }

  /** Bytes of all copies that the write path holds. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get sysFrozen(): boolean {
    return this.#sysFrozen;
  }

  /** Resolves when the request completes. Throws IoError EIO. */
  submit(request: NewRequest): Promise<void> {
    if (this.#state.finalize) return Promise.reject(ioError('the walb device is being stopped'));
    if (this.#state.readOnly) return Promise.reject(ioError('the walb device is read-only'));
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null) => (error === null ? resolve() : reject(error));
      if (this.#door.length > 0 || !this.#hasRoom(request)) this.#door.push({ request, settle });
      else this.#admit(request, settle);
    });
  }

  /** Forgets the copy of a request that is done with. */
  release(request: Request): void {
    this.#heldBytes -= request.heldBytes;
    for (;;) {
      const next = this.#door.peek();
      if (next === undefined || !this.#hasRoom(next.request)) return;
      this.#door.shift();
      this.#admit(next.request, next.settle);
    }
  }

  freezeSys(): void {
    this.#sysFrozen = true;
  }

  meltSys(): void {
    this.#sysFrozen = false;
    this.#melt();
  }

  setUserFrozen(frozen: boolean): void {
    this.#userFrozen = frozen;
    this.#melt();
  }

  #hasRoom(request: NewRequest): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + this.#heldBytesOf(request) <= this.#maxHeldBytes;
  }

  #heldBytesOf(request: NewRequest): number {
    const pbs = this.#state.sector.physicalBlockBytes;
    return Math.max(Math.ceil(request.data.length / pbs) * pbs, MIN_HELD_BYTES);
  }

  #admit(request: NewRequest, settle: Request['settle']): void {
    const heldBytes = this.#heldBytesOf(request);
    const data = new Uint8Array(request.kind === 'write' ? heldBytes : 0);
    data.set(request.data);
    this.#heldBytes += heldBytes;
    const { kind, addressLb, sizeLb, flush, fua } = request;
    const admitted: Request = {
      kind,
      addressLb,
      sizeLb,
      data,
      flush,
      fua,
      heldBytes,
      checksum: null,
      lsid: -1,
      endLsid: -1,
      settle,
    };
    if (this.#sysFrozen || this.#userFrozen) {
      this.#frozen.push(admitted);
    } else {
      this.submitted.push(admitted);
      this.#onWork();
    }
  }

  #melt(): void {
    if (this.#sysFrozen || this.#userFrozen || this.#frozen.length === 0) return;
    while (this.#frozen.length > 0) this.submitted.push(this.#frozen.shift() as Request);
    this.#onWork();
  }

  #failAll(): void {
    const error = () => ioError('the walb device is read-only');
    this.#sysFrozen = false;
    for (const queue of [this.submitted, this.#frozen]) {
      for (let request = queue.shift(); request !== undefined; request = queue.shift()) {
        this.#heldBytes -= request.heldBytes;
        request.settle(error());
      }
    }
    for (let next = this.#door.shift(); next !== undefined; next = this.#door.shift()) next.settle(error());
  }
}
