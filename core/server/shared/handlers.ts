import { errorText } from '../../errors.ts';
import {
  receiveShutdown,
  receiveSleep,
  replyShutdown,
  replySleep,
  replyVersion,
} from '../../protocol/builtin.ts';
import { type ReplyValue, receiveWords, replyError, replyOk, replyValue } from '../../protocol/command.ts';
import { noSuchTarget, receiveGet } from '../../protocol/get.ts';
import { US_PER_S } from '../../units.ts';
import type { World } from '../../world/index.ts';
import { waitUntil } from './condition.ts';
import type { HandlerStats } from './handler-stats.ts';
import type { ProcessStatus } from './process-status.ts';
import type { Handler, Session } from './server.ts';

/** What `version` says; the format versions are those of the original that walbox is compatible with. */
export const VERSION_TEXT = 'version:1.0.19\tbuild_date:walbox\tlog_version:2\tcommit:walbox';

/**
 * A command whose words are read, done, and answered with `ok`. `count` = exact number of words, null = any.
 * What `run` throws is the error text of the answer.
 */
export function okCommand<W extends World>(
  func: string,
  count: number | null,
  run: (words: readonly string[], session: Session<W>) => Promise<void>,
): Handler<W> {
  return command(func, count, run, async (session) => replyOk(session.channel));
}

/** A command that is answered with a value. */
export function valueCommand<W extends World>(
  func: string,
  count: number | null,
  run: (words: readonly string[], session: Session<W>) => Promise<ReplyValue>,
): Handler<W> {
  return command(func, count, run, async (session, value) => replyValue(session.channel, value));
}

/** A command of a list of words: `run` decides, `reply` answers what it returned. */
export function command<W extends World, T>(
  func: string,
  count: number | null,
  run: (words: readonly string[], session: Session<W>) => Promise<T>,
  reply: (session: Session<W>, result: T) => Promise<void>,
): Handler<W> {
  return async (session) => {
    let result: T;
    try {
      result = await run(await receiveWords(session.channel, func, count), session);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    await reply(session, result);
  };
}

/** Tells the client the error's text and logs it. */
export async function refuse<W extends World>(session: Session<W>, error: unknown): Promise<void> {
  const text = errorText(error);
  session.world.log.error(`[${session.clientId}] ${text}`);
  await replyError(session.channel, text);
}

/** Answers one `get` target. */
export type Getter = (words: readonly string[]) => Promise<ReplyValue> | ReplyValue;

/** The `get` command over a table of targets. */
export function getCommand<W extends World>(
  getters: ReadonlyMap<string, Getter>,
  stats: HandlerStats,
): Handler<W> {
  return async (session) => {
    let value: ReplyValue;
    try {
      const { target, words } = await receiveGet(session.channel);
      const getter = getters.get(target);
      if (getter === undefined) throw noSuchTarget(target);
      stats.countGet(target, session.clientId);
      value = await getter(words);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    await replyValue(session.channel, value);
  };
}

/** `shutdown`, `sleep`, `version` and (always disabled) `exec`. */
export function builtinHandlers<W extends World>(status: ProcessStatus): Map<string, Handler<W>> {
  return new Map<string, Handler<W>>([
    [
      'shutdown',
      async ({ channel, clientId, world }) => {
        const isForce = await receiveShutdown(channel);
        world.log.info(`shutdown:${isForce ? 'force' : 'graceful'}:${clientId}`);
        // The answer goes out before the end begins, which cuts conversations when it is forced.
        await replyShutdown(channel);
        status.shutdown(isForce ? 'force' : 'graceful');
      },
    ],
    [
      'sleep',
      async ({ channel, world }) => {
        const seconds = await receiveSleep(channel);
        const untilUs = world.clock.monotonicUs() + seconds * US_PER_S;
        await waitUntil(world.clock, status.changed, () => !status.isRunning, untilUs);
        await replySleep(channel);
      },
    ],
    ['version', ({ channel }) => replyVersion(channel, VERSION_TEXT)],
    [
      'exec',
      async (session) => {
        await receiveWords(session.channel, 'execServer');
        await replyError(session.channel, 'exec command is disabled');
      },
    ],
  ]);
}
