import type { ArchiveOptions } from '../server/archive/options.ts';
import type { ProxyOptions } from '../server/proxy/options.ts';
import type { StorageOptions } from '../server/storage/options.ts';
import type { Lb, MonotonicUs } from '../units.ts';
import type { World } from '../world/index.ts';
import type { Controller } from './controller.ts';
import type { ServerConnectionParam } from './server-layout.ts';
import type { WalbDevice } from './walb-device.ts';

/** What a group's world can do beyond running servers. */
export type Capability =
  /** Server processes can be killed and started. */
  | 'kill'
  /** Hosts can lose power. */
  | 'power-loss'
  /** Hosts can lose power at a named call of a program. */
  | 'crash-points'
  /** Disks can fail and lose what they had not flushed. */
  | 'faulty-disks'
  /** Links can be cut and slowed. */
  | 'network-faults'
  /** Files of servers can be lost and spoiled. */
  | 'data-loss'
  /** Disks and volume groups can be full. */
  | 'full-disks'
  /** Wall clocks can be stepped. */
  | 'clock-step'
  /** Data devices can be grown. */
  | 'grow'
  /** Time costs nothing. */
  | 'virtual-time';

/** A walb device of a storage host, as applications use it. */
export interface GroupDevice {
  /** Name of the storage server on the same host. */
  readonly storage: string;
  /** `/dev/walb/NAME` */
  readonly path: string;
  sizeLb(): Lb;
  /** Calls throw IoError when the host loses power before they are answered. */
  read(addressLb: Lb, sizeLb: Lb): Promise<Uint8Array>;
  write(addressLb: Lb, data: Uint8Array): Promise<void>;
  discard(addressLb: Lb, sizeLb: Lb): Promise<void>;
  flush(): Promise<void>;
  /** Grows the data device below; the walb device follows when it is resized. */
  growDataDevice(sizeLb: Lb): Promise<void>;
  /** How often the device makes its position durable; log is removed only below it. 0 = never. */
  setCheckpointInterval(milliseconds: number): Promise<void>;
  /** Lets calls to one of the two disks below fail, or work again (`up`). */
  setDiskMode(disk: WalbDisk, mode: 'up' | 'error-all' | 'error-writes' | 'error-reads'): void;
  /** A disk below loses what it had not flushed: all of it, or each block with a probability. */
  loseUnflushed(disk: WalbDisk, lossPercent: number): void;
  /** Ends the walb device by force and makes it again over the same disks, formatted or with redo. */
  remake(options: { readonly format: boolean }): Promise<void>;
  /** Whether everything that was written has reached the data disk. */
  isWrittenBack(): Promise<boolean>;
}

/** The two disks that a walb device is made of. */
export type WalbDisk = 'log' | 'data';

/** Options of a server that an operator changes at a restart. */
export type ChangedOptions = Partial<StorageOptions> & Partial<ProxyOptions> & Partial<ArchiveOptions>;

/**
 * A backup group as scenarios see it, in whichever world it runs (docs/writing-scenarios.md). Faults that the
 * world cannot do throw StateError; ask `capabilities` first.
 */
export interface Group {
  readonly capabilities: ReadonlySet<Capability>;
  /** The operator's world. */
  readonly world: World;
  readonly controller: Controller;
  /** A server by name. Throws NotFoundError. */
  server(name: string): ServerConnectionParam;
  /** The devices of a storage, in order. */
  devices(storage: string): readonly GroupDevice[];
  /** The same devices for who sets them up (`wdevc`). */
  walbDevices(storage: string): readonly WalbDevice[];
  /** Reads a whole volume at an archive by the path that `getRestoredPath` gave. */
  readVolume(archive: string, path: string): Promise<Uint8Array>;
  /** A program on an archive's host opens a volume and keeps it open until the function that is returned is called. */
  holdVolume(archive: string, path: string): Promise<() => void>;
  readonly clock: {
    nowUs(): MonotonicUs;
    sleep(seconds: number): Promise<void>;
  };
  /** Waits until the condition holds, looking again ten times a second. Throws TimeoutError `what`. */
  eventually(condition: () => boolean | Promise<boolean>, timeoutS: number, what: string): Promise<void>;
  isRunning(server: string): boolean;
  /** Ends a server process at once, as `kill -9` does. */
  kill(server: string): void;
  /**
   * Starts a server process and waits until it answers. A storage is told the primary archive and the proxies
   * that the controller's layout has now. `options` are others than before, from now on.
   */
  startServer(server: string, options?: ChangedOptions): Promise<void>;
  /** Loses all files of a server that does not run, and an archive's volumes. Walb devices stay. */
  loseData(server: string): Promise<void>;
  /** From now on nothing arrives between the hosts of two servers: a black hole. */
  partition(a: string, b: string): void;
  /** As `partition`, in one direction: the other one goes on. */
  partitionOneWay(from: string, to: string): void;
  /** Everything between the hosts of two servers takes so much longer, in each direction. */
  delayLink(a: string, b: string, delayS: number): void;
  /** Ends `partition`, `partitionOneWay`, `delayLink` and `limitBandwidth` between two servers. */
  heal(a: string, b: string): void;
  /** Lets so many bytes a second pass between two servers, in each direction. */
  limitBandwidth(a: string, b: string, bytesPerS: number): void;
  /** The host of a server loses its power; peers hear nothing. */
  powerLoss(server: string): void;
  /** The host of a server loses its power right after a call has had its effect. The returned function takes that back. */
  powerLossAt(server: string, point: CrashPoint): () => void;
  /** The power is back: the walb devices run again, the server is not started. */
  powerOn(server: string): void;
  /** Steps the wall clock of a server's host. */
  stepClock(server: string, seconds: number): void;
  /** Leaves so much room to a server's files and to an archive's volumes; null = no limit. */
  leaveRoom(
    server: string,
    room: { readonly fileBytes?: number | null; readonly volumeLb?: Lb | null },
  ): void;
  /** The files of a server, as somebody with a hex editor sees them. */
  files(server: string): GroupFiles;
  /** Names of all volumes of an archive's volume group, sorted. */
  volumeNames(archive: string): string[];
  /** Blocks of an archive's volume rot, by the path that it has there. */
  rotVolume(archive: string, path: string, addressLb: Lb, sizeLb: Lb): void;
}

/** A call of a server's program, by its step (docs/architecture.md, "Steps"). */
export interface CrashPoint {
  readonly step: string;
  /** The n-th call of this step from now on. */
  readonly nth: number;
}

/** Files below a server's base directory; paths are relative to it. */
export interface GroupFiles {
  /** All files, sorted. */
  list(): string[];
  /** Throws NotFoundError. */
  read(path: string): Uint8Array;
  /** Puts a file there, durable. */
  write(path: string, bytes: Uint8Array): void;
  /** Removes all files and folders; the server must not run. */
  removeAll(): Promise<void>;
}
