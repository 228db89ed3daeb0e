import { errorText } from '../../errors.js';
import { askLatestSnaps } from '../../protocol/gather-latest-snap.js';
import { tsDeltaToText } from '../../snapshot/lag-text.js';
import { US_PER_S } from '../../units.js';
import { openConversation } from '../shared/client.js';
import { newestPosition } from './snapshot.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
const FIRST_RUN_US = 5 * US_PER_S;
/** Asks the archive again and again how far its copies are; the answer is what `get ts-delta` shows. */
export async function runTsDeltaGetter(server) {
    const world = server.world.labelled({ task: 'ts-delta' });
    const { status, options } = server;
    let dueUs = world.clock.monotonicUs() + FIRST_RUN_US;
    while (status.isRunning) {
        if (world.clock.monotonicUs() < dueUs) {
            await status.changed.wait(world.clock, dueUs);
            continue;
        }
        try {
            await gatherOnce(server);
        }
        catch (error) {
            world.log.warning(`runTsDeltaGetter:${errorText(error)}`);
        }
        dueUs = world.clock.monotonicUs() + options.tsDeltaIntervalS * US_PER_S;
    }
}
async function gatherOnce(server) {
    const world = server.world.labelled({ task: 'ts-delta' });
    const { options } = server;
    const own = await targetPositions(server);
    const { channel, serverId } = await openConversation(world, options.archive, 'gather-latest-snap', options, STEPS.tsDeltaConnect);
    try {
        const snaps = await askLatestSnaps(channel, [...own.keys()]);
        server.tsDeltas.lines = snaps.map(({ volume, gid, timestamp }) => {
            const source = own.get(volume);
            return tsDeltaToText({
                volume,
                destId: serverId,
                kind: 'storage',
                source: { gid: source.gid, timestamp: source.timestamp },
                dest: gid === null ? null : { gid, timestamp },
            });
        });
    }
    finally {
        channel.close();
    }
}
/** The newest position of each volume in state Target, by volume id in order. */
async function targetPositions(server) {
    const positions = new Map();
    for (const volId of [...server.volumes.keys()].sort()) {
        const volume = server.volumes.get(volId);
        if (volume?.states.state === 'Target')
            positions.set(volId, await newestPosition(volume));
    }
    return positions;
}
