import type { Clock } from './clock.ts';
import type { CodecPool } from './codec.ts';
import type { DeviceHost } from './device-host.ts';
import type { FileStore } from './file-store.ts';
import type { Log } from './log.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Labels } from './step.ts';
import type { VolumeStore } from './volume-store.ts';

/**
 * Everything outside its own memory that one life of one process can reach: the only door of the core.
 *
 * A world belongs to one incarnation of a process. When that dies, its asynchronous calls never settle, its
 * synchronous ones have no effect and nothing it does changes anything any more.
 */
export interface World {
  readonly hostName: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: Network;
  readonly files: FileStore;
  readonly codecs: CodecPool;
  /** The same world for one task; its labels are written beside each call. */
  labelled(labels: Labels): World;
}

/** World of a host with walb devices (storage servers, applications). */
export interface StorageWorld extends World {
  readonly devices: DeviceHost;
  labelled(labels: Labels): StorageWorld;
}

/** World of a host with a volume store (archive servers). */
export interface ArchiveWorld extends World {
  readonly volumes: VolumeStore;
  labelled(labels: Labels): ArchiveWorld;
}
