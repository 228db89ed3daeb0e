import { US_PER_S } from '../../../../core/units.ts';
import { seedSmallVolume } from './small-volume.ts';
import { type ArchiveSiteOptions, Site, type TestArchive } from './support.ts';

/** An archive that runs with a small volume, and what tests ask it. */

export const SMALL: ArchiveSiteOptions = { extentLb: 1, options: { discardPolicy: 'zero' } };

/** A started archive with a small volume. */
export async function withArchive(
  test: (archive: TestArchive, site: Site) => Promise<void>,
  options: ArchiveSiteOptions = {},
  seed: (archive: TestArchive) => Promise<void> = seedSmallVolume,
): Promise<void> {
  const site = new Site();
  const archive = site.addArchive({
    ...SMALL,
    ...options,
    options: { ...SMALL.options, ...options.options },
  });
  await site.run(async () => {
    await seed(archive);
    await archive.start();
    await test(archive, site);
  });
}

export const stateOf = async (archive: TestArchive) => (await archive.get('state', 'vol0'))[0];
export const actionCount = async (archive: TestArchive, action: string) =>
  Number((await archive.get('num-action', 'vol0', action))[0]);

/** Lets the next call of a step take long, so that its action stays under way. */
export function slowDown(archive: TestArchive, step: string, seconds = 5): void {
  archive.site.simulation.faults.arm({
    kind: 'delay',
    host: archive.name,
    process: 'walb-archive',
    step,
    call: null,
    nth: 1,
    times: 1,
    addUs: seconds * US_PER_S,
  });
}

/** An archive without the volume beside one with it: `source` sends to `replica`. Both run. */
export async function withReplica(
  test: (source: TestArchive, replica: TestArchive, site: Site) => Promise<void>,
  options: ArchiveSiteOptions = {},
  sourceOptions: ArchiveSiteOptions = {},
): Promise<void> {
  const site = new Site();
  const source = site.addArchive({ ...SMALL, ...sourceOptions, name: 'a9', port: 10209 });
  const replica = site.addArchive({ ...SMALL, ...options });
  await site.run(async () => {
    await seedSmallVolume(source);
    await source.start();
    await replica.start();
    const reply = await replica.command('init-vol', 'vol0');
    if (reply !== 'ok') throw new Error(reply);
    await test(source, replica, site);
  });
}

/** Replicates `vol0`, all of it unless `until` says where to end, in chunks of `bulk`, and waits for the end. */
export async function replicate(
  source: TestArchive,
  replica: TestArchive,
  { doResync = false, dontMerge = false, bulk = '4k', until = ['size', '0'] } = {},
): Promise<void> {
  const address = `${replica.name}:${replica.options.port}`;
  const flags = [doResync, dontMerge].map((flag) => (flag ? '1' : '0'));
  const words = ['vol0', ...until, address, ...flags, 'snappy:0:1', '1g', bulk];
  await source.action('ReplSyncAsClient', 'replicate', ...words);
}
