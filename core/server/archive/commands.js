import { errorText } from '../../errors.js';
import { receiveWords, replyOk } from '../../protocol/command.js';
import { parseChangeSnapshot, parseInitVol, parseMerge, parseReplicate, parseResize, parseSetBase, parseSetState, parseSetUuid, parseStart, parseStatus, parseStop, parseVolAndGid, parseVolOnly, } from '../../protocol/command-words.js';
import { receiveGatherRequest, replyLatestSnaps } from '../../protocol/gather-latest-snap.js';
import { builtinHandlers, getCommand, okCommand, refuse, valueCommand } from '../shared/handlers.js';
import { acceptedCommand } from './admission.js';
import { admitApply } from './apply.js';
import { setBase, setState, setUuid } from './debug-commands.js';
import { fullBackupHandler } from './full-backup.js';
import { hashBackupHandler } from './hash-backup.js';
import { beginStop, clearVolume, initVolume, resetVolume, startVolume, stopVolume } from './life-cycle.js';
import { admitMerge } from './merge.js';
import { archiveGetters, gatherLatestSnaps } from './queries.js';
import { admitReplicate } from './replicate-client.js';
import { replicationHandler } from './replicate-server.js';
import { admitResize } from './resize.js';
import { admitRestore, removeSnapshot } from './restore.js';
import { blockHashCommand, virtFullScanCommand } from './scan-commands.js';
import { changeSnapshots, collectDiffGarbage, reloadMetadata } from './snapshot-flags.js';
import { serverStatus, volumeStatus } from './status.js';
import { getVolume } from './volume.js';
import { wdiffTransferHandler } from './wdiff-receive.js';
/** All protocols that an archive server serves. */
export function archiveHandlers(server) {
    return new Map([
        ...builtinHandlers(server.status),
        ['get', getCommand(archiveGetters(server), server.stats)],
        [
            'status',
            valueCommand('c2aStatusServer', null, async (words) => {
                const { volId } = parseStatus(words);
                return volId === null ? serverStatus(server) : volumeStatus(getVolume(server, volId));
            }),
        ],
        ...lifeCycleCommands(server),
        ...imageCommands(server),
        ...debugCommands(server),
        ['dirty-full-sync3', fullBackupHandler(server)],
        ['dirty-hash-sync2', hashBackupHandler(server)],
        ['wdiff-transfer', wdiffTransferHandler(server)],
        ['repl-sync3', replicationHandler(server)],
        ['gather-latest-snap', gatherHandler(server)],
    ]);
}
function lifeCycleCommands(server) {
    const volumeOf = (words) => getVolume(server, parseVolOnly(words).volId);
    return [
        [
            'init-vol',
            okCommand('c2aInitVolServer', 1, (words) => initVolume(server, getVolume(server, parseInitVol(words).volId))),
        ],
        ['clear-vol', okCommand('c2aClearVolServer', 1, (words) => clearVolume(server, volumeOf(words)))],
        ['reset-vol', okCommand('c2aResetVolServer', 1, (words) => resetVolume(volumeOf(words)))],
        [
            'start',
            okCommand('c2aStartServer', 1, (words) => startVolume(getVolume(server, parseStart(words).volId))),
        ],
        [
            'stop',
            acceptedCommand(server, 'c2aStopServer', null, async (words) => {
                const { volId, mode } = parseStop(words, false);
                const volume = getVolume(server, volId);
                const stopper = beginStop(volume, mode);
                return { run: () => stopVolume(server, volume), end: () => stopper.end() };
            }),
        ],
    ];
}
function imageCommands(server) {
    const withVolume = (volId, admit) => admit(getVolume(server, volId));
    return [
        [
            'restore',
            acceptedCommand(server, 'c2aRestoreServer', 2, (words) => {
                const { volId, gid } = parseVolAndGid(words);
                return withVolume(volId, (volume) => admitRestore(server, volume, gid));
            }),
        ],
        ['del-restored', deleteCommand(server, 'c2aDelRestoredServer', 'restored')],
        ['del-cold', deleteCommand(server, 'c2aDelColdServer', 'cold')],
        [
            'apply',
            acceptedCommand(server, 'c2aApplyServer', 2, (words) => {
                const { volId, gid } = parseVolAndGid(words);
                return withVolume(volId, (volume) => admitApply(server, volume, gid));
            }),
        ],
        [
            'merge',
            acceptedCommand(server, 'c2aMergeServer', 4, (words) => {
                const { volId, gidB, until } = parseMerge(words);
                return withVolume(volId, (volume) => admitMerge(server, volume, { gidB, until }));
            }),
        ],
        [
            'replicate',
            acceptedCommand(server, 'c2aReplicateServer', null, (words) => {
                const { volId, until, replica } = parseReplicate(words);
                return withVolume(volId, (volume) => admitReplicate(server, volume, { until, replica }));
            }),
        ],
        ['resize', resizeCommand(server)],
        ['virt-full-scan', virtFullScanCommand(server)],
        ['bhash', blockHashCommand(server)],
        ['disable-snapshot', changeCommand(server, 'c2aDisableSnapshot', false)],
        ['enable-snapshot', changeCommand(server, 'c2aEnableSnapshot', true)],
        [
            'gc-diff',
            okCommand('c2aGarbageCollectDiffServer', 1, (words) => collectDiffGarbage(getVolume(server, parseVolOnly(words).volId))),
        ],
    ];
}
function deleteCommand(server, func, role) {
    return okCommand(func, 2, (words) => {
        const { volId, gid } = parseVolAndGid(words);
        return removeSnapshot(getVolume(server, volId), gid, role);
    });
}
function changeCommand(server, func, keep) {
    return okCommand(func, null, (words) => {
        const { volId, gids } = parseChangeSnapshot(words);
        return changeSnapshots(getVolume(server, volId), gids, keep);
    });
}
/** Answered when it is done; with zeroclear before it is done. */
function resizeCommand(server) {
    const func = 'c2aResizeServer';
    return async (session) => {
        let admitted;
        let isLater;
        try {
            const words = await receiveWords(session.channel, func);
            const { volId, sizeLb, zeroClear } = parseResize(words, { zero: false, zeroClear: true });
            admitted = await admitResize(server, getVolume(server, volId), { sizeLb, zeroClear });
            isLater = zeroClear;
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        const { run, end } = admitted;
        if (isLater) {
            try {
                await replyOk(session.channel);
            }
            catch (error) {
                end();
                throw error;
            }
            server.group.start(func, () => run().finally(end));
            return;
        }
        try {
            await run();
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        finally {
            end();
        }
        await replyOk(session.channel);
    };
}
function debugCommands(server) {
    return [
        [
            'dbg-reload-metadata',
            okCommand('c2aReloadMetadataServer', 1, (words) => reloadMetadata(getVolume(server, parseVolOnly(words).volId))),
        ],
        [
            'dbg-set-uuid',
            okCommand('c2aSetUuidServer', 2, (words) => {
                const { volId, uuid } = parseSetUuid(words);
                return setUuid(getVolume(server, volId), uuid);
            }),
        ],
        [
            'dbg-set-state',
            okCommand('c2aSetStateServer', 2, (words) => {
                const { volId, state } = parseSetState(words);
                return setState(getVolume(server, volId), state);
            }),
        ],
        [
            'dbg-set-base',
            okCommand('c2aSetBaseServer', 2, (words) => {
                const { volId, base } = parseSetBase(words, server.world.clock.wallTimeS());
                return setBase(getVolume(server, volId), base);
            }),
        ],
    ];
}
/** `gather-latest-snap`: a storage server asks how far the copies are. */
function gatherHandler(server) {
    return async (session) => {
        const volIds = await receiveGatherRequest(session.channel);
        try {
            await replyLatestSnaps(session.channel, gatherLatestSnaps(server, volIds));
        }
        catch (error) {
            session.world.log.error(`gatherLatestSnapServer:${errorText(error)}`);
        }
    };
}
