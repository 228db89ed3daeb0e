import { errorText } from '../../errors.js';
import { parseVolId } from '../../protocol/params.js';
import { Dispatcher } from '../shared/dispatcher.js';
import { ForegroundLimit } from '../shared/foreground-limit.js';
import { HandlerStats } from '../shared/handler-stats.js';
import { collectTemporaryFiles, finishDeletions, listVolumeDirectories, takeBaseDirectory, } from '../shared/persist.js';
import { serve } from '../shared/server.js';
import { TaskGroup } from '../shared/task-group.js';
import { TaskQueue } from '../shared/task-queue.js';
import { storageHandlers } from './commands.js';
import { startMonitoring } from './monitoring.js';
import { ProxyManager } from './proxy-manager.js';
import { repairAfterCrash } from './recovery.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { runTsDeltaGetter } from './ts-delta.js';
import { getVolume } from './volume.js';
import { runWlogTask } from './wlog-worker.js';
/**
 * Runs a storage server until it is told to end (docs/operations.md, "walb-storage"). Resolves to the exit
 * code; throws IoError ELOCKED when another process works on the base directory.
 */
export async function runStorageServer(world, options, status) {
    const unlock = await takeBaseDirectory(world.files, options.baseDirectory, 'storageServer', STEPS.takeBase);
    try {
        const server = newServer(world, options, status);
        await startVolumes(server);
        server.group.start('dispatcher', () => server.dispatcher.run());
        server.group.start('heart-beat', () => server.proxies.run(status));
        server.group.start('ts-delta', () => runTsDeltaGetter(server));
        await serve(world, options, storageHandlers(server), server.stats, status);
        server.tasks.close();
        for (const volume of server.volumes.values())
            volume.watch?.close();
        await server.group.join();
    }
    finally {
        unlock();
    }
    world.log.info('shutdown walb-storage');
    return 0;
}
function newServer(world, options, status) {
    const tasks = new TaskQueue(world.clock);
    const server = {
        world,
        options,
        status,
        volumes: new Map(),
        loading: new Map(),
        resume: (volume) => resumeVolume(server, volume),
        foreground: new ForegroundLimit(options.maxForegroundTasks),
        stats: new HandlerStats(),
        tasks,
        dispatcher: new Dispatcher(tasks, options.maxBackgroundTasks, world.log, (task) => runWlogTask(server, task)),
        group: new TaskGroup(world.log),
        proxies: new ProxyManager(world, options.nodeId, options.proxies, options.heartBeatIntervalS),
        tsDeltas: { lines: [] },
        fullScanLbPerS: Math.floor(options.fullScanBytesPerS / 512),
    };
    return server;
}
/**
 * Loads every volume and goes on where it was. A volume that cannot be loaded is reported and left alone until it
 * is mentioned again; the others are served (docs/differences.md, "Every server").
 */
async function startVolumes(server) {
    const { world, options } = server;
    await finishDeletions(world, options.baseDirectory, STEPS.collectGarbage);
    for (const volId of (await listVolumeDirectories(world, options.baseDirectory, STEPS.listBase)).sort()) {
        try {
            await getVolume(server, parseVolId(volId));
            world.log.info(`start monitoring:${volId}`);
        }
        catch (error) {
            world.log.error(`initializeStorage:start failed:${volId}:${errorText(error)}`);
        }
    }
}
/** Mends what a crash left, and watches the log of a target or standby. */
async function resumeVolume(server, volume) {
    await collectTemporaryFiles(server.world.files, volume.files.directory, STEPS.collectGarbage);
    await repairAfterCrash(server, volume);
    if (['Target', 'Standby'].includes(volume.states.state))
        await startMonitoring(server, volume);
}
