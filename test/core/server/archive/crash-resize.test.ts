import { describe, expect, it } from 'vitest';
import type { PlainIo } from '../../../../core/engine/plain-io.ts';
import { makeSnap, makeState } from '../../../../core/snapshot/meta.ts';
import { encodeWith } from '../../../../core/snapshot/meta-codec.ts';
import { writeZeroClear } from '../../../../core/snapshot/zero-clear.ts';
import { US_PER_S } from '../../../../core/units.ts';
import { fullBackup, scan, sendWdiff } from './clients.ts';
import { type CrashScenario, itSurvives, verifyRestorable } from './crash-kit.ts';
import { actionCount, SMALL, slowDown, stateOf, withArchive } from './running.ts';
import { ARCHIVE_UUID, CONTENTS, SIZE_LB, seedSmallVolume, stepDiff, TIME_S, UUID } from './small-volume.ts';
import type { ArchiveSiteOptions, TestArchive } from './support.ts';

/** Thick volumes full of old data; sizes are rounded up, so that a volume grows by more than was asked for. */
const thick: ArchiveSiteOptions = {
  ...SMALL,
  extentLb: 8,
  backgroundSeed: 7,
  profile: 'posix',
  commandLatency: { minUs: 1000, meanUs: 2000 },
  options: { ...SMALL.options, doAutoResize: true },
};

const GROWN_LB = SIZE_LB + 16;
const WORDS = ['resize', 'vol0', String((SIZE_LB + 12) * 512), 'zeroclear'] as const;
const grow = (site: TestArchive) => site.action('Resize', ...WORDS);
/** The size is there already, or it is what the store rounds to. */
const AGAIN = ['resize', 'vol0', String(GROWN_LB * 512), 'zeroclear'] as const;
const growAgain = (site: TestArchive) => site.action('Resize', ...AGAIN);
const tailOf = (image: Uint8Array) => image.subarray(SIZE_LB * 512);
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);
const idle = (site: TestArchive) =>
  site.eventually(async () => (await actionCount(site, 'Resize')) === 0, 'the resize must end');

const growing: CrashScenario = {
  archive: thick,
  seed: (site) => seedSmallVolume(site),
  act: grow,
  verify: async (site) => {
    // At once, whatever is still under way.
    const tail = tailOf(await scan(site, 2));
    expect([0, (GROWN_LB - SIZE_LB) * 512]).toContain(tail.length);
    expect(isZero(tail), 'a scan shows zeros').toBe(true);
  },
  finish: async (site) => {
    await idle(site);
    await growAgain(site);
    expect(site.files()).not.toContain('zero_clear');
    const image = site.image('wb_vol0');
    expect(image).toHaveLength(GROWN_LB * 512);
    expect(isZero(tailOf(image)), 'the image ends with zeros').toBe(true);
    expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
    await site.action('Restore', 'restore', 'vol0', '4');
    expect(isZero(tailOf(site.image('wr_vol0_4'))), 'and its copies').toBe(true);
    expect(await site.command('del-restored', 'vol0', '4')).toBe('ok');
  },
};

/** Data that come into the new part stay, whenever the zeros come. */
const NEW: readonly PlainIo[] = [
  { addressLb: SIZE_LB + 2, sizeLb: 4, kind: 'normal', data: new Uint8Array(4 * 512).fill(0x5a) },
];
const NEWER: readonly PlainIo[] = [
  { addressLb: SIZE_LB + 8, sizeLb: 2, kind: 'normal', data: new Uint8Array(2 * 512).fill(0x3c) },
];
const expectedTail = (() => {
  const tail = new Uint8Array((GROWN_LB - SIZE_LB) * 512);
  for (const { addressLb, data } of [...NEW, ...NEWER]) tail.set(data, (addressLb - SIZE_LB) * 512);
  return tail;
})();

async function writeBehind(site: TestArchive): Promise<void> {
  await sendWdiff(site, stepDiff(5), NEW, UUID, 'vol0', GROWN_LB);
  await site.command('apply', 'vol0', '5');
  await site.eventually(async () => (await actionCount(site, 'Apply')) === 0, 'the apply must end');
  await sendWdiff(site, stepDiff(6), NEWER, UUID, 'vol0', GROWN_LB);
}

