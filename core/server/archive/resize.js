import { StateError } from '../../errors.js';
import { beginAction } from './admission.js';
import { growBase, requireBaseLb } from './base-image.js';
import { ACTION, DENIED_BY, RESIZABLE_STATES } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { payZeros } from './zero-clear.js';
/** Begins a resize, or throws what the operator is told. */
export async function admitResize(server, volume, request) {
    const func = 'c2aResizeServer';
    return volume.mutex.run(() => {
        const admission = { notStopping: true, states: RESIZABLE_STATES, denied: DENIED_BY.resize };
        const end = beginAction(server, volume, ACTION.resize, func, admission, false);
        try {
            verifyGrowing(server, volume, request.sizeLb);
        }
        catch (error) {
            end();
            throw error;
        }
        return { run: () => resize(server, volume, request), end };
    });
}
function verifyGrowing(server, volume, sizeLb) {
    const currentLb = requireBaseLb(volume, 'c2aResizeServer');
    if (sizeLb < currentLb) {
        const path = `/dev/${server.world.volumes.group}/${volume.lvs.baseName}`;
        throw new StateError(`You tried to shrink the volume: ${path}`);
    }
}
async function resize(server, volume, request) {
    const { sizeLb, zeroClear } = request;
    // What an earlier resize owes comes first: behind the new end nobody knows it from the rest.
    await payZeros(server, volume);
    await growBase(volume, sizeLb, STEPS.resizeGrow, zeroClear);
    await payZeros(server, volume);
}
