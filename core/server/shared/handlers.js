import { errorText } from '../../errors.js';
import { receiveShutdown, receiveSleep, replyShutdown, replySleep, replyVersion, } from '../../protocol/builtin.js';
import { receiveWords, replyError, replyOk, replyValue } from '../../protocol/command.js';
import { noSuchTarget, receiveGet } from '../../protocol/get.js';
import { US_PER_S } from '../../units.js';
import { waitUntil } from './condition.js';
/** What `version` says; the format versions are those of the original that walbox is compatible with. */
export const VERSION_TEXT = 'version:1.0.19\tbuild_date:walbox\tlog_version:2\tcommit:walbox';
/**
 * A command whose words are read, done, and answered with `ok`. `count` = exact number of words, null = any.
 * What `run` throws is the error text of the answer.
 */
export function okCommand(func, count, run) {
    return command(func, count, run, async (session) => replyOk(session.channel));
}
/** A command that is answered with a value. */
export function valueCommand(func, count, run) {
    return command(func, count, run, async (session, value) => replyValue(session.channel, value));
}
/** A command of a list of words: `run` decides, `reply` answers what it returned. */
export function command(func, count, run, reply) {
    return async (session) => {
        let result;
        try {
            result = await run(await receiveWords(session.channel, func, count), session);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        await reply(session, result);
    };
}
/** Tells the client the error's text and logs it. */
export async function refuse(session, error) {
    const text = errorText(error);
    session.world.log.error(`[${session.clientId}] ${text}`);
    await replyError(session.channel, text);
}
/** The `get` command over a table of targets. */
export function getCommand(getters, stats) {
    return async (session) => {
        let value;
        try {
            const { target, words } = await receiveGet(session.channel);
            const getter = getters.get(target);
            if (getter === undefined)
                throw noSuchTarget(target);
            stats.countGet(target, session.clientId);
            value = await getter(words);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        await replyValue(session.channel, value);
    };
}
/** `shutdown`, `sleep`, `version` and (always disabled) `exec`. */
export function builtinHandlers(status) {
    return new Map([
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
