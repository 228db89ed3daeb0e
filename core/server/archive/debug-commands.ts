import { StateError } from '../../errors.ts';
import type { Uuid } from '../../format/uuid.ts';
import type { MetaState } from '../../snapshot/meta.ts';
import { ACTIVE_OR_STOPPED_STATES, STEADY_STATES } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveVolume, refreshLatest } from './volume.ts';

/** Commands that change the metadata by hand; nobody checks what becomes of it (docs/operations.md, "Debugging"). */

export async function setUuid(volume: ArchiveVolume, uuid: Uuid): Promise<void> {
  await volume.mutex.run(async () => {
    verifyExists(volume, 'c2aSetUuidServer');
    await volume.files.saveUuid(uuid);
  });
}

export async function setState(volume: ArchiveVolume, state: string): Promise<void> {
  const func = 'c2aSetStateServer';
  await volume.mutex.run(async () => {
    verifyExists(volume, func);
    if (!STEADY_STATES.includes(state) || volume.states.inTransition) {
      throw new StateError(`${func}:bad state:${state}`, volume.states.state, STEADY_STATES);
    }
    await volume.files.state.save(state, STEPS.saveState);
    volume.states.set(state);
    if (ACTIVE_OR_STOPPED_STATES.includes(state)) await refreshLatest(volume);
    else volume.latest = null;
  });
}

export async function setBase(volume: ArchiveVolume, base: MetaState): Promise<void> {
  await volume.mutex.run(() =>
    volume.imageMutex.run(async () => {
      verifyExists(volume, 'c2aSetBaseServer');
      await volume.files.saveBase(base);
      if (ACTIVE_OR_STOPPED_STATES.includes(volume.states.state)) await refreshLatest(volume);
    }),
  );
}

/** The original would make a directory entry of any name. */
function verifyExists(volume: ArchiveVolume, func: string): void {
  if (volume.states.state === 'Clear') throw new StateError(`${func}:bad state:Clear`, 'Clear');
}
