import { StateError } from '../../errors.ts';
import type { Lb } from '../../units.ts';
import { type AdmittedWork, beginAction } from './admission.ts';
import { growBase, requireBaseLb } from './base-image.ts';
import { ACTION, DENIED_BY, RESIZABLE_STATES } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import type { ArchiveServer, ArchiveVolume } from './volume.ts';
import { payZeros } from './zero-clear.ts';

/** Growing a base image (docs/operations.md, "Resizing"). */

export interface ResizeRequest {
  readonly sizeLb: Lb;
  /** Whether the new part becomes zeros. */
  readonly zeroClear: boolean;
}

/** Begins a resize, or throws what the operator is told. */
export async function admitResize(
  server: ArchiveServer,
  volume: ArchiveVolume,
  request: ResizeRequest,
): Promise<AdmittedWork> {
  const func = 'c2aResizeServer';
  return volume.mutex.run(() => {
    const admission = { notStopping: true, states: RESIZABLE_STATES, denied: DENIED_BY.resize };
    const end = beginAction(server, volume, ACTION.resize, func, admission, false);
    try {
      verifyGrowing(server, volume, request.sizeLb);
    } catch (error) {
      end();
      throw error;
    }
    return { run: () => resize(server, volume, request), end };
  });
}

function verifyGrowing(server: ArchiveServer, volume: ArchiveVolume, sizeLb: Lb): void {
  const currentLb = requireBaseLb(volume, 'c2aResizeServer');
  if (sizeLb < currentLb) {
    const path = `/dev/${server.world.volumes.group}/${volume.lvs.baseName}`;
    throw new StateError(`You tried to shrink the volume: ${path}`);
  }
}

async function resize(server: ArchiveServer, volume: ArchiveVolume, request: ResizeRequest): Promise<void> {
  const { sizeLb, zeroClear } = request;
  // What an earlier resize owes comes first: behind the new end nobody knows it from the rest.
  await payZeros(server, volume);
  await growBase(volume, sizeLb, STEPS.resizeGrow, zeroClear);
  await payZeros(server, volume);
}
