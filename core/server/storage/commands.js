import { errorText, FormatError } from '../../errors.js';
import { receiveWords, replyAccept, verifyWordCount } from '../../protocol/command.js';
import { parseDumpLogpackHeader, parseInitVol, parseResetVol, parseResize, parseSetFullScanBps, parseStart, parseStatus, parseStop, parseStorageRole, parseVolOnly, } from '../../protocol/command-words.js';
import { replySnapshot } from '../../protocol/snapshot.js';
import { builtinHandlers, command, getCommand, okCommand, refuse, valueCommand } from '../shared/handlers.js';
import { saveFile } from '../shared/persist.js';
import { backupCommand } from './backup.js';
import { readSuperSector } from './device-log.js';
import { beginStop, clearVolume, initVolume, resetVolume, resizeVolume, startVolume, stopVolume, } from './life-cycle.js';
import { LogReader } from './log-reader.js';
import { pushTaskForce } from './monitoring.js';
import { storageGetters } from './queries.js';
import { takeSnapshot } from './snapshot.js';
import { SNAPSHOT_STATES } from './states.js';
import { serverStatus, volumeStatus } from './status.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { getVolume, requireDevice, verifyState, volumeWorld } from './volume.js';
/** All protocols that a storage server serves. */
export function storageHandlers(server) {
    return new Map([
        ...builtinHandlers(server.status),
        ['get', getCommand(storageGetters(server), server.stats)],
        [
            'status',
            valueCommand('c2sStatusServer', null, async (words) => {
                const { volId } = parseStatus(words);
                return volId === null ? serverStatus(server) : volumeStatus(server, await getVolume(server, volId));
            }),
        ],
        [
            'init-vol',
            okCommand('c2sInitVolServer', 2, async (words) => {
                const { volId, wdevPath } = parseInitVol(words);
                if (wdevPath === null)
                    throw new FormatError('c2sInitVolServer:wdevPath is not specified');
                await initVolume(server, volId, wdevPath);
            }),
        ],
        [
            'clear-vol',
            okCommand('c2sClearVolServer', 1, async (words) => {
                await clearVolume(server, await getVolume(server, parseVolOnly(words).volId));
            }),
        ],
        [
            'reset-vol',
            okCommand('c2sResetVolServer', null, async (words) => {
                const { volId, gid } = parseResetVol(words);
                await resetVolume(server, await getVolume(server, volId), gid);
            }),
        ],
        [
            'start',
            okCommand('c2sStartServer', null, async (words) => {
                verifyWordCount(words, 'c2sStartServer', 2);
                const { volId, role } = parseStart(words);
                await startVolume(server, await getVolume(server, volId), parseStorageRole(role ?? ''));
            }),
        ],
        ['stop', stopCommand(server)],
        ['full-bkp', backupCommand(server, 'full')],
        ['hash-bkp', backupCommand(server, 'hash')],
        [
            'resize',
            okCommand('c2sResizeServer', null, async (words) => {
                const { volId, sizeLb } = parseResize(words, { zero: false, zeroClear: false });
                await resizeVolume(server, await getVolume(server, volId), sizeLb);
            }),
        ],
        ['snapshot', snapshotCommand(server)],
        ['kick', okCommand('c2sKickServer', null, () => kick(server))],
        [
            'set-full-scan-bps',
            okCommand('c2sSetFullScanBpsServer', null, async (words) => {
                server.fullScanLbPerS = parseSetFullScanBps(words).lbPerS;
            }),
        ],
        [
            'dbg-dump-logpack-header',
            okCommand('c2sDumpLogpackHeaderServer', null, async (words) => {
                const { volId, lsid } = parseDumpLogpackHeader(words);
                await dumpLogpackHeader(server, volId, lsid);
            }),
        ],
    ]);
}
/** Answers before it acts; what goes wrong afterwards is only logged. */
function stopCommand(server) {
    return async (session) => {
        let begun;
        try {
            const { volId, mode } = parseStop(await receiveWords(session.channel, 'c2sStopServer'), false);
            const volume = await getVolume(server, volId);
            begun = { volume, stopper: beginStop(volume, mode) };
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        try {
            await replyAccept(session.channel);
        }
        catch (error) {
            begun.stopper.end();
            throw error;
        }
        await stopVolume(server, begun.volume, begun.stopper);
    };
}
function snapshotCommand(server) {
    const func = 'c2sSnapshotServer';
    return command(func, 1, async (words) => {
        const volume = await getVolume(server, parseVolOnly(words).volId);
        return volume.mutex.run(async () => {
            verifyState(volume, SNAPSHOT_STATES, func);
            volume.stopState.verify(['NotStopping'], volume.volId, func);
            return { volume, gid: await takeSnapshot(server, volume, false) };
        });
    }, async ({ channel }, { volume, gid }) => {
        // In state Stopped the gid waits in the queue for the next start.
        if (volume.states.state === 'Target')
            pushTaskForce(server, volume, 0);
        await replySnapshot(channel, gid);
    });
}
/** Lets proxies be looked at and delayed tasks run now. */
async function kick(server) {
    await server.proxies.kick();
    for (const { key, task, dueInMs } of server.tasks.list()) {
        if (dueInMs > 0)
            server.tasks.pushForce(key, { volId: task.volId, retryDelayMs: 0 }, 0);
    }
}
/** Saves one block of the log beside the volume's files, for people who look for damage. */
async function dumpLogpackHeader(server, volId, lsid) {
    const volume = await getVolume(server, volId);
    const world = volumeWorld(server, volume, 'dump-logpack-header');
    const path = requireDevice(volume, 'c2sDumpLogpackHeaderServer');
    try {
        const log = await world.devices.openLog(path, STEPS.wlogOpenLog);
        try {
            const reader = new LogReader(log, await readSuperSector(log), lsid, lsid + 1, STEPS.wlogReadLog);
            const block = await reader.readPb(lsid, 1);
            await saveFile(world, volume.files.directory, `logpackheader-${lsid}`, block, STEPS.dumpLogpack);
        }
        finally {
            log.close();
        }
    }
    catch (error) {
        world.log.error(`c2sDumpLogpackHeaderServer:${errorText(error)}`);
    }
}
