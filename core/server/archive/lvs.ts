import type { Gid, Lb } from '../../units.ts';
import type { ArchiveWorld, BlockDevice, Step, VolumeInfo } from '../../world/index.ts';
import {
  baseLvName,
  coldLvName,
  coldToBaseLvName,
  type LvRole,
  parseLvName,
  restoredLvName,
  restoringLvName,
} from './lv-names.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';

/**
 * The block volumes of one backed-up volume: commands on the store, and what they left, so that questions need
 * no command. A command that failed may have taken its effect; then the store is listed again, and a command
 * whose effect is there counts as done.
 */
export class VolumeLvs {
  readonly #world: ArchiveWorld;
  readonly #volId: string;
  /** Sizes by name. */
  readonly #known = new Map<string, Lb>();

  constructor(world: ArchiveWorld, volId: string) {
    this.#world = world;
    this.#volId = volId;
  }

  /** Size of the base image, null when there is none. */
  get baseLb(): Lb | null {
    return this.#known.get(this.baseName) ?? null;
  }

  get isThin(): boolean {
    return this.#world.volumes.thin;
  }

  get baseName(): string {
    return baseLvName(this.#volId);
  }

  restoredName(gid: Gid): string {
    return restoredLvName(this.#volId, gid);
  }

  restoringName(gid: Gid): string {
    return restoringLvName(this.#volId, gid);
  }

  coldName(gid: Gid): string {
    return coldLvName(this.#volId, gid);
  }

  coldToBaseName(gid: Gid): string {
    return coldToBaseLvName(this.#volId, gid);
  }

  /** Gids of the volumes of one role, ascending. Cold ones are known in thin mode only. */
  gids(role: Exclude<LvRole, 'base'>): Gid[] {
    const gids: Gid[] = [];
    if (role === 'cold' && !this.isThin) return gids;
    for (const name of this.#known.keys()) {
      const parsed = parseLvName(name);
      if (parsed !== null && parsed.role === role && parsed.gid !== null) gids.push(parsed.gid);
    }
    return gids.sort((a, b) => a - b);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Size of a volume that is known. */
  sizeLb(name: string): Lb {
    return this.#known.get(name) ?? 0;
  }

  /** Takes over what the store lists; other volumes' entries are passed over. */
  adopt(infos: readonly VolumeInfo[]): void {
    this.#known.clear();
    for (const { name, sizeLb } of infos) {
      if (parseLvName(name)?.volId === this.#volId) this.#known.set(name, sizeLb);
    }
  }

  async relocate(): Promise<void> {
    this.adopt(await this.#world.volumes.list(STEPS.relocate));
  }

  async create(name: string, sizeLb: Lb, step: Step): Promise<void> {
    await this.#command(
      async () => {
        this.#known.set(name, (await this.#world.volumes.create(name, sizeLb, step)).sizeLb);
      },
      () => this.has(name),
    );
  }

  async grow(name: string, sizeLb: Lb, step: Step): Promise<void> {
    await this.#command(
      async () => {
        this.#known.set(name, await this.#world.volumes.grow(name, sizeLb, step));
      },
      () => this.sizeLb(name) >= sizeLb,
    );
  }

  /** The new volume must not exist. */
  async snapshot(origin: string, name: string, writable: boolean, step: Step): Promise<void> {
    await this.#command(
      async () => {
        this.#known.set(name, (await this.#world.volumes.snapshot(origin, name, writable, step)).sizeLb);
      },
      () => this.has(name),
    );
  }

  async rename(from: string, to: string, step: Step): Promise<void> {
    await this.#command(
      async () => {
        await this.#world.volumes.rename(from, to, step);
        this.#known.set(to, this.sizeLb(from));
        this.#known.delete(from);
      },
      () => this.has(to) && !this.has(from),
    );
  }

  async setWritable(name: string, writable: boolean, step: Step): Promise<void> {
    await this.#world.volumes.setWritable(name, writable, step);
  }

  async remove(name: string, step: Step): Promise<void> {
    await this.#command(
      async () => {
        await this.#world.volumes.remove(name, step);
        this.#known.delete(name);
      },
      () => !this.has(name),
    );
  }

  async removeIfThere(name: string, step: Step): Promise<void> {
    if (this.has(name)) await this.remove(name, step);
  }

  open(name: string, mode: 'read' | 'write', step: Step): Promise<BlockDevice> {
    return this.#world.volumes.open(name, mode, step);
  }

  /** Runs a command; when it fails, looks at the store again and asks whether it is done nevertheless. */
  async #command(run: () => Promise<void>, isDone: () => boolean): Promise<void> {
    try {
      await run();
    } catch (error) {
      try {
        await this.relocate();
      } catch {
        throw error;
      }
      if (!isDone()) throw error;
    }
  }
}
