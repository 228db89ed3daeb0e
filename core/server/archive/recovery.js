import { errorText, StateError } from '../../errors.js';
import { parseVolId } from '../../protocol/params.js';
import { collectTemporaryFiles, exists, finishDeletions, listVolumeDirectories, removeTree, } from '../shared/persist.js';
import { recoverPromotion } from './promotion.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { newVolume, refreshLatest, servedVolumes } from './volume.js';
import { loadOwedZeros, resumeZeros } from './zero-clear.js';
/** What a start finds and mends (docs/operations.md, "Start-up of an archive server"). */
/**
 * Loads every volume of the base directory. One that can not be loaded is reported and never served; the others
 * are (docs/differences.md, "Every server").
 */
export async function loadVolumes(server) {
    const { world, options } = server;
    await finishDeletions(world, options.baseDirectory, STEPS.finishDeletions);
    const infos = await world.volumes.list(STEPS.listVolumes);
    const names = await listVolumeDirectories(world, options.baseDirectory, STEPS.listBase);
    for (const volId of names.sort()) {
        const volume = newVolume(server, volId);
        try {
            parseVolId(volId);
            if (await loadVolume(volume, infos))
                server.volumes.set(volId, volume);
        }
        catch (error) {
            volume.damage = errorText(error);
            server.volumes.set(volId, volume);
            world.log.error(`initArchiveData:start failed:${volId}:${volume.damage}`);
        }
    }
    for (const volume of servedVolumes(server))
        resumeZeros(server, volume);
}
/** False for a directory that is no volume, and is none any more. */
async function loadVolume(volume, infos) {
    const { files, lvs, world } = volume;
    lvs.adopt(infos);
    await collectTemporaryFiles(world.files, files.directory, STEPS.collectTemporary);
    await removeUnfinishedRestores(volume);
    if (!(await exists(world.files, `${files.directory}/state`, STEPS.loadState))) {
        await removeUnfinishedVolume(volume);
        return false;
    }
    const state = await files.loadState();
    await files.loadUuid();
    await files.loadBase();
    await volume.wdiffs.reload();
    if (state !== 'SyncReady')
        await recoverImage(volume);
    await loadOwedZeros(volume);
    volume.states.set(state);
    return true;
}
/** What init-vol writes before the state. */
const INITIAL_FILES = ['uuid', 'archive_uuid', 'base'];
/** A crash inside init-vol: the state is written last. With an image or other files it is something else. */
async function removeUnfinishedVolume(volume) {
    const { files, lvs, world } = volume;
    const entries = await world.files.list(files.directory, STEPS.initUndo);
    if (lvs.baseLb !== null || entries.some(({ name }) => !INITIAL_FILES.includes(name))) {
        throw new StateError(`no state file, but an image or diffs:${volume.volId}`);
    }
    world.log.warning(`a volume that was never finished is removed:${volume.volId}`);
    await removeTree(world.files, files.directory, STEPS.initUndo);
}
async function removeUnfinishedRestores(volume) {
    for (const gid of volume.lvs.gids('restoring')) {
        try {
            await volume.lvs.remove(volume.lvs.restoringName(gid), STEPS.removeRestoring);
        }
        catch (error) {
            volume.world.log.warning(`could not remove an unfinished restore:${volume.volId}:${gid}:${errorText(error)}`);
        }
    }
}
/** Archived and Stopped: there is an image, and everything that lies before it may go. */
async function recoverImage(volume) {
    await recoverPromotion(volume);
    await removeUntimedCold(volume);
    await refreshLatest(volume);
    const base = await volume.files.loadBase();
    const removed = await volume.wdiffs.collectGarbage(base.snapB);
    if (removed > 0)
        volume.world.log.info(`start-up removed ${removed} superseded diffs:${volume.volId}`);
}
/** A restore saves the time of a cold snapshot last: without it the image may be unfinished. */
async function removeUntimedCold(volume) {
    const { lvs, files, world } = volume;
    const timed = new Set(await files.listColdTimes());
    for (const gid of lvs.gids('cold')) {
        if (timed.has(gid))
            continue;
        try {
            await lvs.remove(lvs.coldName(gid), STEPS.removeUntimedCold);
        }
        catch (error) {
            world.log.warning(`could not remove a cold snapshot:${volume.volId}:${gid}:${errorText(error)}`);
        }
    }
}
