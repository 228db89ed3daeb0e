import { IoError } from '../../errors.js';
import { ForegroundLimit } from '../shared/foreground-limit.js';
import { HandlerStats } from '../shared/handler-stats.js';
import { serve } from '../shared/server.js';
import { TaskGroup } from '../shared/task-group.js';
import { archiveHandlers } from './commands.js';
import { archiveOptionLines } from './options.js';
import { loadVolumes } from './recovery.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/**
 * Runs an archive server until it is told to end (docs/operations.md, "walb-archive"). Resolves to the exit code;
 * throws IoError ELOCKED when another process works on the base directory, ENOTDIR when there is none.
 */
export async function runArchiveServer(world, options, status) {
    for (const line of archiveOptionLines(options))
        world.log.info(line);
    const unlock = await lockBase(world, options);
    try {
        const server = newServer(world, options, status);
        await loadVolumes(server);
        await serve(world, options, archiveHandlers(server), server.stats, status);
        await server.group.join();
    }
    finally {
        unlock();
    }
    world.log.info('shutdown walb-archive');
    return 0;
}
/** The base directory exists and is this process's alone. */
async function lockBase(world, { baseDirectory }) {
    const found = await world.files.stat(baseDirectory, STEPS.lockBase);
    if (found?.kind !== 'directory')
        throw new IoError('ENOTDIR', `archive:not directory:${baseDirectory}`);
    return world.files.lock(baseDirectory, STEPS.lockBase);
}
function newServer(world, options, status) {
    return {
        world,
        options,
        status,
        volumes: new Map(),
        unfinishedInits: new Set(),
        foreground: new ForegroundLimit(options.maxForegroundTasks),
        stats: new HandlerStats(),
        group: new TaskGroup(world.log),
        replicated: new Map(),
    };
}
