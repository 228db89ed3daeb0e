import { errorText } from '../../errors.js';
import { askIsProxy, HEART_BEAT_TIMEOUT_US } from '../../protocol/heart-beat.js';
import { US_PER_S } from '../../units.js';
import { openChannel } from '../shared/client.js';
import { Condition } from '../shared/condition.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
/** At most one proxy is looked at in this time. */
const HEART_BEAT_PACE_US = US_PER_S;
/**
 * Which proxies answer (docs/operations.md, "Heart-beat of proxies"). Only heart-beats change it, failed
 * transfers do not. In the beginning all count as available.
 */
export class ProxyManager {
    #world;
    #nodeId;
    #entries;
    #kicked = new Condition();
    #intervalUs;
    constructor(world, nodeId, addresses, intervalS) {
        this.#intervalUs = intervalS * US_PER_S;
        this.#world = world.labelled({ task: 'heart-beat' });
        this.#nodeId = nodeId;
        const checkedUs = world.clock.monotonicUs() - this.#intervalUs;
        this.#entries = addresses.map((address) => ({ address, isAvailable: true, checkedUs }));
    }
    /** Addresses of the available proxies, in descending priority. */
    available() {
        return this.#entries.filter((entry) => entry.isAvailable).map((entry) => entry.address);
    }
    /** For status lines: whole seconds until the next look, negative when it is overdue. */
    list() {
        const nowUs = this.#world.clock.monotonicUs();
        return this.#entries.map(({ address, isAvailable, checkedUs }) => ({
            address,
            isAvailable,
            timeToNextCheckS: this.#intervalUs / US_PER_S - Math.floor((nowUs - checkedUs) / US_PER_S),
        }));
    }
    /** Lets every proxy be looked at soon; when none is available, one is looked at before this returns. */
    async kick() {
        const checkedUs = this.#world.clock.monotonicUs() - this.#intervalUs;
        for (const entry of this.#entries)
            entry.checkedUs = checkedUs;
        const first = this.#entries[0];
        if (first !== undefined && this.#entries.every((entry) => !entry.isAvailable))
            await this.#check(first);
        this.#kicked.notifyAll();
    }
    /** Looks at one proxy after the other, each after its interval, until the server ends. */
    async run(status) {
        const { clock } = this.#world;
        const stopped = this.#wakeWhenStopped(status);
        while (status.isRunning) {
            const entry = this.#longestUnchecked();
            if (entry === null) {
                await this.#kicked.next();
                continue;
            }
            const dueUs = entry.checkedUs + this.#intervalUs;
            if (dueUs > clock.monotonicUs()) {
                await this.#kicked.wait(clock, dueUs);
                continue;
            }
            await this.#check(entry);
            if (status.isRunning)
                await this.#kicked.wait(clock, clock.monotonicUs() + HEART_BEAT_PACE_US);
        }
        await stopped;
    }
    async #wakeWhenStopped(status) {
        while (status.isRunning)
            await status.changed.next();
        this.#kicked.notifyAll();
    }
    #longestUnchecked() {
        let oldest = null;
        for (const entry of this.#entries)
            if (oldest === null || entry.checkedUs < oldest.checkedUs)
                oldest = entry;
        return oldest;
    }
    async #check(entry) {
        try {
            const limits = { connectUs: HEART_BEAT_TIMEOUT_US, socketUs: HEART_BEAT_TIMEOUT_US };
            const channel = await openChannel(this.#world, entry.address, limits, STEPS.heartBeatConnect);
            try {
                entry.isAvailable = await askIsProxy(channel, this.#nodeId);
            }
            finally {
                channel.close();
            }
        }
        catch (error) {
            entry.isAvailable = false;
            this.#world.log.warning(`checkAvailability:${entry.address.host}:${entry.address.port}:${errorText(error)}`);
        }
        entry.checkedUs = this.#world.clock.monotonicUs();
    }
}
