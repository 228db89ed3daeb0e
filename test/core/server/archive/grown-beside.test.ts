import { describe, expect, it } from 'vitest';
import type { PlainIo } from '../../../../core/engine/plain-io.ts';
import { US_PER_S } from '../../../../core/units.ts';
import { scan, sendWdiff } from './clients.ts';
import { verifyRestorable } from './crash-kit.ts';
import { actionCount, SMALL, slowDown, stateOf, withArchive } from './running.ts';
import { CONTENTS, SIZE_LB, seedSmallVolume, stepDiff, UUID } from './small-volume.ts';
import type { ArchiveSiteOptions, TestArchive } from './support.ts';

/** Images on thick volumes full of old data that grow, or are to be cleared, while others work with them. */

const thick: ArchiveSiteOptions = {
  extentLb: 8,
  backgroundSeed: 7,
  options: { ...SMALL.options, doAutoResize: true, maxOpenDiffs: 2 },
};

const GROWN_LB = SIZE_LB + 16;
const NEW: readonly PlainIo[] = [
  { addressLb: SIZE_LB + 2, sizeLb: 4, kind: 'normal', data: new Uint8Array(4 * 512).fill(0x5a) },
];
const newTail = new Uint8Array((GROWN_LB - SIZE_LB) * 512).fill(0x5a, 2 * 512, 6 * 512);
const tailOf = (image: Uint8Array) => image.subarray(SIZE_LB * 512);
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);
const noAction = (site: TestArchive, action: string) =>
  site.eventually(async () => (await actionCount(site, action)) === 0, `${action} must end`);

/** A peer's larger volume comes while the first of the diffs up to `gid` are written. */
async function growBesideApply(site: TestArchive, gid: number): Promise<void> {
  slowDown(site, 'archive.apply.write');
  expect(await site.command('apply', 'vol0', String(gid))).toBe('accept');
  await site.site.simulation.sleep(US_PER_S);
  expect(await sendWdiff(site, stepDiff(5), NEW, UUID, 'vol0', GROWN_LB)).toEqual({ kind: 'accept' });
  expect(await actionCount(site, 'Apply')).toBe(1);
  expect(Buffer.compare(tailOf(await scan(site, 5)), newTail)).toBe(0);
}

describe('an image that grows beside an apply', () => {
  it('is cleared before the apply comes to what is new', async () => {
    await withArchive(async (site) => {
      await growBesideApply(site, 5);
      await noAction(site, 'Apply');
      expect((await site.get('restorable', 'vol0', 'all')).length).toBe(1);
      expect(Buffer.compare(tailOf(site.image('wb_vol0')), newTail)).toBe(0);
      expect(Buffer.compare(site.image('wb_vol0').subarray(0, SIZE_LB * 512), CONTENTS[4])).toBe(0);
      expect(site.files()).not.toContain('zero_clear');
    }, thick);
  });

  it('is still to be cleared when the server dies behind the apply', async () => {
    await withArchive(
      async (site) => {
        await growBesideApply(site, 4);
        slowDown(site, 'archive.resize.open');
        await site.site.simulation.sleep(6 * US_PER_S);
        expect(isZero(tailOf(site.image('wb_vol0'))), 'it dies before').toBe(false);
        site.kill();
        await site.start();
        await noAction(site, 'Resize');
        expect(Buffer.compare(tailOf(await scan(site, 5)), newTail)).toBe(0);
        await site.action('Apply', 'apply', 'vol0', '5');
        expect(Buffer.compare(tailOf(site.image('wb_vol0')), newTail)).toBe(0);
      },
      { ...thick, options: { ...thick.options, maxOpenDiffs: 0 } },
    );
  });
});

describe('a resync', () => {
  const replicateTo = async (site: TestArchive): Promise<TestArchive> => {
    const source = site.site.addArchive({ ...SMALL, name: 'a9', port: 10209 });
    await seedSmallVolume(source, { lastGid: 3 });
    await source.start();
    const words = [
      'vol0',
      'size',
      '0',
      `${site.name}:${site.options.port}`,
      '1',
      '0',
      'snappy:0:1',
      '1g',
      '4k',
    ];
    expect(await source.command('replicate', ...words)).toBe('accept');
    return source;
  };

  it('leaves an image to an apply that began before it was given up', async () => {
    await withArchive(async (site) => {
      slowDown(site, 'repl-resync.send-ok');
      slowDown(site, 'archive.apply.write', 20);
      const source = await replicateTo(site);
      await site.site.simulation.sleep(US_PER_S);
      expect(await stateOf(site)).toBe('ReplSyncAsServer');
      expect(await site.command('apply', 'vol0', '4')).toBe('accept');
      await noAction(site, 'Apply');
      await noAction(source, 'ReplSyncAsClient');
      expect(site.site.logText()).toContain('there are running actions:vol0');
      expect(await stateOf(site)).toBe('Archived');
      expect(await verifyRestorable(site)).toEqual([4]);
    }, thick);
  });

  for (const state of ['Archived', 'SyncReady']) {
    it(`of a larger image clears what is behind its end, ${state}`, async () => {
      await withArchive(
        async (site) => {
          const source = await replicateTo(site);
          await noAction(source, 'ReplSyncAsClient');
          expect(await stateOf(site)).toBe('Archived');
          const image = site.image('wb_vol0');
          expect(Buffer.compare(image.subarray(0, SIZE_LB * 512), CONTENTS[0])).toBe(0);
          expect(tailOf(image)).toHaveLength((GROWN_LB - SIZE_LB) * 512);
          expect(isZero(tailOf(image))).toBe(true);
          expect(site.files()).not.toContain('zero_clear');
        },
        thick,
        async (site) => {
          await seedSmallVolume(site, { state, lastGid: 0 });
          const grown = site.host.spawn('grow', async (world) => {
            await world.volumes.grow('wb_vol0', GROWN_LB, 'test.seed');
            return 0;
          });
          await grown.exited;
        },
      );
    });
  }
});
