import { u64Text } from '../../format/binary.js';
import { printUnitSize } from '../../format/size-text.js';
import { timeToPrintable } from '../../format/time-text.js';
import { addrPortToText, compressOptToText } from '../../snapshot/host-info.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { totalSizeBytes } from '../shared/diff-files.js';
import { keepAliveText } from '../shared/keep-alive.js';
import { loadArchiveInfo, sortedArchives, } from './volume.js';
/** The text of `status` (docs/operations.md, "Status of a proxy"). Scripts read these lines. */
export function serverStatus(server) {
    const { options } = server;
    const tasks = server.tasks.list();
    const volumes = [...server.volumes.values()].sort((a, b) => (a.volId < b.volId ? -1 : 1));
    return [
        '-----ProxyGlobal-----',
        `nodeId ${options.nodeId}`,
        `baseDir ${options.baseDirectory}`,
        `maxWdiffSendMb ${options.maxWdiffSendMb}`,
        `minDelaySecForRetry ${options.minRetryDelayS}`,
        `maxDelaySecForRetry ${options.maxRetryDelayS}`,
        `retryTimeout ${options.retryTimeoutS}`,
        `maxConnections ${options.maxConnections}`,
        `maxForegroundTasks ${options.maxForegroundTasks}`,
        `maxBackgroundTasks ${options.maxBackgroundTasks}`,
        `socketTimeout ${options.socketTimeoutS}`,
        keepAliveText(options),
        `-----TaskQueue ${tasks.length}-----`,
        ...tasks.map(({ task, dueInMs }) => `volume ${task.volId} archive ${task.archiveName} timeDiffMs ${dueInMs}`),
        '-----Volume-----',
        ...volumes.filter((volume) => volume.states.state !== 'Clear').flatMap(volumeLines),
    ];
}
function actionText(volume, archive) {
    return volume.actions.count(archive.name) > 0 ? 'WdiffSend' : 'None';
}
function volumeLines(volume) {
    const received = volume.received.set.getAll();
    return [
        [
            `volume ${volume.volId} state ${volume.states.state}`,
            `numDiff ${received.length} totalSize ${printUnitSize(totalSizeBytes(received))}`,
            `timestamp ${timeToPrintable(volume.lastReceivedAtS)}`,
        ].join(' '),
        ...sortedArchives(volume).map((archive) => {
            const diffs = archive.diffs.set.getAll();
            const { minGid, maxGid } = archive.diffs.set.minMaxGid();
            return [
                `  archive ${archive.name} action ${actionText(volume, archive)}`,
                `numDiff ${diffs.length} totalSize ${printUnitSize(totalSizeBytes(diffs))}`,
                `minGid ${u64Text(minGid)} maxGid ${u64Text(maxGid)} ${timeToPrintable(archive.lastSentAtS)}`,
            ].join(' ');
        }),
    ];
}
/** The text of `status VOL`. */
export async function volumeStatus(server, volume) {
    const { state } = volume.states;
    const head = ['hostType proxy', `volume ${volume.volId}`, `state ${state}`];
    if (state === 'Clear')
        return head;
    const received = volume.received.set.getAll();
    const archives = [];
    for (const archive of sortedArchives(volume))
        archives.push(...(await archiveLines(server, volume, archive)));
    return [
        ...head,
        `sizeLb ${volume.sizeLb}`,
        `size ${printUnitSize(volume.sizeLb * LOGICAL_BLOCK_BYTES)}`,
        `numDiff ${received.length}`,
        `totalSize ${printUnitSize(totalSizeBytes(received))}`,
        `lastWlogReceivedTime ${timeToPrintable(volume.lastReceivedAtS)}`,
        `totalNumAction ${volume.actions.total()}`,
        '-----Archive-----',
        ...archives,
    ];
}
async function archiveLines(server, volume, archive) {
    const info = await loadArchiveInfo(server, volume, archive.name);
    const diffs = archive.diffs.set.getAll();
    const oldestS = Math.min(...diffs.map((diff) => diff.timestamp));
    const waitedS = diffs.length === 0 ? 0 : Math.max(0, server.world.clock.wallTimeS() - oldestS);
    return [
        `archive ${archive.name}`,
        `host ${addrPortToText(info.address)}`,
        `compression ${compressOptToText(info.compression)}`,
        `wdiffSendDelay ${info.wdiffSendDelayS}`,
        `action ${actionText(volume, archive)}`,
        `numDiff ${diffs.length}`,
        `lastWdiffSentTime ${timeToPrintable(archive.lastSentAtS)}`,
        `isWdiffSendError ${Number(archive.isSendError)}`,
        `wdiffTotalSize ${totalSizeBytes(diffs)}`,
        `wdiffSendDelayMeasured ${waitedS}`,
    ].map((line) => `  ${line}`);
}
