import { IoError } from '../../errors.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import { ForegroundLimit } from '../shared/foreground-limit.ts';
import { HandlerStats } from '../shared/handler-stats.ts';
import type { ProcessStatus } from '../shared/process-status.ts';
import { serve } from '../shared/server.ts';
import { TaskGroup } from '../shared/task-group.ts';
import { archiveHandlers } from './commands.ts';
import { type ArchiveOptions, archiveOptionLines } from './options.ts';
import { loadVolumes } from './recovery.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import type { ArchiveServer } from './volume.ts';

/**
 * Runs an archive server until it is told to end (docs/operations.md, "walb-archive"). Resolves to the exit code;
 * throws IoError ELOCKED when another process works on the base directory, ENOTDIR when there is none.
 */
export async function runArchiveServer(
  world: ArchiveWorld,
  options: ArchiveOptions,
  status: ProcessStatus,
): Promise<number> {
  for (const line of archiveOptionLines(options)) world.log.info(line);
  const unlock = await lockBase(world, options);
  try {
    const server = newServer(world, options, status);
    await loadVolumes(server);
    await serve(world, options, archiveHandlers(server), server.stats, status);
    await server.group.join();
  } finally {
    unlock();
  }
  world.log.info('shutdown walb-archive');
  return 0;
}

/** The base directory exists and is this process's alone. */
async function lockBase(world: ArchiveWorld, { baseDirectory }: ArchiveOptions): Promise<() => void> {
  const found = await world.files.stat(baseDirectory, STEPS.lockBase);
  if (found?.kind !== 'directory') throw new IoError('ENOTDIR', `archive:not directory:${baseDirectory}`);
  return world.files.lock(baseDirectory, STEPS.lockBase);
}

function newServer(world: ArchiveWorld, options: ArchiveOptions, status: ProcessStatus): ArchiveServer {
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
