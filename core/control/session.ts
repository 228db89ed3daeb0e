import { errorText, ProtocolError, StateError, TimeoutError } from '../errors.ts';
import { sleep } from '../server/shared/condition.ts';
import { US_PER_S } from '../units.ts';
import type { World } from '../world/index.ts';
import type { ServerConnectionParam, ServerLayout } from './server-layout.ts';
import { runWalbc } from './walbc.ts';

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
/** How often waits ask again. */
export const POLL_INTERVAL_S = 0.3;
const CLIENT_ID = 'ctl';
const DEFAULT_SOCKET_TIMEOUT_S = 10;

/** What all of the controller's operations work on. */
export interface ControlSession {
  readonly world: World;
  layout: ServerLayout;
  /** Socket limit of commands; 0 = the default of 10 s. */
  readonly timeoutS: number;
  /** How long a wait pauses before it asks again, in seconds. */
  readonly pollIntervalS: number;
  /** Told each command before it is sent, for those who show or record them. */
  onCommand: ((server: ServerConnectionParam, words: readonly string[]) => void) | null;
  /** Where `print...` and `status` write lines. */
  print: (line: string) => void;
}

/** Runs a command and returns the lines printed. Throws ProtocolError that names server, words and reason. */
export async function runCtl(
  session: ControlSession,
  server: ServerConnectionParam,
  words: readonly string[],
  timeoutS = 0,
): Promise<string[]> {
  session.onCommand?.(server, words);
  const socketTimeoutS = timeoutS || session.timeoutS || DEFAULT_SOCKET_TIMEOUT_S;
  try {
    return await runWalbc(
      session.world,
      { address: server.address, clientId: CLIENT_ID, timeoutS: socketTimeoutS },
      words,
    );
  } catch (error) {
    throw new ProtocolError(`command error: ${server.name}: ${words.join(' ')}: ${errorText(error)}`);
  }
}

/** Runs a command on a server's host, where the server was built and started so; walbox's never do it. */
export async function runRemoteCommand(
  session: ControlSession,
  server: ServerConnectionParam,
  args: readonly string[],
  timeoutS = 0,
): Promise<string> {
  return (await runCtl(session, server, ['exec', ...args], timeoutS)).join('\n');
}

/** Runs a program with words and gives what it prints. Throws when it fails. */
export type RunCommand = (args: readonly string[], isDebug?: boolean) => Promise<string>;

/** Whether a path is a block device on the host where `run` runs: `exists_file` of the original's Python library. */
export async function blockDeviceExists(path: string, run: RunCommand): Promise<boolean> {
  // The path is a word of its own: nothing in it is for the shell.
  const test = 'if [ -b "$1" ]; then echo 1; else echo 0; fi';
  return (await run(['/bin/sh', '-c', test, 'sh', path])).trim() === '1';
}

/** A RunCommand that runs on a server's host. */
export function getRunRemoteCommand(session: ControlSession, server: ServerConnectionParam): RunCommand {
  return (args) => runRemoteCommand(session, server, args);
}

export async function getState(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
): Promise<string> {
  return (await runCtl(session, server, ['get', 'state', vol]))[0] ?? '';
}

/**
 * Asks again and again until `look` gives something; a query that fails ends the wait with its error. Throws
 * what `failed` makes of the last thing seen when `timeoutS` is over (at once for 0 or less).
 */
export async function pollUntil<T>(
  session: ControlSession,
  timeoutS: number,
  look: () => Promise<{ done: T } | { seen: string }>,
  failed: (lastSeen: string) => Error,
): Promise<T> {
  const { clock } = session.world;
  const deadlineUs = clock.monotonicUs() + timeoutS * US_PER_S;
  let lastSeen = 'undefined';
  while (clock.monotonicUs() < deadlineUs) {
    const result = await look();
    if ('done' in result) return result.done;
    lastSeen = result.seen;
    await sleep(clock, session.pollIntervalS * US_PER_S);
  }
  throw failed(lastSeen);
}

/** Waits until the state satisfies `accepts`, and returns it. */
export async function waitForState(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
  accepts: (state: string) => boolean,
  what: string,
  timeoutS = STATE_TIMEOUT_S,
): Promise<string> {
  return pollUntil(
    session,
    timeoutS,
    async () => {
      const state = await getState(session, server, vol);
      return accepts(state) ? { done: state } : { seen: state };
    },
    (last) => new TimeoutError(`wait_for_state_cond:${server.name}:${vol}:${what}:${last}`),
  );
}

/** Waits while the state is one of `passing`; the next one must be one of `goal`. */
export async function waitForStateChange(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
  passing: readonly string[],
  goal: readonly string[],
  timeoutS = STATE_TIMEOUT_S,
): Promise<void> {
  const leaves = (state: string) => !passing.includes(state);
  await waitForState(session, server, vol, leaves, `not stateL:[${passing.join(',')}]`, timeoutS);
  const state = await getState(session, server, vol);
  if (!goal.includes(state)) {
    throw new StateError(
      `wait_for_state_change:bad goal:${server.name}:${vol}:[${passing.join(',')}]:[${goal.join(',')}]:${state}`,
      state,
      goal,
    );
  }
}

/** Waits until a volume has no running action of a kind. */
export async function waitForNoAction(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
  action: string,
  timeoutS: number,
): Promise<void> {
  await pollUntil(
    session,
    timeoutS,
    async () => {
      const count = await getNumAction(session, server, vol, action);
      return count === 0 ? { done: undefined } : { seen: String(count) };
    },
    (last) => new TimeoutError(`wait_for_no_action:${server.name}:${vol}:${action}:${last}`),
  );
}

export async function getNumAction(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
  action: string,
): Promise<number> {
  return Number((await runCtl(session, server, ['get', 'num-action', vol, action]))[0]);
}

/** Throws StateError `verify_state: differ` unless the volume is in the state. */
export async function verifyState(
  session: ControlSession,
  server: ServerConnectionParam,
  vol: string,
  expected: string,
): Promise<void> {
  const state = await getState(session, server, vol);
  if (state !== expected) {
    throw new StateError(`verify_state: differ:${server.name}:${vol}:${state}:${expected}`, state, [
      expected,
    ]);
  }
}
