import { receiveWords, replyAccept } from '../../protocol/command.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import { refuse } from '../shared/handlers.ts';
import type { Handler, Session } from '../shared/server.ts';
import type { Transition } from '../shared/state-machine.ts';
import { type ArchiveServer, type ArchiveVolume, verifyNotStopping, verifyState } from './volume.ts';

/** What must hold before an operation begins; undefined = not looked at. */
export interface Admission {
  readonly states?: readonly string[];
  /** Actions of which none may be running. */
  readonly denied?: readonly string[];
  readonly notStopping?: boolean;
}

/** Throws StateError with the original's texts unless the operation may begin now. */
export function verifyAdmission(volume: ArchiveVolume, admission: Admission, func: string): void {
  if (admission.notStopping === true) verifyNotStopping(volume, func);
  if (admission.states !== undefined) verifyState(volume, admission.states, func);
  if (admission.denied !== undefined) volume.actions.verifyNotRunning(admission.denied, func);
}

/** Work that was admitted: everybody sees it running already. */
export interface AdmittedWork {
  readonly run: () => Promise<void>;
  /** Ends what the admission began; called once, whether the work was done or not. */
  readonly end: () => void;
}

/**
 * A command that is answered with `accept` and goes on when the client has closed. Work that was admitted shows
 * in states and counters before the answer leaves; a client that does not close takes its request back.
 */
export function acceptedCommand(
  server: ArchiveServer,
  func: string,
  count: number | null,
  admit: (words: readonly string[], session: Session<ArchiveWorld>) => Promise<AdmittedWork>,
  reply: (session: Session<ArchiveWorld>) => Promise<void> = ({ channel }) => replyAccept(channel),
): Handler<ArchiveWorld> {
  return async (session) => {
    let admitted: AdmittedWork;
    try {
      admitted = await admit(await receiveWords(session.channel, func, count), session);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    const { run, end } = admitted;
    try {
      await reply(session);
    } catch (error) {
      end();
      throw error;
    }
    server.group.start(func, async () => {
      try {
        await run();
      } finally {
        end();
      }
    });
  };
}

/** Counts an action and, unless it is free, a foreground task. The returned function ends both. */
export function beginAction(
  server: ArchiveServer,
  volume: ArchiveVolume,
  action: string,
  func: string,
  admission: Admission,
  isForeground = true,
): () => void {
  const endForeground = isForeground ? server.foreground.begin(func) : () => {};
  try {
    verifyAdmission(volume, admission, func);
  } catch (error) {
    endForeground();
    throw error;
  }
  const endAction = volume.actions.begin(action);
  return () => {
    endAction();
    endForeground();
  };
}

/** A foreground task that owns a transition of the volume. `end` rolls back what was not committed. */
export interface OpenTransition {
  readonly transition: Transition;
  readonly end: () => void;
}

export function beginTransition(
  server: ArchiveServer,
  volume: ArchiveVolume,
  func: string,
  admission: Admission,
  edge: readonly [from: string, via: string],
): OpenTransition {
  const endForeground = server.foreground.begin(func);
  try {
    verifyAdmission(volume, admission, func);
    const transition = volume.states.begin(func, edge[0], edge[1]);
    return {
      transition,
      end: () => {
        transition.rollback();
        endForeground();
      },
    };
  } catch (error) {
    endForeground();
    throw error;
  }
}
