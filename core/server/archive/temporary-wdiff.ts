import type { ByteSink } from '../../engine/byte-stream.ts';
import { errorText } from '../../errors.ts';
import { END_PACK } from '../../format/sorted-wdiff.ts';
import type { Uuid } from '../../format/uuid.ts';
import { encodeWdiffHeader } from '../../format/wdiff-header.ts';
import type { ReceivedPack } from '../../protocol/pack-stream.ts';
import type { MetaDiff } from '../../snapshot/meta.ts';
import { wdiffFileName } from '../../snapshot/wdiff-name.ts';
import type { FileHandle, World } from '../../world/index.ts';
import { publishFile, temporaryName, unlinkIfThere } from '../shared/persist.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';

/** Small pieces are written together: a wdiff is made of many. */
const BUFFER_BYTES = 64 * 1024;

/**
 * A wdiff file that is being written. It becomes a diff of the volume only by `publish`, whole and durable; else
 * `discard` leaves nothing of it.
 */
export class TemporaryWdiff implements ByteSink {
  readonly #world: World;
  readonly #directory: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #syncIntervalBytes: number;
  /** What was appended, written or still in the buffer. */
  #sizeBytes = 0;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #bufferedBytes = 0;
  #sinceSyncBytes = 0;
  #isOpen = true;
  #isPublished = false;

  private constructor(
    world: World,
    directory: string,
    path: string,
    handle: FileHandle,
    syncIntervalBytes: number,
  ) {
    this.#world = world;
    this.#directory = directory;
    this.#path = path;
    this.#handle = handle;
    this.#syncIntervalBytes = syncIntervalBytes;
  }

  static async create(world: World, directory: string, syncIntervalBytes: number): Promise<TemporaryWdiff> {
    const path = `${directory}/${temporaryName(world.random)}`;
    let handle: FileHandle;
    try {
      handle = await world.files.open(path, 'create-new', STEPS.createWdiff);
    } catch (error) {
      await unlinkIfThere(world.files, path, STEPS.discardWdiff);
      throw error;
    }
    return new TemporaryWdiff(world, directory, path, handle, syncIntervalBytes);
  }

  /** Appends. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#bufferedBytes + bytes.length > BUFFER_BYTES) await this.#flushBuffer();
    if (bytes.length > BUFFER_BYTES) {
      await this.#handle.write(this.#sizeBytes, bytes, STEPS.writeWdiff);
    } else {
      this.#buffer.set(bytes, this.#bufferedBytes);
      this.#bufferedBytes += bytes.length;
    }
    this.#sizeBytes += bytes.length;
    this.#sinceSyncBytes += bytes.length;
    if (this.#sinceSyncBytes < this.#syncIntervalBytes) return;
    await this.#sync();
  }

  /** The header of a file that is filled with received packs. */
  async begin(uuid: Uuid): Promise<void> {
    await this.write(encodeWdiffHeader({ type: 'sorted', uuid }));
  }

  /** A pack as it was received. */
  async append(pack: ReceivedPack): Promise<void> {
    await this.write(pack.header);
    if (pack.data.length > 0) await this.write(pack.data);
  }

  async end(): Promise<void> {
    await this.write(END_PACK.slice());
  }

  /**
   * Makes the file durable under the diff's name and returns the diff with its size. When that fails the name is
   * taken back, so that a file which nobody acknowledged does not show up after a restart.
   */
  async publish(diff: MetaDiff): Promise<MetaDiff> {
    await this.#sync();
    this.#close();
    const name = wdiffFileName(diff);
    try {
      await publishFile(this.#world.files, this.#directory, this.#path, name, STEPS.publishWdiff);
    } catch (error) {
      await unlinkIfThere(this.#world.files, `${this.#directory}/${name}`, STEPS.discardWdiff);
      throw error;
    }
    this.#isPublished = true;
    return { ...diff, dataSizeBytes: this.#sizeBytes };
  }

  /** Removes the file unless it was published. Never throws. */
  async discard(): Promise<void> {
    this.#close();
    if (this.#isPublished) return;
    try {
      await unlinkIfThere(this.#world.files, this.#path, STEPS.discardWdiff);
    } catch (error) {
      this.#world.log.warning(`could not remove ${this.#path}: ${errorText(error)}`);
    }
  }

  async #flushBuffer(): Promise<void> {
    if (this.#bufferedBytes === 0) return;
    const at = this.#sizeBytes - this.#bufferedBytes;
    await this.#handle.write(at, this.#buffer.subarray(0, this.#bufferedBytes), STEPS.writeWdiff);
    this.#bufferedBytes = 0;
  }

  async #sync(): Promise<void> {
    await this.#flushBuffer();
    await this.#handle.sync(STEPS.syncWdiff);
    this.#sinceSyncBytes = 0;
  }

  #close(): void {
    if (this.#isOpen) this.#handle.close();
    this.#isOpen = false;
  }
}
