import { FormatError } from '../../errors.js';
/** Fills in the original's defaults. Throws FormatError `NAME:must not be 0.` as the original refuses to start. */
export function proxyOptions(given) {
    const options = {
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
        if (value === 0)
            throw new FormatError(`${name}:must not be 0.`);
    }
    return { ...options, maxRetryDelayS: Math.max(options.maxRetryDelayS, options.minRetryDelayS) };
}
