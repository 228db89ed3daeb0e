import { IoError, StateError } from '../errors.js';
import { lbPerPb } from '../format/physical-block.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { Checkpoint, DEFAULT_CHECKPOINT_INTERVAL_MS } from './checkpoint.js';
import { DeviceControl } from './control.js';
import { DataWriter } from './data-writer.js';
import { bytesOf, ioError, ringPb } from './device-state.js';
import { OpenDevice } from './faces.js';
import { LogWriter } from './log-writer.js';
import { maxIoPb } from './pack-requests.js';
import { DEFAULT_MODULE_PARAMS, DEFAULT_START_PARAMS, deviceLimits, } from './params.js';
import { applyOverlay } from './pending-data.js';
import { redo } from './redo.js';
import { readPackAt, StalePacks } from './stale-packs.js';
import { DEVICE_STEPS } from './steps.js';
import { openSuper } from './super-io.js';
import { Condition } from './waiting.js';
import { WriteQueue } from './write-queue.js';
/** Longest name of a running device; a super sector could hold more. */
export const MAX_DEVICE_NAME_BYTES = 25;
/** Larger writes are cut, as the block layer does. */
const MAX_WRITE_LB = MIB / LOGICAL_BLOCK_BYTES;
const MAX_DISCARD_LB = 0xffff_ffff;
/**
 * Makes a walb device of two disks: checks that they fit, replays the log that is not yet known to be on the
 * data device, and takes IO. On failure both disks are closed. Throws StateError (no valid super sector, sizes
 * or names that do not fit), IoError. See docs/architecture.md, "The device".
 */
