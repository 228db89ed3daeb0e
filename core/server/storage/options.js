import { FormatError } from '../../errors.js';
import { DEFAULT_COMPRESS_OPT } from '../../snapshot/host-info.js';
/** Fills in defaults. Throws FormatError `NAME:must not be 0.` as the original refuses to start. */
export function storageOptions(given) {
    const options = {
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
        if (value === 0)
            throw new FormatError(`${name}:must not be 0.`);
    }
    return { ...options, maxRetryDelayS: Math.max(options.maxRetryDelayS, options.minRetryDelayS) };
}
