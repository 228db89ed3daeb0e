import { errorText } from '../../core/errors.ts';
import { type Gid, type Lb, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { Ledger } from '../../sim/ledger.ts';
import { type Examined, examine } from './subject.ts';

/** What a matcher answers, as vitest and Jest want it. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Where a snapshot is looked for. */
export interface RestorableOptions {
  /** Name of an archive. Default: the first one of the layout. */
  readonly archive?: string;
  /** Default: the first volume. */
  readonly volume?: string;
}

/** How long convergence may take. */
export interface ConvergeOptions {
  /** Virtual seconds for each volume. Default 120. */
  readonly withinS?: number;
}

const DEFAULT_CONVERGE_S = 120;
const SHOWN_BLOCKS = 8;

/**
 * Matchers for `expect.extend` of vitest or Jest. What they look at is a site that `simulate` hands to a story, or an
 * image (a Uint8Array). The asynchronous ones take virtual time, so use them inside of the story and await them.
 */
export const walboxMatchers = {
  /**
   * `await expect(site).toBeRestorable(gid, { archive: 'a0', volume: 'vol0' })`: the archive lists the snapshot, it can be
   * read as a whole, and the ledger, where it knows the snapshot, admits the image.
   */
  async toBeRestorable(received: unknown, gid: Gid, options: RestorableOptions = {}): Promise<MatcherResult> {
    const examined = await examine(received);
    const { walbc, group } = examined;
    const ax = options.archive === undefined ? walbc.layout.archives[0] : group.server(options.archive);
    const volume = options.volume ?? examined.volumes[0];
    if (ax === undefined || volume === undefined)
      throw new TypeError('The group has no archive or no volume.');
    const where = `gid ${gid} of ${volume} at ${ax.name}`;
    let listed: readonly Gid[];
    try {
      listed = await walbc.getRestorableGid(ax, volume, 'all');
    } catch (error) {
      return failed(`expected ${where} to be restorable, but ${ax.name} says: ${errorText(error)}`);
    }
    if (!listed.includes(gid)) {
      return failed(`expected ${where} to be restorable, but ${ax.name} lists [${listed.join(', ')}]`);
    }
    const complaint = await examined.judge(ax, volume, gid);
    if (complaint !== null) return failed(`expected ${where} to be restorable, but ${complaint}`);
    return { pass: true, message: () => `expected ${where} not to be restorable, but it is, and rightly so` };
  },

  /**
   * `expect(image).toBeAdmissible(site.device(s0).ledger, gid)`: the ledger admits the image of the whole volume at the
   * gid (docs/architecture.md, "The ledger").
   */
  toBeAdmissible(received: unknown, ledger: Ledger, gid: Gid): MatcherResult {
    const { admissible, reason, badBlocksLb } = ledger.judge(gid, bytesOf(received));
    if (admissible)
      return { pass: true, message: () => `expected the image of gid ${gid} not to be admissible` };
    const blocks = badBlocksLb.length === 0 ? '' : ` (blocks ${badBlocksLb.join(', ')})`;
    return failed(`expected the image of gid ${gid} to be admissible: ${reason}${blocks}`);
  },

  /** `expect(image).toHaveBlocksOf(other)`: two images are equal; else the first blocks that differ are named. */
  toHaveBlocksOf(received: unknown, expected: Uint8Array): MatcherResult {
    const image = bytesOf(received);
    if (image.length !== expected.length) {
      return failed(`expected an image of ${expected.length} bytes, got ${image.length}`);
    }
    const differing = differingBlocks(image, expected);
    if (differing.length === 0) return { pass: true, message: () => 'expected the images to differ' };
    const more = differing.length > SHOWN_BLOCKS ? ' ...' : '';
    const shown = differing.slice(0, SHOWN_BLOCKS).join(', ');
    return failed(`expected equal images; ${differing.length} blocks differ: ${shown}${more}`);
  },

  /**
   * `await expect(site).toConverge({ withinS: 60 })`: every server answers; a new snapshot of every volume that is backed
   * up becomes restorable at each archive that follows within so many virtual seconds, and is right; no action runs on.
   */
  async toConverge(received: unknown, options: ConvergeOptions = {}): Promise<MatcherResult> {
    const examined = await examine(received);
    const complaint = await whyNotConverged(examined, options.withinS ?? DEFAULT_CONVERGE_S);
    if (complaint !== null) return failed(`expected the group to converge, but ${complaint}`);
    return { pass: true, message: () => 'expected the group not to converge, but it does' };
  },
} as const;

/** The matchers as methods of `expect(...)`: for the declarations of a test library. */
export interface WalboxMatchers<R = unknown> {
  /** See `walboxMatchers.toBeRestorable`. */
  toBeRestorable(gid: Gid, options?: RestorableOptions): Promise<R>;
  /** See `walboxMatchers.toBeAdmissible`. */
  toBeAdmissible(ledger: Ledger, gid: Gid): R;
  /** See `walboxMatchers.toHaveBlocksOf`. */
  toHaveBlocksOf(expected: Uint8Array): R;
  /** See `walboxMatchers.toConverge`. */
  toConverge(options?: ConvergeOptions): Promise<R>;
}

function failed(text: string): MatcherResult {
  return { pass: false, message: () => text };
}

function bytesOf(received: unknown): Uint8Array {
  if (received instanceof Uint8Array) return received;
  throw new TypeError('An image is expected: a Uint8Array of whole blocks.');
}

function differingBlocks(a: Uint8Array, b: Uint8Array): Lb[] {
  const found: Lb[] = [];
  for (let at = 0; at < a.length; at += LOGICAL_BLOCK_BYTES) {
    const end = Math.min(at + LOGICAL_BLOCK_BYTES, a.length);
    for (let i = at; i < end; i++) {
      if (a[i] === b[i]) continue;
      found.push(at / LOGICAL_BLOCK_BYTES);
      break;
    }
  }
  return found;
}

/** Null when it has converged. */
async function whyNotConverged(examined: Examined, withinS: number): Promise<string | null> {
  const { walbc } = examined;
  for (const server of walbc.layout.getAll()) {
    const silence = await walbc.getHostType(server).then(() => null, errorText);
    if (silence !== null) return `${server.name} does not answer: ${silence}`;
  }
  for (const sx of walbc.layout.storages) {
    for (const volume of examined.volumes) {
      if ((await walbc.getState(sx, volume)) !== 'Target') continue;
      const complaint = await whyNotFollowed(examined, sx, volume, withinS);
      if (complaint !== null) return complaint;
    }
  }
  for (const ax of walbc.layout.archives) {
    for (const [volume, counts] of await walbc.getAllActions(ax)) {
      for (const [action, { count }] of counts) {
        if (count !== 0) return `${action} of ${volume} still runs at ${ax.name}`;
      }
    }
  }
  return null;
}

async function whyNotFollowed(
  { walbc, group, ...examined }: Examined,
  sx: Parameters<Examined['take']>[0],
  volume: string,
  withinS: number,
): Promise<string | null> {
  const gid = await examined.take(sx, volume);
  const deadlineUs = group.clock.nowUs() + withinS * 1e6;
  for (const ax of walbc.layout.archives) {
    if (!(await walbc.isSynchronizing(ax, volume))) continue;
    const leftS = Math.max(0, (deadlineUs - group.clock.nowUs()) / 1e6);
    const isThere = async () =>
      (await walbc.getRestorableGid(ax, volume, 'all').catch((): Gid[] => [])).includes(gid);
    try {
      await group.eventually(isThere, leftS, 'restorable');
    } catch {
      return `gid ${gid} of ${volume} is not restorable at ${ax.name} after ${withinS} s`;
    }
    const complaint = await examined.judge(ax, volume, gid);
    if (complaint !== null) return `gid ${gid} of ${volume} at ${ax.name}: ${complaint}`;
  }
  return null;
}
