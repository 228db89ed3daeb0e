import { printUnitSize } from '../../format/size-text.js';
import { timeToPrintable } from '../../format/time-text.js';
import { uuidToText } from '../../format/uuid.js';
import { fullReplStateToText } from '../../snapshot/full-repl-state.js';
import { snapToText, stateToText } from '../../snapshot/meta.js';
import { latestSnapshot, restorableList } from '../../snapshot/state-query.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { keepAliveText } from '../shared/keep-alive.js';
import { ARCHIVE_ACTIONS } from './states.js';
/** The text of `status` (docs/operations.md, "Status of an archive server"). Scripts read these lines. */
export async function serverStatus(server) {
    const { options, world } = server;
    const volumes = [];
    for (const volume of [...server.volumes.values()].sort((a, b) => (a.volId < b.volId ? -1 : 1))) {
        if (volume.damage !== null)
            volumes.push(`volume ${volume.volId} ERROR: ${volume.damage}`);
        else if (volume.states.state !== 'Clear')
            volumes.push(await volumeLine(volume));
    }
    return [
        '-----ArchiveGlobal-----',
        `nodeId ${options.nodeId}`,
        `baseDir ${options.baseDirectory}`,
        `volumeGroup ${world.volumes.group}`,
        ...(world.volumes.thin ? [`thinpool ${world.volumes.pool}`] : []),
        `maxConnections ${options.maxConnections}`,
        `maxForegroundTasks ${options.maxForegroundTasks}`,
        `socketTimeout ${options.socketTimeoutS}`,
        keepAliveText(options),
        `doAutoResize ${Number(options.doAutoResize)}`,
        `keepOneColdSnapshot ${Number(options.keepOneColdSnapshot)}`,
        '-----Volume-----',
        ...volumes,
    ];
}
async function volumeLine(volume) {
    const { volId, states, actions, stopState, wdiffs, lvs } = volume;
    const head = [
        `volume ${volId} state ${states.state} totalNumAction ${actions.total()} stopState ${stopState.text}`,
        `lastSyncTime ${timeToPrintable(volume.lastSyncTimeS)}`,
        `lastWdiffReceivedTime ${timeToPrintable(volume.lastWdiffReceivedTimeS)}`,
        `numDiff ${wdiffs.set.size}`,
    ].join(' ');
    if (lvs.baseLb === null)
        return `${head} baseLv NOT FOUND`;
    const latest = latestSnapshot(wdiffs.set, await volume.files.loadBase());
    return `${head} latestSnapshot ${snapToText(latest)} size ${sizeText(lvs.baseLb)}`;
}
/** The text of `status VOL`. */
export async function volumeStatus(volume) {
    const { volId, states, actions, stopState, wdiffs, lvs, files } = volume;
    const head = ['hostType archive', `volume ${volId}`, `state ${states.state}`];
    if (states.state === 'Clear')
        return head;
    head.push(`action ${ARCHIVE_ACTIONS.map((name) => `${name} ${actions.count(name)}`).join(' ')}`, `stopState ${stopState.text}`, `lastSyncTime ${timeToPrintable(volume.lastSyncTimeS)}`, `lastWdiffReceivedTime ${timeToPrintable(volume.lastWdiffReceivedTimeS)}`, `progressLb ${volume.progressLb}`);
    if (lvs.baseLb === null)
        return [...head, 'baseLv NOT FOUND'];
    const base = await files.loadBase();
    const fullReplState = await files.loadFullReplState();
    return [
        ...head,
        `sizeLb ${lvs.baseLb}`,
        `size ${sizeText(lvs.baseLb)}`,
        `uuid ${uuidToText(await files.loadUuid())}`,
        `archiveUuid ${uuidToText(await files.loadArchiveUuid())}`,
        `base ${stateToText(base)}`,
        `latest ${snapToText(latestSnapshot(wdiffs.set, base))}`,
        `numCold ${lvs.gids('cold').length}`,
        `numRestored ${lvs.gids('restored').length}`,
        `numRestorable ${restorableList(wdiffs.set, base, false).length}`,
        `numRestorableAll ${restorableList(wdiffs.set, base, true).length}`,
        `numDiff ${wdiffs.set.size}`,
        `wdiffTotalSize ${wdiffs.totalBytes}`,
        `fullReplState ${fullReplState === null ? 'None' : fullReplStateToText(fullReplState)}`,
    ];
}
function sizeText(sizeLb) {
    return printUnitSize(sizeLb * LOGICAL_BLOCK_BYTES);
}
