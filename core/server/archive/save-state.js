import { errorText } from '../../errors.js';
/** A failing sync may be followed by others; each attempt is another file. */
const UNDO_ATTEMPTS = 3;
/**
 * Saves the state `to`. A save that fails may have put the new file there without making it durable; then the old
 * state is written over it, so that a start finds what memory says. Throws what the save threw.
 */
export async function saveStateOrUndo(volume, to, from, step) {
    try {
        await volume.files.saveState(to, step);
    }
    catch (error) {
        await undo(volume, to, from, step);
        throw error;
    }
}
async function undo(volume, to, from, step) {
    for (let attempt = 1;; attempt++) {
        try {
            await volume.files.saveState(from, step);
            return;
        }
        catch (error) {
            if (attempt < UNDO_ATTEMPTS)
                continue;
            volume.world.log.error(`the state file may say ${to}: ${errorText(error)}`);
            return;
        }
    }
}
