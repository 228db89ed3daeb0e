import { FormatError } from '../../errors.ts';
import { type CompressOpt, DEFAULT_COMPRESS_OPT } from '../../snapshot/host-info.ts';
import type { HostPort } from '../../world/index.ts';
import type { ServerOptions } from '../shared/server.ts';

/** What a storage server is told at its start (docs/operations.md, "Options of walb-storage"). */
export interface StorageOptions extends ServerOptions {
  readonly baseDirectory: string;
  /** The primary archive. */
  readonly archive: HostPort;
  /** In descending priority. */
  readonly proxies: readonly HostPort[];
  /** Full and hash backups at a time. */
  readonly maxForegroundTasks: number;
  /** Wlog transfers and removals at a time. */
  readonly maxBackgroundTasks: number;
  /** Log sent in one transfer, MiB. */
  readonly maxWlogSendMb: number;
  readonly implicitSnapshotIntervalS: number;
  readonly minRetryDelayS: number;
  readonly maxRetryDelayS: number;
  /** 0 = unlimited. */
  readonly fullScanBytesPerS: number;
  readonly tsDeltaIntervalS: number;
  /** How often each proxy is asked whether it is there. Not in the original, which asks every 10 s. */
  readonly heartBeatIntervalS: number;
  readonly syncCompression: CompressOpt;
  readonly keepAliveIdleS: number;
  readonly keepAliveIntervalS: number;
  readonly keepAliveCount: number;
}

/** The options that must be given; all others have the original's defaults. */
export type RequiredStorageOptions = Pick<StorageOptions, 'nodeId' | 'baseDirectory' | 'archive' | 'proxies'>;

/** Fills in defaults. Throws FormatError `NAME:must not be 0.` as the original refuses to start. */
export function storageOptions(given: RequiredStorageOptions & Partial<StorageOptions>): StorageOptions {
  const options: StorageOptions = {
    port: 5000,
    maxConnections: 10,
    maxForegroundTasks: 2,
    maxBackgroundTasks: 1,
    maxWlogSendMb: 128,
    implicitSnapshotIntervalS: 10,
    minRetryDelayS: 1,
    maxRetryDelayS: 300,
    socketTimeoutS: 10,
    fullScanBytesPerS: 0,
    tsDeltaIntervalS: 60,
    heartBeatIntervalS: 10,
    syncCompression: DEFAULT_COMPRESS_OPT,
    keepAlive: false,
    keepAliveIdleS: 1800,
    keepAliveIntervalS: 60,
    keepAliveCount: 10,
    ...given,
  };
  const notZero = {
    maxBackgroundTasks: options.maxBackgroundTasks,
    maxForegroundTasks: options.maxForegroundTasks,
    maxWlogSendMb: options.maxWlogSendMb,
    implicitSnapshotIntervalSec: options.implicitSnapshotIntervalS,
    tsDeltaGetterIntervalSec: options.tsDeltaIntervalS,
    heartBeatIntervalSec: options.heartBeatIntervalS,
  };
  for (const [name, value] of Object.entries(notZero)) {
    if (value === 0) throw new FormatError(`${name}:must not be 0.`);
  }
  return { ...options, maxRetryDelayS: Math.max(options.maxRetryDelayS, options.minRetryDelayS) };
}
