import type { Step } from '../../world/index.ts';
import { undoState } from '../shared/undo-state.ts';
import type { ArchiveVolume } from './volume.ts';

/** Saves the state `to`; when that fails, `from` is put back. Throws what the save threw. */
export async function saveStateOrUndo(
  volume: ArchiveVolume,
  to: string,
  from: string,
  step: Step,
): Promise<void> {
  try {
    await volume.files.saveState(to, step);
  } catch (error) {
    await undoState(() => volume.files.saveState(from, step), to, volume.world.log);
    throw error;
  }
}
