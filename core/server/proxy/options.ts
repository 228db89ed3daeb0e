import { FormatError } from '../../errors.ts';
import type { KeepAliveOptions } from '../shared/keep-alive.ts';
import type { ServerOptions } from '../shared/server.ts';

/** What a proxy server is told at its start (docs/operations.md, "Options of walb-proxy"). */
export interface ProxyOptions extends ServerOptions, KeepAliveOptions {
  readonly baseDirectory: string;
  /** True: volumes are not started at boot. */
  readonly stopped: boolean;
  /** Wlog receptions at a time. */
  readonly maxForegroundTasks: number;
  /** Wdiff sends at a time. */
  readonly maxBackgroundTasks: number;
  /** Files merged into one send, MiB together. */
  readonly maxWdiffSendMb: number;
  /** Files merged into one send. */
  readonly maxWdiffSendCount: number;
  readonly minRetryDelayS: number;
  readonly maxRetryDelayS: number;
  /** Refused sends are given up this long after the last wlog came. */
  readonly retryTimeoutS: number;
}

/** Fills in the original's defaults. Throws FormatError `NAME:must not be 0.` as the original refuses to start. */
export function proxyOptions(
  given: Pick<ProxyOptions, 'nodeId' | 'baseDirectory'> & Partial<ProxyOptions>,
): ProxyOptions {
  const options: ProxyOptions = {
    port: 5000,
    stopped: false,
    maxConnections: 10,
    maxForegroundTasks: 2,
    maxBackgroundTasks: 1,
    maxWdiffSendMb: 128,
    maxWdiffSendCount: 1000,
    minRetryDelayS: 1,
    maxRetryDelayS: 300,
    retryTimeoutS: 1800,
    socketTimeoutS: 10,
    keepAlive: false,
    keepAliveIdleS: 1800,
    keepAliveIntervalS: 60,
    keepAliveCount: 10,
    ...given,
  };
  const notZero = {
    maxBackgroundtasks: options.maxBackgroundTasks,
    maxForegroundtasks: options.maxForegroundTasks,
    maxWdiffSendMb: options.maxWdiffSendMb,
    maxWdiffSendNr: options.maxWdiffSendCount,
  };
  for (const [name, value] of Object.entries(notZero)) {
    if (value === 0) throw new FormatError(`${name}:must not be 0.`);
  }
  return { ...options, maxRetryDelayS: Math.max(options.maxRetryDelayS, options.minRetryDelayS) };
}