const written = (growFirst: (site: TestArchive) => Promise<void>): CrashScenario => ({
  archive: thick,
  seed: (site) => seedSmallVolume(site),
  act: async (site) => {
    await growFirst(site);
    await writeBehind(site);
  },
  verify: async (site) => {
    const gid = Number((await site.get('restorable', 'vol0', 'all')).at(-1)?.split(' ')[0]);
    const tail = tailOf(await scan(site, gid));
    const expected = expectedTail.slice(0, tail.length);
    if (gid < 6) expected.fill(0, 8 * 512);
    if (gid < 5) expected.fill(0);
    expect(Buffer.compare(tail, expected), `the tail at gid ${gid}`).toBe(0);
  },
  finish: async (site) => {
    await idle(site);
    await writeBehind(site);
    await site.action('Restore', 'restore', 'vol0', '6');
    expect(Buffer.compare(tailOf(site.image('wr_vol0_6')), expectedTail)).toBe(0);
    expect(await site.command('del-restored', 'vol0', '6')).toBe('ok');
  },
});

describe('a crash at every call of a base image that grows', () => {
  const cases: [string, CrashScenario][] = [
    ['growing with zeroclear', growing],
    ['growing with zeroclear, then data behind the old end', written(grow)],
    ['growing by a larger peer that sends data behind the old end', written(async () => {})],
  ];
  for (const [name, scenario] of cases) itSurvives(name, scenario);
});

/** Writes fail: the image has grown, and nothing was cleared. */
async function growUncleared(site: TestArchive): Promise<void> {
  const { faults } = site.site.simulation;
  const call = { host: site.name, process: 'walb-archive', step: 'archive.resize.zero', call: null };
  faults.arm({ kind: 'error', ...call, nth: 1, times: 1, code: 'EIO', effect: 'none' });
  await grow(site);
  faults.disarm();
  expect(site.files()).toContain('zero_clear');
  expect(isZero(tailOf(site.image('wb_vol0')))).toBe(false);
}

