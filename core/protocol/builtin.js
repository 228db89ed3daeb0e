import { LIMITS } from './channel.js';
import { ACCEPT, expectReply } from './command.js';
import { OK } from './negotiation.js';
/**
 * What every server understands (docs/protocols.md, "Every server"), after the negotiation:
 *
 *     shutdown    C> bool: force?      S> "accept"
 *     sleep       C> seconds           S> "ok", when they have passed
 *     version     C>                   S> one text
 */
export const BUILTIN_STEPS = {
    sendShutdown: 'shutdown.send-request',
    isForce: 'shutdown.is-force',
    sendShutdownReply: 'shutdown.send-reply',
    sendSleep: 'sleep.send-request',
    seconds: 'sleep.seconds',
    sendSleepReply: 'sleep.send-reply',
    sendVersion: 'version.send-text',
    version: 'version.text',
};
const STEPS = BUILTIN_STEPS;
/** Client: tells a server to end, at once (`isForce`) or when running work is done. */
export async function askShutdown(channel, isForce) {
    channel.out.bool(isForce);
    await channel.flush(STEPS.sendShutdown);
    await expectReply(channel, ACCEPT, 'shutdownClient');
}
/** Server: reads `isForce`. */
export async function receiveShutdown(channel) {
    return channel.readBool(STEPS.isForce);
}
/** Server: the end begins. */
export async function replyShutdown(channel) {
    channel.out.string(ACCEPT);
    await channel.finish(STEPS.sendShutdownReply);
}
/** Client: waits at the server's side for a while. */
export async function askSleep(channel, seconds) {
    channel.out.u64(seconds);
    await channel.flush(STEPS.sendSleep);
    await expectReply(channel, OK, 'sleepClient');
}
/** Server: reads the seconds to wait. */
export async function receiveSleep(channel) {
    return channel.readNumber(STEPS.seconds);
}
/** Server: they have passed. */
export async function replySleep(channel) {
    channel.out.string(OK);
    await channel.finish(STEPS.sendSleepReply);
}
/** Client: returns the server's version line. */
export async function askVersion(channel) {
    return channel.readString(STEPS.version, LIMITS.textBytes);
}
/** Server: says its version line. */
export async function replyVersion(channel, text) {
    channel.out.string(text);
    await channel.finish(STEPS.sendVersion);
}
