import { errorText, NotFoundError } from '../errors.ts';
import { type CommandHelp, runCommand, verifyCommand } from '../protocol/controller-commands.ts';
import { openChannel } from '../server/shared/client.ts';
import { sleep } from '../server/shared/condition.ts';
import { US_PER_S } from '../units.ts';
import type { HostPort, World } from '../world/index.ts';

/** How a command is sent to a server. */
export interface WalbcOptions {
  readonly address: HostPort;
  /** The client's id, for the server's log and statistics. */
  readonly clientId: string;
  /** Limit of connecting and of each silence; default 10. */
  readonly timeoutS: number;
}

const STEPS = { connect: 'controller.connect' } as const;

/** Commands that are repeated when they fail: they change nothing. */
const RETRIED_COMMANDS: readonly string[] = ['get', 'status'];
const RETRY_COUNT = 2;
const RETRY_PAUSE_US = 100_000;

/**
 * Runs one command at a server, as the program walbc does, and returns the lines that it prints
 * (docs/operations.md, "walbc"). The words are checked before the connection is made. Throws FormatError or
 * ProtocolError with the server's text.
 */
export async function runWalbc(
  world: World,
  options: WalbcOptions,
  words: readonly string[],
  help: CommandHelp = noScanTarget(world),
): Promise<string[]> {
  const [name = '', ...list] = words;
  verifyCommand(name, list);
  for (let retriesLeft = RETRIED_COMMANDS.includes(name) ? RETRY_COUNT : 0; ; retriesLeft--) {
    try {
      const limitUs = options.timeoutS * US_PER_S;
      const limits = { connectUs: limitUs, socketUs: limitUs };
      const channel = await openChannel(world, options.address, limits, STEPS.connect);
      return await runCommand(channel, options.clientId, name, list, help);
    } catch (error) {
      if (retriesLeft === 0) throw error;
      world.log.debug(`error: ${errorText(error)}`);
      await sleep(world.clock, RETRY_PAUSE_US);
    }
  }
}

/** For callers that never scan whole images to a place. */
function noScanTarget(world: World): CommandHelp {
  return {
    codecs: world.codecs,
    scanTarget: (place) => {
      throw new NotFoundError(`There is no place ${place} here to put an image.`);
    },
  };
}
