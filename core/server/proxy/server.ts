import { errorText } from '../../errors.ts';
import { parseVolId } from '../../protocol/params.ts';
import type { World } from '../../world/index.ts';
import { Dispatcher } from '../shared/dispatcher.ts';
import { ForegroundLimit } from '../shared/foreground-limit.ts';
import { HandlerStats } from '../shared/handler-stats.ts';
import { finishDeletions, listVolumeDirectories, takeBaseDirectory } from '../shared/persist.ts';
import type { ProcessStatus } from '../shared/process-status.ts';
import { serve } from '../shared/server.ts';
import { TaskGroup } from '../shared/task-group.ts';
import { TaskQueue } from '../shared/task-queue.ts';
import { proxyHandlers } from './commands.ts';
import { startVolume } from './life-cycle.ts';
import type { ProxyOptions } from './options.ts';
import { runSendTask } from './send.ts';
import { PROXY_STEPS as STEPS } from './steps.ts';
import { getVolume, type ProxyServer, type SendTask } from './volume.ts';

/**
 * Runs a proxy server until it is told to end (docs/operations.md, "walb-proxy"). Resolves to the exit code;
 * throws IoError ELOCKED when another process works on the base directory.
 */
export async function runProxyServer(
  world: World,
  options: ProxyOptions,
  status: ProcessStatus,
): Promise<number> {
  const unlock = await takeBaseDirectory(world.files, options.baseDirectory, 'proxyServer', STEPS.takeBase);
  try {
    const server = newServer(world, options, status);
    await finishDeletions(world, options.baseDirectory, STEPS.collectGarbage);
    if (!options.stopped) await startVolumes(server);
    server.group.start('dispatcher', () => server.dispatcher.run());
    await serve(world, options, proxyHandlers(server), server.stats, status);
    server.tasks.close();
    await server.group.join();
  } finally {
    unlock();
  }
  world.log.info('shutdown walb-proxy');
  return 0;
}

function newServer(world: World, options: ProxyOptions, status: ProcessStatus): ProxyServer {
  const tasks = new TaskQueue<SendTask>(world.clock);
  const server: ProxyServer = {
    world,
    options,
    status,
    volumes: new Map(),
    loading: new Map(),
    foreground: new ForegroundLimit(options.maxForegroundTasks),
    stats: new HandlerStats(),
    tasks,
    dispatcher: new Dispatcher(tasks, options.maxBackgroundTasks, world.log, (task) =>
      runSendTask(server, task),
    ),
    group: new TaskGroup(world.log),
  };
  return server;
}

/**
 * Starts every volume found. One that cannot be started is reported and left alone; the others are served
 * (docs/differences.md, "Every server").
 */
async function startVolumes(server: ProxyServer): Promise<void> {
  const { world, options } = server;
  for (const volId of (await listVolumeDirectories(world, options.baseDirectory, STEPS.listBase)).sort()) {
    try {
      await startVolume(server, await getVolume(server, parseVolId(volId)));
      world.log.info(`found volume:${volId}`);
    } catch (error) {
      world.log.error(`initializeProxy:start failed:${volId}:${errorText(error)}`);
    }
  }
}
