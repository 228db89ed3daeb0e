import { FormatError } from '../../errors.ts';
import { u64Text } from '../../format/binary.ts';
import { printUnitSize } from '../../format/size-text.ts';
import { uuidToText } from '../../format/uuid.ts';
import { lsidGidToText } from '../../snapshot/meta-text.ts';
import { LOGICAL_BLOCK_BYTES } from '../../units.ts';
import type { HostPort } from '../../world/index.ts';
import { keepAliveText } from '../shared/keep-alive.ts';
import { readVolumeSuperSector } from './device-log.ts';
import { STORAGE_ACTIONS } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { requireDevice, type StorageServer, type StorageVolume, volumeWorld } from './volume.ts';

/** The text of `status` (docs/operations.md, "Status of a storage server"). Scripts read these lines. */
export async function serverStatus(server: StorageServer): Promise<string[]> {
  const { options } = server;
  const volumes: string[] = [];
  for (const volId of [...server.volumes.keys()].sort()) {
    const volume = server.volumes.get(volId);
    // A volume that is being made has no device yet.
    if (volume !== undefined && volume.states.state !== 'Clear' && volume.wdevPath !== null)
      volumes.push(await volumeLine(server, volume).catch((error) => damageLine(volume, error)));
  }
  return [
    '-----StorageGlobal-----',
    `nodeId ${options.nodeId}`,
    `baseDir ${options.baseDirectory}`,
    `maxWlogSendMb ${options.maxWlogSendMb}`,
    `minDelaySecForRetry ${options.minRetryDelayS}`,
    `maxDelaySecForRetry ${options.maxRetryDelayS}`,
    `maxConnections ${options.maxConnections}`,
    `maxForegroundTasks ${options.maxForegroundTasks}`,
    `maxBackgroundTasks ${options.maxBackgroundTasks}`,
    `socketTimeout ${options.socketTimeoutS}`,
    keepAliveText(options),
    `fullScanLbPerSec ${server.fullScanLbPerS}`,
    '-----Archive-----',
    `host ${hostText(options.archive)}`,
    '-----Proxy-----',
    ...server.proxies
      .list()
      .map(
        ({ address, isAvailable, timeToNextCheckS }) =>
          `host ${hostText(address)} isAvailable ${Number(isAvailable)} timeToNextCheck ${timeToNextCheckS}`,
      ),
    '-----TaskQueue-----',
    ...server.tasks.list().map(({ task, dueInMs }) => `volume ${task.volId} timeDiffMs ${dueInMs}`),
    '-----Volume-----',
    ...volumes,
  ];
}

/** The original prints the port twice. */
function hostText({ host, port }: HostPort): string {
  return `${host}:${port}:${port}`;
}

/** A volume whose files are damaged must not keep the others from being shown. */
function damageLine(volume: StorageVolume, error: unknown): string {
  if (!(error instanceof FormatError)) throw error;
  return `volume ${volume.volId} state ${volume.states.state} ERROR: ${error.message}`;
}

async function volumeLine(server: StorageServer, volume: StorageVolume): Promise<string> {
  const { devices } = volumeWorld(server, volume, 'status');
  const path = requireDevice(volume, 'status');
  const lsids = await devices.lsids(path, STEPS.readDevice);
  const capacityPb = await devices.logCapacityPb(path, STEPS.readDevice);
  const done = await volume.files.loadDone();
  const newest = (await volume.files.loadQueue())[0] ?? done;
  return [
    `volume ${volume.volId} state ${volume.states.state}`,
    `logUsagePb ${lsids.latest - lsids.oldest} logCapacityPb ${capacityPb}`,
    `oldestGid ${u64Text(done.gid)} latestGid ${u64Text(newest.gid)}`,
    `oldestLsid ${lsids.oldest} permanentLsid ${lsids.permanent}`,
  ].join(' ');
}

/** The text of `status VOL`. */
export async function volumeStatus(server: StorageServer, volume: StorageVolume): Promise<string[]> {
  const { state } = volume.states;
  const head = ['hostType storage', `volId ${volume.volId}`, `state ${state}`];
  if (state === 'Clear') return head;
  const { devices } = volumeWorld(server, volume, 'status');
  const path = requireDevice(volume, 'status');
  const lsids = await devices.lsids(path, STEPS.readDevice);
  const sizeLb = await devices.sizeLb(path, STEPS.readDevice);
  const capacityPb = await devices.logCapacityPb(path, STEPS.readDevice);
  const isOverflow = await devices.isOverflow(path, STEPS.readDevice);
  const superSector = await readVolumeSuperSector(server, volume);
  return [
    ...head,
    `action ${STORAGE_ACTIONS.map((name) => `${name} ${volume.actions.count(name)}`).join(' ')}`,
    `stopState ${volume.stopState.text}`,
    `isUnderMonitoring ${Number(volume.watch !== null)}`,
    `wdevPath ${path}`,
    `sizeLb ${sizeLb}`,
    `size ${printUnitSize(sizeLb * LOGICAL_BLOCK_BYTES)}`,
    `isOverflow ${Number(isOverflow)}`,
    `logUsagePb ${lsids.latest - lsids.oldest}`,
    `logCapacityPb ${capacityPb}`,
    `uuid ${uuidToText(await volume.files.loadUuid())}`,
    `pbs ${superSector.physicalBlockBytes}`,
    `salt ${superSector.salt.toString(16)}`,
    '-----DoneFile-----',
    lsidGidToText(await volume.files.loadDone()),
    '-----QueueFile-----',
    ...(await volume.files.loadQueue()).map(lsidGidToText),
  ];
}
