import { errorText, ProtocolError, StateError, TimeoutError } from '../errors.js';
import { sleep } from '../server/shared/condition.js';
import { US_PER_S } from '../units.js';
import { runWalbc } from './walbc.js';
/** Longest wait for backups, restores, stops and the like, unless asked otherwise. */
export const TIMEOUT_S = 86_400;
/** Longest wait for resets, resizes and removals. */
export const SHORT_TIMEOUT_S = 100;
/**
 * Longest wait for a stop. Servers wait 60 s for running work (a proxy that is emptied twice that) and then go on
 * as before; nothing is to be expected afterwards.
 */
export const STOP_TIMEOUT_S = 150;
/** Longest wait for a change of state that only files stand behind. */
export const STATE_TIMEOUT_S = 10;
const POLL_INTERVAL_S = 0.3;
const CLIENT_ID = 'ctl';
const DEFAULT_SOCKET_TIMEOUT_S = 10;
/** Runs a command and returns the lines printed. Throws ProtocolError that names server, words and reason. */
export async function runCtl(session, server, words, timeoutS = 0) {
    session.onCommand?.(server, words);
    const socketTimeoutS = timeoutS || session.timeoutS || DEFAULT_SOCKET_TIMEOUT_S;
    try {
        return await runWalbc(session.world, { address: server.address, clientId: CLIENT_ID, timeoutS: socketTimeoutS }, words);
    }
    catch (error) {
        throw new ProtocolError(`command error: ${server.name}: ${words.join(' ')}: ${errorText(error)}`);
    }
}
/** Runs a command on a server's host, where the server was built and started so; walbox's never do it. */
export async function runRemoteCommand(session, server, args, timeoutS = 0) {
    return (await runCtl(session, server, ['exec', ...args], timeoutS)).join('\n');
}
/** Whether a path is a block device on the host where `run` runs: `exists_file` of the original's Python library. */
export async function blockDeviceExists(path, run) {
    // The path is a word of its own: nothing in it is for the shell.
    const test = 'if [ -b "$1" ]; then echo 1; else echo 0; fi';
    return (await run(['/bin/sh', '-c', test, 'sh', path])).trim() === '1';
}
/** A RunCommand that runs on a server's host. */
export function getRunRemoteCommand(session, server) {
    return (args) => runRemoteCommand(session, server, args);
}
export async function getState(session, server, vol) {
    return (await runCtl(session, server, ['get', 'state', vol]))[0] ?? '';
}
/**
 * Asks again and again until `look` gives something; a query that fails ends the wait with its error. Throws
 * what `failed` makes of the last thing seen when `timeoutS` is over (at once for 0 or less).
 */
export async function pollUntil(session, timeoutS, look, failed) {
    const { clock } = session.world;
    const deadlineUs = clock.monotonicUs() + timeoutS * US_PER_S;
    let lastSeen = 'undefined';
    while (clock.monotonicUs() < deadlineUs) {
        const result = await look();
        if ('done' in result)
            return result.done;
        lastSeen = result.seen;
        await sleep(clock, POLL_INTERVAL_S * US_PER_S);
    }
    throw failed(lastSeen);
}
/** Waits until the state satisfies `accepts`, and returns it. */
export async function waitForState(session, server, vol, accepts, what, timeoutS = STATE_TIMEOUT_S) {
    return pollUntil(session, timeoutS, async () => {
        const state = await getState(session, server, vol);
        return accepts(state) ? { done: state } : { seen: state };
    }, (last) => new TimeoutError(`wait_for_state_cond:${server.name}:${vol}:${what}:${last}`));
}
/** Waits while the state is one of `passing`; the next one must be one of `goal`. */
export async function waitForStateChange(session, server, vol, passing, goal, timeoutS = STATE_TIMEOUT_S) {
    const leaves = (state) => !passing.includes(state);
    await waitForState(session, server, vol, leaves, `not stateL:[${passing.join(',')}]`, timeoutS);
    const state = await getState(session, server, vol);
    if (!goal.includes(state)) {
        throw new StateError(`wait_for_state_change:bad goal:${server.name}:${vol}:[${passing.join(',')}]:[${goal.join(',')}]:${state}`, state, goal);
    }
}
/** Waits until a volume has no running action of a kind. */
export async function waitForNoAction(session, server, vol, action, timeoutS) {
    await pollUntil(session, timeoutS, async () => {
        const count = await getNumAction(session, server, vol, action);
        return count === 0 ? { done: undefined } : { seen: String(count) };
    }, (last) => new TimeoutError(`wait_for_no_action:${server.name}:${vol}:${action}:${last}`));
}
export async function getNumAction(session, server, vol, action) {
    return Number((await runCtl(session, server, ['get', 'num-action', vol, action]))[0]);
}
/** Throws StateError `verify_state: differ` unless the volume is in the state. */
export async function verifyState(session, server, vol, expected) {
    const state = await getState(session, server, vol);
    if (state !== expected) {
        throw new StateError(`verify_state: differ:${server.name}:${vol}:${state}:${expected}`, state, [
            expected,
        ]);
    }
}
