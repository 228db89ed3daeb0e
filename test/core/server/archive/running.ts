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
