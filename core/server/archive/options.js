import { FormatError } from '../../errors.js';
import { parseOptionInteger } from '../../format/size-text.js';
import { compressOptFromText, compressOptToText, DEFAULT_COMPRESS_OPT, } from '../../snapshot/host-info.js';
const DISCARD_POLICIES = ['ignore', 'passdown', 'zero'];
const DEFAULTS = {
    baseDirectory: '/var/forest/walb/archive',
    port: 5000,
    volumeGroup: 'vg',
    thinPool: '',
    logPath: '-',
    isDebug: false,
    maxConnections: 10,
    maxForegroundTasks: 2,
    socketTimeoutS: 10,
    maxWdiffSendCount: 1000,
    discardPolicy: 'ignore',
    fsyncIntervalBytes: 1024 * 1024 * 1024,
    doAutoResize: false,
    keepOneColdSnapshot: false,
    maxOpenDiffs: 0,
    maxOpenDiffsForVirtualScan: 0,
    applySleepPercent: 0,
    syncCompression: DEFAULT_COMPRESS_OPT,
    lockTimeThresholdS: 10,
    allowExec: false,
    keepAlive: false,
    keepAliveIdleS: 1800,
    keepAliveIntervalS: 60,
    keepAliveCount: 10,
};
const MAX_SLEEP_PERCENT = 99;
const MAX_PORT = 65535;
const MAX_KEEP_ALIVE = { idleS: 86_400, intervalS: 3600, count: 100 };
/** Fills in defaults. Throws FormatError with the original's reason not to start. */
export function archiveOptions(given) {
    const options = { ...DEFAULTS, ...given };
    const notZero = {
        maxConnections: options.maxConnections,
        maxForegroundTasks: options.maxForegroundTasks,
        maxWdiffSendNr: options.maxWdiffSendCount,
        fsyncIntervalSize: options.fsyncIntervalBytes,
    };
    for (const [name, value] of Object.entries(notZero)) {
        if (value === 0)
            throw new FormatError(`${name}:must not be 0.`);
    }
    if (options.applySleepPercent > MAX_SLEEP_PERCENT) {
        throw new FormatError(`applySleepPct must be within 0 to ${MAX_SLEEP_PERCENT}.`);
    }
    if (options.keepAlive) {
        verifyAtMost('keepAliveIdle', options.keepAliveIdleS, MAX_KEEP_ALIVE.idleS);
        verifyAtMost('keepAliveIntvl', options.keepAliveIntervalS, MAX_KEEP_ALIVE.intervalS);
        verifyAtMost('keepAliveCnt', options.keepAliveCount, MAX_KEEP_ALIVE.count);
    }
    return options;
}
function verifyAtMost(name, value, max) {
    if (value > max)
        throw new FormatError(`${name}:must be at most ${max}:${value}`);
}
/** How each option that takes a value is read. */
const VALUE_OPTIONS = new Map([
    ['-p', setNumber('port', parsePort)],
    ['-l', setText('logPath')],
    ['-b', setText('baseDirectory')],
    ['-vg', setText('volumeGroup')],
    ['-tp', setText('thinPool')],
    ['-maxconn', setNumber('maxConnections')],
    ['-fg', setNumber('maxForegroundTasks')],
    ['-id', setText('nodeId')],
    ['-to', setNumber('socketTimeoutS')],
    ['-wn', setNumber('maxWdiffSendCount')],
    [
        '-discard',
        (given, text) => {
            given.discardPolicy = parseDiscardPolicy(text);
        },
    ],
    ['-fi', setNumber('fsyncIntervalBytes')],
    ['-maxopen', setNumber('maxOpenDiffs')],
    ['-maxopen-virt', setNumber('maxOpenDiffsForVirtualScan')],
    ['-apply-sleep-pct', setNumber('applySleepPercent')],
    [
        '-sync-cmpr',
        (given, text) => {
            given.syncCompression = compressOptFromText(text);
        },
    ],
    ['-lock-time-th', setNumber('lockTimeThresholdS', parseSeconds)],
    ['-kaidle', setNumber('keepAliveIdleS')],
    ['-kaintvl', setNumber('keepAliveIntervalS')],
    ['-kacnt', setNumber('keepAliveCount')],
]);
const FLAG_OPTIONS = new Map([
    ['-debug', 'isDebug'],
    ['-autoresize', 'doAutoResize'],
    ['-keep-one-cold-snap', 'keepOneColdSnapshot'],
    ['-allow-exec', 'allowExec'],
    ['-ka', 'keepAlive'],
]);
/**
 * Reads the arguments of `walb-archive`. Null when help is asked for. Throws FormatError for an unknown option, a
 * missing or bad value. `hostName` is the node id where none is given.
 */
export function parseArchiveArguments(words, hostName) {
    const given = {};
    for (let at = 0; at < words.length; at++) {
        const word = words[at];
        if (word === '-h')
            return null;
        const flag = FLAG_OPTIONS.get(word);
        if (flag !== undefined) {
            given[flag] = true;
            continue;
        }
        const set = VALUE_OPTIONS.get(word);
        if (set === undefined)
            throw new FormatError(`bad option: ${word}`);
        at += 1;
        if (at === words.length)
            throw new FormatError(`no value for option: ${word}`);
        set(given, words[at]);
    }
    return archiveOptions({ nodeId: hostName, baseDirectory: DEFAULTS.baseDirectory, ...given });
}
/** `name=value (default|set)` for each option, as logged at the start. */
export function archiveOptionLines(options) {
    const defaults = DEFAULTS;
    return Object.entries(options).map(([name, value]) => {
        const isDefault = defaults[name] === value;
        const text = name === 'syncCompression' ? compressOptToText(options.syncCompression) : String(value);
        return `${name}=${text} (${isDefault ? 'default' : 'set'})`;
    });
}
function setNumber(name, parse = parseOptionInteger) {
    return (given, text) => {
        given[name] = parse(text);
    };
}
function setText(name) {
    return (given, text) => {
        given[name] = text;
    };
}
function parsePort(text) {
    const port = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!(port <= MAX_PORT))
        throw new FormatError(`a port of 0 to ${MAX_PORT} is expected: ${text}`);
    return port;
}
function parseSeconds(text) {
    if (!/^[0-9]+(\.[0-9]*)?$/.test(text))
        throw new FormatError(`seconds are expected: ${text}`);
    return Number(text);
}
function parseDiscardPolicy(text) {
    const policy = DISCARD_POLICIES.find((name) => name === text);
    if (policy === undefined)
        throw new FormatError(`bad discard type:${text}`);
    return policy;
}