describe('zeros that an image is still to get', () => {
  it('come before it is restored', async () => {
    await withArchive(async (site) => {
      await growUncleared(site);
      await site.action('Restore', 'restore', 'vol0', '4');
      expect(tailOf(site.image('wr_vol0_4'))).toHaveLength((GROWN_LB - SIZE_LB) * 512);
      expect(isZero(tailOf(site.image('wr_vol0_4')))).toBe(true);
      expect(site.files()).not.toContain('zero_clear');
    }, thick);
  });

  it('come by the same command again, and before a further growth', async () => {
    for (const words of [AGAIN, ['resize', 'vol0', String((GROWN_LB + 8) * 512)]]) {
      await withArchive(async (site) => {
        await growUncleared(site);
        const [protocol, ...rest] = words;
        await site.action('Resize', protocol as string, ...rest);
        const tail = tailOf(site.image('wb_vol0'));
        expect(isZero(tail.subarray(0, (GROWN_LB - SIZE_LB) * 512))).toBe(true);
        expect(isZero(tail)).toBe(words === AGAIN);
        expect(site.files()).not.toContain('zero_clear');
      }, thick);
    }
  });

  it('are still known when a peer lets the image grow on', async () => {
    await withArchive(async (site) => {
      await growUncleared(site);
      await sendWdiff(site, stepDiff(5), [], UUID, 'vol0', GROWN_LB + 8);
      const tail = tailOf(await scan(site, 4));
      expect(tail).toHaveLength((GROWN_LB + 8 - SIZE_LB) * 512);
      expect(isZero(tail), 'a scan shows zeros').toBe(true);
      await site.action('Restore', 'restore', 'vol0', '4');
      expect(isZero(tailOf(site.image('wr_vol0_4'))), 'a copy has zeros').toBe(true);
      expect(site.files()).not.toContain('zero_clear');
    }, thick);
  });

  it('are not owed by thin volumes, which grow by zeros', async () => {
    await withArchive(
      async (site) => {
        slowDown(site, 'archive.resize.grow');
        expect(await site.command(...WORDS)).toBe('ok');
        await site.site.simulation.sleep(US_PER_S);
        expect(await actionCount(site, 'Resize')).toBe(1);
        expect(site.files()).not.toContain('zero_clear');
        await idle(site);
        expect(isZero(tailOf(site.image('wb_vol0')))).toBe(true);
      },
      { ...thick, thin: true },
    );
  });

  it('wait while the volume is stopped by force, and scans show them meanwhile', async () => {
    await withArchive(async (site) => {
      slowDown(site, 'archive.resize.open');
      expect(await site.command(...WORDS)).toBe('ok');
      await site.site.simulation.sleep(US_PER_S);
      expect(await actionCount(site, 'Resize')).toBe(1);
      expect(isZero(tailOf(await scan(site, 2)))).toBe(true);
      await site.command('stop', 'vol0', 'force');
      await site.eventually(async () => (await stateOf(site)) === 'Stopped', 'stop');
      expect(isZero(tailOf(site.image('wb_vol0')))).toBe(false);
      site.kill();
      await site.start();
      expect(site.site.logText()).toContain(`an interrupted zeroclear goes on:vol0:${SIZE_LB}`);
      await idle(site);
      expect(await stateOf(site)).toBe('Stopped');
      expect(isZero(tailOf(site.image('wb_vol0')))).toBe(true);
    }, thick);
  });

  it('keep everybody else away once the server has started again', async () => {
    await withArchive(async (site) => {
      await growUncleared(site);
      slowDown(site, 'archive.resize.zero');
      site.kill();
      await site.start();
      expect(await site.command('apply', 'vol0', '1')).toMatch(/there are running action:Resize:1/);
      await idle(site);
      expect(isZero(tailOf(site.image('wb_vol0')))).toBe(true);
    }, thick);
  });

  it('are forgotten with the image', async () => {
    for (const word of ['reset-vol', 'clear-vol']) {
      await withArchive(async (site) => {
        await growUncleared(site);
        await site.command('stop', 'vol0');
        await site.eventually(async () => (await stateOf(site)) === 'Stopped', 'stop');
        expect(await site.command(word, 'vol0')).toBe('ok');
        expect(site.files()).not.toContain('zero_clear');
        if (word === 'clear-vol') expect(await site.command('init-vol', 'vol0')).toBe('ok');
        const image = new Uint8Array(GROWN_LB * 512).fill(9);
        expect(await fullBackup(site, { image, uuid: UUID, timestamp: TIME_S, gidE: 0 })).toBe(null);
        site.kill();
        await site.start();
        expect(Buffer.compare(site.image('wb_vol0'), image)).toBe(0);
      }, thick);
    }
  });

  const others: [string, number, Uint8Array][] = [
    ['has gone on', 2, ARCHIVE_UUID],
    ['is another one', 0, UUID],
  ];
  for (const [title, gid, archiveUuid] of others) {
    it(`are not written where the image ${title} under a server that does not know the file`, async () => {
      await withArchive(
        async (site) => {
          expect(site.files()).not.toContain('zero_clear');
          expect(await actionCount(site, 'Resize')).toBe(0);
          expect(await verifyRestorable(site)).toEqual([0, 1, 2, 3, 4]);
        },
        thick,
        async (site) => {
          await seedSmallVolume(site);
          const base = makeState(makeSnap(gid), TIME_S);
          const owed = encodeWith(writeZeroClear, { base, beginLb: 8, archiveUuid });
          site.host.files.seed(`${site.base}/vol0/zero_clear`, owed);
        },
      );
    });
  }

  it('are written where the image is the same one', async () => {
    await withArchive(
      async (site) => {
        await idle(site);
        expect(site.files()).not.toContain('zero_clear');
        expect(isZero(site.image('wb_vol0').subarray(8 * 512))).toBe(true);
        expect(
          Buffer.compare(site.image('wb_vol0').subarray(0, 8 * 512), CONTENTS[0].subarray(0, 8 * 512)),
        ).toBe(0);
      },
      thick,
      async (site) => {
        await seedSmallVolume(site);
        const owed = { base: makeState(makeSnap(0), 0), beginLb: 8, archiveUuid: ARCHIVE_UUID };
        site.host.files.seed(`${site.base}/vol0/zero_clear`, encodeWith(writeZeroClear, owed));
      },
    );
  });
});
