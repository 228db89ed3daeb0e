import { errorText } from '../../errors.ts';
import type { Log } from '../../world/index.ts';

/** Begins the line that tells the operator (docs/operations.md, "Recovery"). */
export const UNSURE_STATE = 'the state file may say';

/** A failing sync may be followed by others; each attempt is another file. */
const UNDO_ATTEMPTS = 3;

/**
 * Puts the old state of a volume back where the save of `to` failed: that may have put the new file there without making it
 * durable, and a start must find what memory says. Throws nothing: who calls has an error to tell already.
 */
export async function undoState(saveOld: () => Promise<void>, to: string, log: Log): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await saveOld();
      return;
    } catch (error) {
      if (attempt < UNDO_ATTEMPTS) continue;
      log.error(`${UNSURE_STATE} ${to}: ${errorText(error)}`);
      return;
    }
  }
}