export async function openWalbDevice(options) {
    try {
        return await open(options);
    }
    catch (error) {
        options.ldev.close();
        options.ddev.close();
        throw error;
    }
}
async function open(options) {
    const { ldev, ddev, clock } = options;
    const limits = deviceLimits({ ...DEFAULT_START_PARAMS, ...options.params }, ldev.physicalBlockBytes);
    const sector = await openSuper(ldev, ddev);
    const name = options.name || sector.name || options.fallbackName || '0';
    if (new TextEncoder().encode(name).length > MAX_DEVICE_NAME_BYTES || /[/\0]/.test(name)) {
        throw new StateError(`a walb device name must have at most ${MAX_DEVICE_NAME_BYTES} bytes and no slash: ${name}`);
    }
    const written = sector.writtenLsid;
    const state = {
        ldev,
        ddev,
        clock,
        random: options.random,
        log: options.log,
        limits,
        module: { ...DEFAULT_MODULE_PARAMS, ...options.module },
        name,
        // A name given here is kept; the fallback is not.
        sector: { ...sector, name: options.name || sector.name },
        lsids: {
            latest: written,
            completed: written,
            flush: written,
            permanent: written,
            written,
            prevWritten: written,
            oldest: sector.oldestLsid,
        },
        sizeLb: sector.deviceSizeLb,
        ldevSizeLb: ldev.sizeLb(),
        lastFlushUs: clock.monotonicUs(),
        readOnly: false,
        finalize: false,
        overflow: false,
        changed: new Condition(clock),
        whenReadOnly: [],
        whenWritten: [],
        watchers: new Set(),
    };
    const redone = await redo(state, written);
    for (const lsid of ['latest', 'completed', 'flush', 'permanent', 'written']) {
        state.lsids[lsid] = redone.endLsid;
    }
    const checkpoint = new Checkpoint(state, options.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS);
    const stale = new StalePacks(state, redone.endLsid, written + ringPb(state));
    if (!(await stale.cleanTo(redone.endLsid)) || !(await checkpoint.sync())) {
        throw new StateError('the log and super sector must be writable after redo');
    }
    state.overflow = await isOverwritten(state);
    checkpoint.start();
    return new WalbDevice(state, checkpoint, stale, redone, options.onOverflow ?? (() => { }));
}
/** Whether log from `oldest` on is gone. */
async function isOverwritten(state) {
    const { latest, oldest } = state.lsids;
    if (latest - oldest > ringPb(state))
        return true;
    return latest > oldest && (await readPackAt(state, oldest, DEVICE_STEPS.openOldest)) === null;
}
/** One running walb device. All calls throw IoError: EIO for IO that it cannot do, EFAULT for refused control. */
export class WalbDevice {
    /** What redo found when the device was made. */
    redone;
    #state;
    #queue;
    #data;
    #logWriter;
    #checkpoint;
    #control;
    #openCount = 0;
    #readCount = 0;
    #stopped = false;
    /** Use `openWalbDevice`. */
    constructor(state, checkpoint, stale, redone, onOverflow) {
        this.redone = redone;
        this.#state = state;
        this.#checkpoint = checkpoint;
        this.#queue = new WriteQueue(state, () => this.#logWriter.kick());
        this.#data = new DataWriter(state, this.#queue);
        const parts = { queue: this.#queue, data: this.#data, checkpoint, stale };
        this.#logWriter = new LogWriter(state, { ...parts, onOverflow });
        this.#control = new DeviceControl(state, { ...parts, logWriter: this.#logWriter });
    }
    get name() {
        return this.#state.name;
    }
    get uuid() {
        return this.#state.sector.uuid;
    }
    get physicalBlockBytes() {
        return this.#state.ldev.physicalBlockBytes;
    }
    get isReadOnly() {
        return this.#state.readOnly;
    }
    get isLogOverflow() {
        return this.#state.overflow;
    }
    get isFlushCapable() {
        return this.#state.ldev.supportsFlush;
    }
    get freezeState() {
        return this.#control.freezeState;
    }
    get checkpointIntervalMs() {
        return this.#checkpoint.intervalMs;
    }
    get sizeLb() {
        return this.#state.sizeLb;
    }
    /** May exceed the capacity: the log overflowed then. */
    get logUsagePb() {
        const { latest, oldest } = this.#state.lsids;
        return latest - oldest;
    }
    get logCapacityPb() {
        return ringPb(this.#state);
    }
    lsids() {
        return { ...this.#state.lsids };
    }
    status() {
        const { readOnly, overflow, finalize } = this.#state;
        return {
            readOnly,
            logOverflow: overflow,
            finalize,
            logTasksWorking: !this.#logWriter.idle,
            dataTasksWorking: !this.#data.idle,
        };
    }
    /** Bytes of written data that the device keeps in memory. */
    get heldBytes() {
        return this.#queue.heldBytes;
    }
    setCheckpointInterval(intervalMs) {
        this.#control.setCheckpointInterval(intervalMs);
    }
    async forceCheckpoint() {
        this.#refuseStopped();
        return this.#control.forceCheckpoint();
    }
    async setOldestLsid(lsid) {
        this.#refuseStopped();
        return this.#control.setOldestLsid(lsid);
    }
    async resize(sizeLb) {
        this.#refuseStopped();
        return this.#control.resize(sizeLb);
    }
    async resetWal() {
        this.#refuseStopped();
        return this.#control.resetWal();
    }
    async freeze(timeoutS = 0) {
        this.#refuseStopped();
        return this.#control.freeze(timeoutS);
    }
    async melt() {
        this.#refuseStopped();
        return this.#control.melt();
    }
    /** Calls `onLog` when the log goes from empty to non-empty. A hint: look at the lsids once after this. */
    watch(onLog) {
        const told = () => onLog();
        this.#state.watchers.add(told);
        return { close: () => void this.#state.watchers.delete(told) };
    }
    /** The device for applications. */
    openData() {
        this.#refuseStopped();
        this.#openCount += 1;
        return new OpenDevice(this.#dataPort());
    }
    /** The log device, read-only. */
    openLog() {
        this.#refuseStopped();
        return new OpenDevice(this.#logPort());
    }
    /**
     * Ends the device: new IO fails, what came before is done, the super sector says so, the disks are closed.
     * Throws IoError EBUSY when somebody has it open and it is not forced.
     */
    async stop(options = {}) {
        this.#refuseStopped();
        if (this.#openCount > 0 && options.force !== true) {
            throw new IoError('EBUSY', `the walb device ${this.name} is open`);
        }
        const state = this.#state;
        this.#stopped = true;
        state.finalize = true;
        await this.#control.stop(async () => {
            while (this.#readCount > 0)
                await state.changed.wait();
            if (state.module.syncSuperblock)
                await this.#checkpoint.sync();
            state.ldev.close();
            state.ddev.close();
        });
    }
    #refuseStopped() {
        if (this.#stopped)
            throw new IoError('EFAULT', `the walb device ${this.name} was stopped`);
    }
    #dataPort() {
        const state = this.#state;
        return {
            physicalBlockBytes: state.ldev.physicalBlockBytes,
            supportsFlush: state.ldev.supportsFlush,
            supportsDiscard: state.module.discard,
            sizeLb: () => state.sizeLb,
            read: (addressLb, sizeLb) => this.#read(addressLb, sizeLb),
            write: (addressLb, data, options) => this.#write(addressLb, data, options),
            flush: () => this.#flush(),
            discard: (addressLb, sizeLb) => this.#discard(addressLb, sizeLb),
            close: () => {
                this.#openCount -= 1;
            },
        };
    }
    #logPort() {
        const state = this.#state;
        const refuse = () => Promise.reject(ioError('the log device is read-only'));
        return {
            physicalBlockBytes: state.ldev.physicalBlockBytes,
            supportsFlush: false,
            supportsDiscard: false,
            sizeLb: () => state.ldevSizeLb,
            read: (addressLb, sizeLb) => this.#counted(() => state.ldev.read(addressLb, sizeLb, DEVICE_STEPS.logView)),
            write: refuse,
            flush: () => Promise.resolve(),
            discard: refuse,
            close: () => { },
        };
    }
    async #counted(call) {
        if (this.#state.finalize)
            throw ioError('the walb device was stopped');
        this.#readCount += 1;
        try {
            return await call();
        }
        finally {
            this.#readCount -= 1;
            this.#state.changed.notify();
        }
    }
    /** What the data device holds, with the pending writes of this moment over it. */
    #read(addressLb, sizeLb) {
        if (sizeLb === 0)
            return Promise.resolve(new Uint8Array(0));
        const writes = this.#data.pending.overlay(addressLb, sizeLb);
        return this.#counted(async () => {
            const base = await this.#state.ddev.read(addressLb, sizeLb, DEVICE_STEPS.dataRead);
            return applyOverlay(base, addressLb, writes);
        });
    }
    async #write(addressLb, data, options) {
        const isCached = this.#state.ldev.supportsFlush;
        const flush = isCached && options.preflush === true;
        const fua = isCached && options.fua === true;
        if (data.length === 0)
            return flush || fua ? this.#flush() : undefined;
        const pbs = this.physicalBlockBytes;
        const maxLb = Math.min(MAX_WRITE_LB, maxIoPb(ringPb(this.#state)) * lbPerPb(pbs));
        const totalLb = data.length / LOGICAL_BLOCK_BYTES;
        const parts = [];
        for (let atLb = 0; atLb < totalLb; atLb += maxLb) {
            const sizeLb = Math.min(maxLb, totalLb - atLb);
            const part = data.subarray(bytesOf(atLb), bytesOf(atLb + sizeLb));
            const isFirst = atLb === 0;
            const request = { addressLb: addressLb + atLb, sizeLb, data: part, flush: flush && isFirst, fua };
            parts.push(this.#queue.submit({ kind: 'write', ...request }));
        }
        await allSettled(parts);
    }
    async #flush() {
        if (!this.#state.ldev.supportsFlush) {
            if (this.#state.readOnly || this.#state.finalize)
                throw ioError('the walb device takes no writes');
            return;
        }
        await this.#queue.submit({
            kind: 'flush',
            addressLb: 0,
            sizeLb: 0,
            data: new Uint8Array(0),
            flush: true,
            fua: false,
        });
    }
    async #discard(addressLb, totalLb) {
        const parts = [];
        for (let atLb = 0; atLb < totalLb; atLb += MAX_DISCARD_LB) {
            const sizeLb = Math.min(MAX_DISCARD_LB, totalLb - atLb);
            const request = {
                addressLb: addressLb + atLb,
                sizeLb,
                data: new Uint8Array(0),
                flush: false,
                fua: false,
            };
            parts.push(this.#queue.submit({ kind: 'discard', ...request }));
        }
        await allSettled(parts);
    }
}
/** Waits for all, then throws what the first failing one threw: the caller's data are needed until the last. */
async function allSettled(parts) {
    const results = await Promise.allSettled(parts);
    for (const result of results)
        if (result.status === 'rejected')
            throw result.reason;
}
