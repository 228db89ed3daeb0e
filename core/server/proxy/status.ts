import { u64Text } from '../../format/binary.ts';
import { printUnitSize } from '../../format/size-text.ts';
import { timeToPrintable } from '../../format/time-text.ts';
import { addrPortToText, compressOptToText } from '../../snapshot/host-info.ts';
import { LOGICAL_BLOCK_BYTES } from '../../units.ts';
import { totalSizeBytes } from '../shared/diff-files.ts';
import { keepAliveText } from '../shared/keep-alive.ts';
import {
  loadArchiveInfo,
  type ProxyArchive,
  type ProxyServer,
  type ProxyVolume,
  sortedArchives,
} from './volume.ts';

/** The text of `status` (docs/operations.md, "Status of a proxy"). Scripts read these lines. */
export function serverStatus(server: ProxyServer): string[] {
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
    ...tasks.map(
      ({ task, dueInMs }) => `volume ${task.volId} archive ${task.archiveName} timeDiffMs ${dueInMs}`,
    ),
    '-----Volume-----',
    ...volumes.filter((volume) => volume.states.state !== 'Clear').flatMap(volumeLines),
  ];
}

function actionText(volume: ProxyVolume, archive: ProxyArchive): string {
  return volume.actions.count(archive.name) > 0 ? 'WdiffSend' : 'None';
}

function volumeLines(volume: ProxyVolume): string[] {
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
export async function volumeStatus(server: ProxyServer, volume: ProxyVolume): Promise<string[]> {
  const { state } = volume.states;
  const head = ['hostType proxy', `volume ${volume.volId}`, `state ${state}`];
  if (state === 'Clear') return head;
  const received = volume.received.set.getAll();
  const archives: string[] = [];
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

async function archiveLines(
  server: ProxyServer,
  volume: ProxyVolume,
  archive: ProxyArchive,
): Promise<string[]> {
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
