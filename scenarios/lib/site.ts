import type { BackupOptions } from '../../core/control/backup.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText } from '../../core/errors.ts';
import type { Gid, Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { LedgerVerdict } from '../../sim/ledger.ts';
import { Applications, LB_PER_MIB } from './applications.ts';
import { VOL } from './operator.ts';
import type { RecordedDevice } from './recorded-device.ts';
import type { Scenario, ScenarioOutcome } from './scenario.ts';
import { StoryError } from './story.ts';

type Server = ServerConnectionParam;

/** A snapshot whose taking was recorded. */
interface Taken {
  readonly device: RecordedDevice;
  /** Size of the device then. */
  readonly sizeLb: Lb;
}

export { LB_PER_MIB, VOL };

/** A scenario of the catalogue, told by a `Site`. What is left out has small defaults. */
export type SiteScenario = Omit<Scenario, 'run' | 'needs'> & {
  readonly needs?: Scenario['needs'];
  /** The story; whatever it throws is the failure. */
  readonly tell: (site: Site) => Promise<void>;
};

/** Devices and logs of this size make a scenario take a fraction of a second. */
const SMALL_DEVICE_MIB = 1;
const SMALL_LOG_MIB = 2;

/** Makes a scenario of a story: it fails when the story throws, or when no image was judged. */
export function siteScenario({ tell, ...about }: SiteScenario): Scenario {
  return {
    deviceMib: SMALL_DEVICE_MIB,
    logMib: SMALL_LOG_MIB,
    needs: [],
    ...about,
    run: async (group, story, input) => {
      const site = new Site(group, story, input);
      await tell(site);
      return site.finish();
    },
  };
}

/**
 * A backup group with applications on its storages, whose every write goes into a ledger: what catalogue
 * scenarios are told with (docs/writing-scenarios.md). Each method tells the story what it does.
 */
export class Site extends Applications {
  /** By volume: each gid that was taken. The ledger of the device that it was taken of is the judge. */
  readonly #takenBy = new Map<string, Map<Gid, Taken>>();
  /** Restored images that were found right. */
  judgedCount = 0;

  // ---- beginning

  /** Registers the volume at each storage: they become standby. */
  async init(storages: readonly Server[], vol = VOL): Promise<void> {
    for (const sx of storages) {
      const { path } = this.deviceOf(sx, vol).device;
      await this.story.step(`walbc.initStorage(${sx.name}, ${vol}, '${path}')`, () =>
        this.walbc.initStorage(sx, vol, path),
      );
    }
  }

  /** The usual beginning: all storages have the volume, something is written, the first one is backed up. */
  async begin(vol = VOL): Promise<Gid> {
    const { storages } = this.walbc.layout;
    await this.init(storages, vol);
    const [sx] = storages;
    await this.write(sx as Server, vol);
    return this.fullBackup(sx as Server, vol);
  }

  /** As `begin`, and the second archive follows the first. */
  async beginWithReplica(): Promise<Gid> {
    const gid = await this.begin();
    await this.replicate(this.group.server('a0'), this.group.server('a1'), true);
    return gid;
  }

  // ---- backups and snapshots

  async fullBackup(sx: Server, vol = VOL, options: BackupOptions = {}): Promise<Gid> {
    return this.#backUp(sx, vol, 'fullBackup', options);
  }

  async hashBackup(sx: Server, vol = VOL, options: BackupOptions = {}): Promise<Gid> {
    return this.#backUp(sx, vol, 'hashBackup', options);
  }

  async #backUp(
    sx: Server,
    vol: string,
    kind: 'fullBackup' | 'hashBackup',
    options: BackupOptions,
  ): Promise<Gid> {
    const device = this.deviceOf(sx, vol);
    const before = new Map(this.#taken(vol));
    if (kind === 'hashBackup') await this.#forgetLost(vol);
    // A new history: even a backup that is cut may have begun one at the archive.
    else this.#taken(vol).clear();
    const typed = `walbc.${kind}(${sx.name}, ${vol})`;
    const gid = await device.snapshot(async () => {
      const gid = await this.story
        .step(typed, () => this.walbc[kind](sx, vol, { timeoutS: 1000, ...options }))
        .catch((error: unknown) => {
          if (isRefusal(error)) for (const [gid, taken] of before) this.#taken(vol).set(gid, taken);
          throw error;
        });
      this.story.check(gid !== null, 'a backup that is waited for gives a gid');
      return gid ?? 0;
    });
    this.#taken(vol).set(gid, { device, sizeLb: device.device.sizeLb() });
    return gid;
  }

  /** Snapshots that never reached the primary archive are gone with a hash backup; their gids come again. */
  async #forgetLost(vol: string): Promise<void> {
    const primary = this.walbc.layout.getPrimaryArchive();
    const listed = new Set(await this.walbc.getRestorableGid(primary, vol, 'all'));
    for (const gid of [...this.#taken(vol).keys()]) if (!listed.has(gid)) this.#taken(vol).delete(gid);
  }

  /** Takes a snapshot and waits until the archives can restore it. */
  async snapshot(sx: Server, archives: readonly Server[], vol = VOL): Promise<Gid> {
    const names = archives.map((ax) => ax.name).join(', ');
    if (this.isLoaded) {
      // While applications write, waiting apart tells the ledger closely when the snapshot was taken.
      const gid = await this.snapshotNbk(sx, vol);
      for (const ax of archives) await this.walbc.waitForRestorable(ax, vol, gid, 1000);
      return gid;
    }
    return this.take(sx, vol, `walbc.snapshot(${sx.name}, ${vol}, [${names}])`, () =>
      this.walbc.snapshot(sx, vol, archives, 1000),
    );
  }

  /** Takes a snapshot without waiting. */
  snapshotNbk(sx: Server, vol = VOL): Promise<Gid> {
    return this.take(sx, vol, `walbc.snapshotNbk(${sx.name}, ${vol})`, () => this.walbc.snapshotNbk(sx, vol));
  }

  /** Something else that takes a snapshot of a storage's device; the ledger records it. */
  async take(sx: Server, vol: string, typed: string, act: () => Promise<Gid>): Promise<Gid> {
    const device = this.deviceOf(sx, vol);
    const gid = await device.snapshot(() => this.story.step(typed, act));
    this.#taken(vol).set(gid, { device, sizeLb: device.device.sizeLb() });
    return gid;
  }

  /** The volume begins a new history by other means than `fullBackup`: what was taken before is gone. */
  forgetSnapshots(vol = VOL): void {
    this.#taken(vol).clear();
  }

  // ---- judging

  /** Restores a snapshot, lets the ledger judge it, removes it, and returns the image. */
  async verify(ax: Server, gid: Gid, vol = VOL): Promise<Uint8Array> {
    const image = await this.image(ax, gid, vol);
    const { admissible, reason, badBlocksLb } = this.verdict(gid, image, vol);
    if (!admissible) {
      throw new StoryError(
        `the image of ${vol} at gid ${gid} at ${ax.name} is NOT admissible: ${reason} (blocks ${badBlocksLb.join(', ')})`,
      );
    }
    this.judgedCount += 1;
    this.story.note(`the image at gid ${gid} at ${ax.name} is admissible`);
    return image;
  }

  /**
   * What the ledger says of an image of a snapshot. Throws StoryError for a gid that nobody took, and for an image
   * that is smaller than the volume was.
   */
  verdict(gid: Gid, image: Uint8Array, vol = VOL): LedgerVerdict {
    const taken = this.#taken(vol).get(gid);
    if (taken === undefined) throw new StoryError(`nobody took gid ${gid} of ${vol}`);
    // What lies behind the end that the volume had then is not part of the snapshot.
    const own = image.subarray(0, taken.sizeLb * LOGICAL_BLOCK_BYTES);
    this.story.check(
      own.length === taken.sizeLb * LOGICAL_BLOCK_BYTES,
      'the image is as large as the volume',
    );
    return taken.device.ledger.judge(gid, own);
  }

  /** Restores a snapshot, reads it and removes it. */
  async image(ax: Server, gid: Gid, vol = VOL): Promise<Uint8Array> {
    const { walbc, story } = this;
    await story.step(`walbc.restore(${ax.name}, ${vol}, ${gid})`, () => walbc.restore(ax, vol, gid, 1000));
    const image = await this.group.readVolume(ax.name, await walbc.getRestoredPath(ax, vol, gid));
    await walbc.delRestored(ax, vol, gid);
    return image;
  }

  /** The snapshot is the same at each of the archives, and admissible. */
  async verifySame(gid: Gid, archives: readonly Server[], vol = VOL): Promise<void> {
    let first: Uint8Array | null = null;
    for (const ax of archives) {
      const image = await this.verify(ax, gid, vol);
      if (first !== null && !isEqual(first, image)) {
        throw new StoryError(`gid ${gid} differs between ${archives.map(({ name }) => name).join(' and ')}`);
      }
      first ??= image;
    }
  }

  /** Both archives list the same snapshots. */
  async verifySameList(ax: Server, ay: Server, vol = VOL): Promise<void> {
    const [x, y] = await Promise.all([ax, ay].map((each) => this.walbc.getRestorableGid(each, vol)));
    this.story.check(String(x) === String(y), `${ax.name} lists [${x}], ${ay.name} lists [${y}]: the same`);
  }

  /** For so many seconds the snapshot does not become restorable. */
  async neverRestorable(ax: Server, gid: Gid, seconds: number, vol = VOL): Promise<void> {
    await this.holdsFor(
      async () => !(await this.walbc.getRestorableGid(ax, vol, 'all')).includes(gid),
      seconds,
      `gid ${gid} is not restorable at ${ax.name}`,
    );
  }

  // ---- ending

  /**
   * The end of each story: applications stop; every snapshot that an archive lists and whose taking was
   * recorded is restored and judged; no action runs any more.
   */
  async finish(): Promise<ScenarioOutcome> {
    await this.quiet();
    this.story.chapter('Every listed snapshot');
    await this.verifyAllListed();
    if (this.judgedCount === 0) return { passed: false, summary: 'no restored image was judged' };
    return { passed: true, summary: `${this.judgedCount} restored images, all admissible by the ledger` };
  }

  /** Restores and judges every snapshot that an archive lists and whose taking was recorded. */
  async verifyAllListed(): Promise<void> {
    for (const vol of this.#takenBy.keys()) {
      for (const ax of this.walbc.layout.archives) await this.#verifyListed(ax, vol);
    }
  }

  async #verifyListed(ax: Server, vol: string): Promise<void> {
    let state: string;
    try {
      state = await this.walbc.getState(ax, vol);
    } catch (error) {
      throw new StoryError(`${ax.name} must answer at the end: ${errorText(error)}`);
    }
    if (state === 'Clear') return;
    this.story.check(
      ['Archived', 'SyncReady', 'Stopped'].includes(state),
      `${ax.name} rests at the end, not ${state}`,
    );
    if (state !== 'Archived') return;
    for (const gid of await this.walbc.getRestorableGid(ax, vol)) {
      if (this.#taken(vol).has(gid)) await this.verify(ax, gid, vol);
    }
    for (const [action, { count }] of (await this.walbc.getAllActions(ax)).get(vol) ?? []) {
      this.story.check(count === 0, `no ${action} runs at ${ax.name} at the end`);
    }
  }

  #taken(vol: string): Map<Gid, Taken> {
    let taken = this.#takenBy.get(vol);
    if (taken === undefined) {
      taken = new Map();
      this.#takenBy.set(vol, taken);
    }
    return taken;
  }
}

/** Whether a backup was refused before any server had begun it. */
function isRefusal(error: unknown): boolean {
  return /prepare_backup|not accepted by archive|StateMachineTransaction/.test(errorText(error));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
