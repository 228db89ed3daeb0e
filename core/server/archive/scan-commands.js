import { StreamHash } from '../../engine/block-hash.js';
import { AbortedError, errorText } from '../../errors.js';
import { acceptBlockHash, failBlockHash, replyBlockHash, sayStillHashing } from '../../protocol/bhash.js';
import { receiveWords } from '../../protocol/command.js';
import { parseScan } from '../../protocol/command-words.js';
import { acceptVirtFullScan, sendVirtFullScan } from '../../protocol/virt-full-scan.js';
import { US_PER_S } from '../../units.js';
import { refuse } from '../shared/handlers.js';
import { requireBaseLb } from './base-image.js';
import { openScan } from './scan.js';
import { ScanSleeper } from './scan-sleeper.js';
import { ACTIVE_STATES } from './states.js';
import { checkAborted, getVolume, isAborted, verifyState, } from './volume.js';
async function receiveScan(server, session, func) {
    const words = parseScan(await receiveWords(session.channel, func), func);
    const volume = getVolume(server, words.volId);
    verifyState(volume, ACTIVE_STATES, func);
    const volumeLb = requireBaseLb(volume, func);
    const sizeLb = words.sizeLb === 0 ? volumeLb : words.sizeLb;
    return { ...words, volume, sizeLb };
}
/** `virt-full-scan`: sends the content of a snapshot. */
export function virtFullScanCommand(server) {
    const func = 'c2aVirtualFullScanServer';
    return async (session) => {
        let request;
        let endForeground;
        try {
            request = await receiveScan(server, session, func);
            endForeground = server.foreground.begin(func);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        try {
            await acceptVirtFullScan(session.channel);
            await scanTo(server, session, request);
        }
        finally {
            endForeground();
        }
    };
}
async function scanTo(server, session, request) {
    const { volume, gid, sizeLb, bulkLb, sleepPercent } = request;
    const { clock, codecs } = volume.world;
    const sleeper = new ScanSleeper(clock, sleepPercent);
    let scan = null;
    try {
        await sendVirtFullScan(session.channel, {
            sizeLb,
            bulkLb,
            codecs,
            readChunk: async (addressLb, chunkLb) => {
                // The client hears the size first: a snapshot that is not there ends the conversation behind it.
                scan ??= await openScan(server, volume, gid, sizeLb);
                return scan.readChunk(addressLb, chunkLb);
            },
            shouldStop: () => isAborted(server, volume),
            throttle: () => sleeper.sleep(),
        });
    }
    finally {
        closeScan(scan);
    }
}
function closeScan(scan) {
    scan?.close();
}
/** `bhash`: the hash of a snapshot. */
export function blockHashCommand(server) {
    const func = 'c2aBlockHashServer';
    return async (session) => {
        let request;
        try {
            request = await receiveScan(server, session, func);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        const { channel } = session;
        await acceptBlockHash(channel);
        let hash;
        try {
            hash = await hashSnapshot(server, request, () => sayStillHashing(channel));
        }
        catch (error) {
            session.world.log.error(`${func}:${errorText(error)}`);
            await failBlockHash(channel, error instanceof AbortedError ? `${func}:force stopped` : errorText(error));
            return;
        }
        await replyBlockHash(channel, hash);
    };
}
async function hashSnapshot(server, request, sayAlive) {
    const { volume, gid, sizeLb, bulkLb, sleepPercent } = request;
    const { clock } = volume.world;
    const sleeper = new ScanSleeper(clock, sleepPercent);
    const hash = new StreamHash();
    const scan = await openScan(server, volume, gid, sizeLb);
    let saidUs = clock.monotonicUs();
    try {
        for (let addressLb = 0; addressLb < sizeLb; addressLb += bulkLb) {
            checkAborted(server, volume, 'c2aBlockHashServer');
            hash.add(await scan.readChunk(addressLb, Math.min(bulkLb, sizeLb - addressLb)));
            await sleeper.sleep();
            if (clock.monotonicUs() - saidUs < US_PER_S)
                continue;
            await sayAlive();
            saidUs = clock.monotonicUs();
        }
        return hash.digest();
    }
    finally {
        scan.close();
    }
}
