import { errorText } from '../../errors.ts';
import type { Log } from '../../world/index.ts';

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
      log.error(`the state file may say ${to}: ${errorText(error)}`);
      return;
    }
  }
}
