import { BufferedReader } from '../../engine/byte-stream.js';
import { VirtualImage } from '../../engine/virtual-image.js';
import { StateError } from '../../errors.js';
import { diffListToMaterialize, diffListToScan } from '../../snapshot/state-query.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { chooseOrigin, requireBaseLb } from './base-image.js';
import { mergeWdiffs } from './merged-diffs.js';
import { healPromotion } from './promotion.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { closeAll } from './wdiff-store.js';
import { openBaseToRead } from './zero-clear.js';
/**
 * Opens a snapshot, clean or dirty, for reading `sizeLb` blocks: an image with diffs on top. Everything is open
 * when it returns, so merges and removals do no harm. An apply that goes beyond the snapshot ends the scan with
 * StateError (docs/differences.md).
 */
export async function openScan(server, volume, gid, sizeLb) {
    return volume.imageMutex.run(async () => {
        await healPromotion(volume);
        const origin = await chooseScanOrigin(volume, gid);
        await verifyScanSize(volume, origin, sizeLb);
        const opened = await volume.wdiffs.openAll(() => scanList(server, volume, origin, gid));
        try {
            const device = origin.name === volume.lvs.baseName
                ? await openBaseToRead(volume, STEPS.scanOpen)
                : await volume.lvs.open(origin.name, 'read', STEPS.scanOpen);
            try {
                return await newScan(volume, device, opened, origin.coldGid === null ? gid : null);
            }
            catch (error) {
                device.close();
                throw error;
            }
        }
        catch (error) {
            closeAll(opened);
            throw error;
        }
    });
}
/** A clean snapshot may be read from a cold one. */
async function chooseScanOrigin(volume, gid) {
    const { files, wdiffs, lvs } = volume;
    const base = await files.loadBase();
    const isClean = diffListToMaterialize(wdiffs.set, base, gid, true) !== null;
    return isClean ? chooseOrigin(volume, gid) : { name: lvs.baseName, state: base, coldGid: null };
}
function scanList(server, volume, origin, gid) {
    const { maxOpenDiffsForVirtualScan } = server.options;
    const list = diffListToScan(volume.wdiffs.set, origin.state, gid, maxOpenDiffsForVirtualScan);
    if (list === null)
        throw new StateError(`snapshot can not be materialized:${volume.volId}:|${gid}|`);
    return list;
}
async function verifyScanSize(volume, origin, sizeLb) {
    const { lvs } = volume;
    const baseLb = requireBaseLb(volume, 'prepareVirtualFullScanner');
    const ownLb = lvs.sizeLb(origin.name);
    if (sizeLb <= ownLb)
        return;
    if (origin.coldGid !== null && sizeLb <= baseLb) {
        await lvs.grow(origin.name, baseLb, STEPS.scanGrowCold);
        return;
    }
    throw new StateError(`bad sizeLb:${volume.volId}:${sizeLb}:${ownLb}`);
}
async function newScan(volume, device, opened, baseGid) {
    const ios = opened.length === 0 ? null : await mergeWdiffs(opened, volume.world.codecs);
    const reader = new BufferedReader(new VirtualImage(device, ios, STEPS.scanRead), 1);
    const baseReader = baseGid === null ? null : { gid: baseGid, isSpoiled: false };
    if (baseReader !== null)
        volume.baseReaders.add(baseReader);
    return {
        async readChunk(addressLb, sizeLb) {
            if (addressLb * LOGICAL_BLOCK_BYTES !== reader.offset) {
                throw new RangeError(`a scan goes from the beginning to the end, got ${addressLb}`);
            }
            const data = await reader.read(sizeLb * LOGICAL_BLOCK_BYTES);
            if (baseReader?.isSpoiled === true) {
                throw new StateError(`the base was brought beyond the snapshot meanwhile:${volume.volId}:${baseReader.gid}`);
            }
            return data;
        },
        close() {
            if (baseReader !== null)
                volume.baseReaders.delete(baseReader);
            device.close();
            closeAll(opened);
        },
    };
}
