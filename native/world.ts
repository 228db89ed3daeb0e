import { hostname } from 'node:os';
import type { Log, World } from '../core/world/index.ts';
import { nodeClock } from './clock.ts';
import { nativeCodecPool } from './codecs.ts';
import { nodeFileStore } from './file-store.ts';
import { nodeNetwork } from './network.ts';
import { nodeRandom } from './random.ts';

/** The world of this process on this host. Labels change nothing here: log lines stand for themselves. */
export async function nativeWorld(log: Log): Promise<World> {
  const world: World = {
    hostName: hostname(),
    pid: process.pid,
    clock: nodeClock(),
    random: nodeRandom(),
    log,
    network: nodeNetwork(),
    files: nodeFileStore(),
    codecs: await nativeCodecPool(),
    labelled: () => world,
  };
  return world;
}
