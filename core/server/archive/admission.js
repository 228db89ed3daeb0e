import { receiveWords, replyAccept } from '../../protocol/command.js';
import { refuse } from '../shared/handlers.js';
import { verifyNotStopping, verifyState } from './volume.js';
/** Throws StateError with the original's texts unless the operation may begin now. */
export function verifyAdmission(volume, admission, func) {
    if (admission.notStopping === true)
        verifyNotStopping(volume, func);
    if (admission.states !== undefined)
        verifyState(volume, admission.states, func);
    if (admission.denied !== undefined)
        volume.actions.verifyNotRunning(admission.denied, func);
}
/**
 * A command that is answered with `accept` and goes on when the client has closed. Work that was admitted shows
 * in states and counters before the answer leaves; a client that does not close takes its request back.
 */
export function acceptedCommand(server, func, count, admit, reply = ({ channel }) => replyAccept(channel)) {
    return async (session) => {
        let admitted;
        try {
            admitted = await admit(await receiveWords(session.channel, func, count), session);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        const { run, end } = admitted;
        try {
            await reply(session);
        }
        catch (error) {
            end();
            throw error;
        }
        server.group.start(func, async () => {
            try {
                await run();
            }
            finally {
                end();
            }
        });
    };
}
/** Counts an action and, unless it is free, a foreground task. The returned function ends both. */
export function beginAction(server, volume, action, func, admission, isForeground = true) {
    const endForeground = isForeground ? server.foreground.begin(func) : () => { };
    try {
        verifyAdmission(volume, admission, func);
    }
    catch (error) {
        endForeground();
        throw error;
    }
    const endAction = volume.actions.begin(action);
    return () => {
        endAction();
        endForeground();
    };
}
export function beginTransition(server, volume, func, admission, edge) {
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
    }
    catch (error) {
        endForeground();
        throw error;
    }
}
