import { baseLvName, coldLvName, coldToBaseLvName, parseLvName, restoredLvName, restoringLvName, } from './lv-names.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/**
 * The block volumes of one backed-up volume: commands on the store, and what they left, so that questions need
 * no command. A command that failed may have taken its effect; then the store is listed again, and a command
 * whose effect is there counts as done.
 */
export class VolumeLvs {
    #world;
    #volId;
    /** Sizes by name. */
    #known = new Map();
    constructor(world, volId) {
        this.#world = world;
        this.#volId = volId;
    }
    /** Size of the base image, null when there is none. */
    get baseLb() {
        return this.#known.get(this.baseName) ?? null;
    }
    get isThin() {
        return this.#world.volumes.thin;
    }
    get baseName() {
        return baseLvName(this.#volId);
    }
    restoredName(gid) {
        return restoredLvName(this.#volId, gid);
    }
    restoringName(gid) {
        return restoringLvName(this.#volId, gid);
    }
    coldName(gid) {
        return coldLvName(this.#volId, gid);
    }
    coldToBaseName(gid) {
        return coldToBaseLvName(this.#volId, gid);
    }
    /** Gids of the volumes of one role, ascending. Cold ones are known in thin mode only. */
    gids(role) {
        const gids = [];
        if (role === 'cold' && !this.isThin)
            return gids;
        for (const name of this.#known.keys()) {
            const parsed = parseLvName(name);
            if (parsed !== null && parsed.role === role && parsed.gid !== null)
                gids.push(parsed.gid);
        }
        return gids.sort((a, b) => a - b);
    }
    has(name) {
        return this.#known.has(name);
    }
    /** Size of a volume that is known. */
    sizeLb(name) {
        return this.#known.get(name) ?? 0;
    }
    /** Takes over what the store lists; other volumes' entries are passed over. */
    adopt(infos) {
        this.#known.clear();
        for (const { name, sizeLb } of infos) {
            if (parseLvName(name)?.volId === this.#volId)
                this.#known.set(name, sizeLb);
        }
    }
    async relocate() {
        this.adopt(await this.#world.volumes.list(STEPS.relocate));
    }
    async create(name, sizeLb, step) {
        await this.#command(async () => {
            this.#known.set(name, (await this.#world.volumes.create(name, sizeLb, step)).sizeLb);
        }, () => this.has(name));
    }
    async grow(name, sizeLb, step) {
        await this.#command(async () => {
            this.#known.set(name, await this.#world.volumes.grow(name, sizeLb, step));
        }, () => this.sizeLb(name) >= sizeLb);
    }
    /** The new volume must not exist. */
    async snapshot(origin, name, writable, step) {
        await this.#command(async () => {
            this.#known.set(name, (await this.#world.volumes.snapshot(origin, name, writable, step)).sizeLb);
        }, () => this.has(name));
    }
    async rename(from, to, step) {
        await this.#command(async () => {
            await this.#world.volumes.rename(from, to, step);
            this.#known.set(to, this.sizeLb(from));
            this.#known.delete(from);
        }, () => this.has(to) && !this.has(from));
    }
    async setWritable(name, writable, step) {
        await this.#world.volumes.setWritable(name, writable, step);
    }
    async remove(name, step) {
        await this.#command(async () => {
            await this.#world.volumes.remove(name, step);
            this.#known.delete(name);
        }, () => !this.has(name));
    }
    async removeIfThere(name, step) {
        if (this.has(name))
            await this.remove(name, step);
    }
    open(name, mode, step) {
        return this.#world.volumes.open(name, mode, step);
    }
    /** Runs a command; when it fails, looks at the store again and asks whether it is done nevertheless. */
    async #command(run, isDone) {
        try {
            await run();
        }
        catch (error) {
            try {
                await this.relocate();
            }
            catch {
                throw error;
            }
            if (!isDone())
                throw error;
        }
    }
}
