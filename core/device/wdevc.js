import { FormatError, TimeoutError } from '../errors.js';
import { US_PER_S } from '../units.js';
const CLEAR_POLL_US = US_PER_S / 2;
const COMMANDS = new Map([
    [
        'set-checkpoint-interval',
        quiet(async (device, [ms]) => device.setCheckpointInterval(numberOf(ms, 'MS'))),
    ],
    ['get-checkpoint-interval', ({ checkpointIntervalMs }) => [String(checkpointIntervalMs)]],
    ['force-checkpoint', quiet((device) => device.forceCheckpoint())],
    ['set-oldest-lsid', quiet((device, [lsid]) => device.setOldestLsid(numberOf(lsid, 'LSID')))],
    ['get-oldest-lsid', (device) => [String(device.lsids().oldest)]],
    ['get-written-lsid', (device) => [String(device.lsids().written)]],
    ['get-permanent-lsid', (device) => [String(device.lsids().permanent)]],
    ['get-completed-lsid', (device) => [String(device.lsids().completed)]],
    ['get-log-usage', ({ logUsagePb }) => [String(logUsagePb)]],
    ['get-log-capacity', ({ logCapacityPb }) => [String(logCapacityPb)]],
    ['is-flush-capable', ({ isFlushCapable }) => [flag(isFlushCapable)]],
    ['is-log-overflow', ({ isLogOverflow }) => [flag(isLogOverflow)]],
    // The spelling is the original's.
    ['is-flozen', ({ freezeState }) => [flag(freezeState !== 'melted')]],
    ['resize', quiet((device, [sizeLb = '0']) => device.resize(numberOf(sizeLb, 'SIZE_LB')))],
    ['reset-wal', quiet((device) => device.resetWal())],
    [
        'clear-wal',
        quiet((device, [timeoutS = '0'], clock) => clearWal(device, numberOf(timeoutS, 'TIMEOUT'), clock)),
    ],
    ['freeze', quiet((device, [timeoutS = '0']) => device.freeze(numberOf(timeoutS, 'TIMEOUT')))],
    ['melt', quiet((device) => device.melt())],
]);
/** Whether a word is a command on a device, behind which its path stands. */
export function isDeviceCommand(command) {
    return COMMANDS.has(command);
}
/**
 * Runs a command on a device and returns the lines that it prints. Throws FormatError for unknown or malformed
 * words, IoError EFAULT when the device refuses, TimeoutError.
 */
export async function runDeviceCommand(device, command, args, clock) {
    const run = COMMANDS.get(command);
    if (run === undefined)
        throw new FormatError(`wdevc has no command ${command}`);
    return run(device, args, clock);
}
function quiet(act) {
    return async (device, args, clock) => {
        await act(device, args, clock);
        return [];
    };
}
/** Forgets all log that is durable now, as soon as it is on the data device. 0 = without limit. */
async function clearWal(device, timeoutS, clock) {
    const { permanent } = device.lsids();
    const deadlineUs = clock.monotonicUs() + timeoutS * US_PER_S;
    while (device.lsids().written < permanent) {
        if (timeoutS > 0 && clock.monotonicUs() >= deadlineUs)
            throw new TimeoutError('run:timeout');
        await new Promise((resolve) => clock.startTimer(clock.monotonicUs() + CLEAR_POLL_US, resolve));
    }
    await device.forceCheckpoint();
    await device.setOldestLsid(permanent);
}
function flag(value) {
    return value ? '1' : '0';
}
function numberOf(text, what) {
    if (text === undefined || !/^[0-9]+$/.test(text) || !Number.isSafeInteger(Number(text)))
        throw new FormatError(`wdevc: a number ${what} is expected, got ${text ?? 'nothing'}`);
    return Number(text);
}
