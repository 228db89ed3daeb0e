import { errorText } from '../../errors.js';
import { parseVolId } from '../../protocol/params.js';
import { Dispatcher } from '../shared/dispatcher.js';
import { ForegroundLimit } from '../shared/foreground-limit.js';
import { HandlerStats } from '../shared/handler-stats.js';
import { finishDeletions, listVolumeDirectories, takeBaseDirectory } from '../shared/persist.js';
import { serve } from '../shared/server.js';
import { TaskGroup } from '../shared/task-group.js';
import { TaskQueue } from '../shared/task-queue.js';
import { proxyHandlers } from './commands.js';
import { startVolume } from './life-cycle.js';
import { runSendTask } from './send.js';
import { PROXY_STEPS as STEPS } from './steps.js';
import { getVolume } from './volume.js';
/**
 * Runs a proxy server until it is told to end (docs/operations.md, "walb-proxy"). Resolves to the exit code;
 * throws IoError ELOCKED when another process works on the base directory.
 */
export async function runProxyServer(world, options, status) {
    const unlock = await takeBaseDirectory(world.files, options.baseDirectory, 'proxyServer', STEPS.takeBase);
    try {
        const server = newServer(world, options, status);
        await finishDeletions(world, options.baseDirectory, STEPS.collectGarbage);
        if (!options.stopped)
            await startVolumes(server);
        server.group.start('dispatcher', () => server.dispatcher.run());
        await serve(world, options, proxyHandlers(server), server.stats, status);
        server.tasks.close();
        await server.group.join();
    }
    finally {
        unlock();
    }
    world.log.info('shutdown walb-proxy');
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
        foreground: new ForegroundLimit(options.maxForegroundTasks),
        stats: new HandlerStats(),
        tasks,
        dispatcher: new Dispatcher(tasks, options.maxBackgroundTasks, world.log, (task) => runSendTask(server, task)),
        group: new TaskGroup(world.log),
    };
    return server;
}
/**
 * Starts every volume found. One that cannot be started is reported and left alone; the others are served
 * (docs/differences.md, "Every server").
 */
async function startVolumes(server) {
    const { world, options } = server;
    for (const volId of (await listVolumeDirectories(world, options.baseDirectory, STEPS.listBase)).sort()) {
        try {
            await startVolume(server, await getVolume(server, parseVolId(volId)));
            world.log.info(`found volume:${volId}`);
        }
        catch (error) {
            world.log.error(`initializeProxy:start failed:${volId}:${errorText(error)}`);
        }
    }
}
