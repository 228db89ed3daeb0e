import { errorText } from '../../errors.ts';
import type { Step } from '../../world/index.ts';
import type { ArchiveVolume } from './volume.ts';

/** A failing sync may be followed by others; each attempt is another file. */
const UNDO_ATTEMPTS = 3;

/**
 * Saves the state `to`. A save that fails may have put the new file there without making it durable; then the old
 * state is written over it, so that a start finds what memory says. Throws what the save threw.
 */
export async function saveStateOrUndo(
  volume: ArchiveVolume,
  to: string,
  from: string,
  step: Step,
): Promise<void> {
  try {
    await volume.files.saveState(to, step);
  } catch (error) {
    await undo(volume, to, from, step);
    throw error;
  }
}

async function undo(volume: ArchiveVolume, to: string, from: string, step: Step): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await volume.files.saveState(from, step);
      return;
    } catch (error) {
      if (attempt < UNDO_ATTEMPTS) continue;
      volume.world.log.error(`the state file may say ${to}: ${errorText(error)}`);
      return;
    }
  }
}
