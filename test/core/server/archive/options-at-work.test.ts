import { describe, expect, it } from 'vitest';
import { requestWdiffTransfer } from '../../../../core/protocol/wdiff-transfer.ts';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { withArchive } from './running.ts';
import { SIZE_LB, stepDiff, UUID } from './small-volume.ts';

/** Thick volumes that hold what was there before. */
const OLD_DATA = { backgroundSeed: 7 };

describe('options of an archive', () => {
  it('-keep-one-cold-snap keeps the cold snapshot with the largest gid', async () => {
    await withArchive(
      async (archive) => {
        await archive.action('Restore', 'restore', 'vol0', '1');
        expect(await archive.get('cold', 'vol0')).toEqual(['1']);
        await archive.action('Restore', 'restore', 'vol0', '3');
        expect(await archive.get('cold', 'vol0')).toEqual(['3']);
        await archive.action('Restore', 'restore', 'vol0', '2');
        expect(await archive.get('cold', 'vol0')).toEqual(['3']);
        expect(archive.files()).not.toContain('1.cold');
        for (const gid of [1, 2, 3]) verifyContent(archive, `wr_vol0_${gid}`, gid);
      },
      { thin: true, options: { keepOneColdSnapshot: true } },
    );
  });

  it('-autoresize grows the base for a larger volume', async () => {
    await withArchive(
      async (archive) => {
        const channel = await archive.open('wdiff-transfer', 'p0');
        const sizeLb = SIZE_LB + 32;
        const request = { volId: 'vol0', hostType: 'proxy', uuid: UUID, sizeLb, diff: stepDiff(5) } as const;
        expect(await requestWdiffTransfer(channel, request)).toEqual({ kind: 'accept' });
        channel.close();
        expect(await archive.get('vol-size', 'vol0')).toEqual([String(sizeLb)]);
      },
      { options: { doAutoResize: true } },
    );
  });

  it('-maxopen-virt refuses scans of more diffs', async () => {
    await withArchive(
      async (archive) => {
        const bhash = async (gid: string) => {
          const channel = await archive.open('bhash');
          channel.out.strings(['vol0', gid, '4k']);
          await channel.flush('test.send');
          await channel.readString('test.reply');
          await channel.readU8('test.control');
          const text = await channel.readString('test.result');
          channel.close();
          return text;
        };
        expect(await bhash('2')).toBe('ok');
        expect(await bhash('3')).toBe('snapshot can not be materialized:vol0:|3|');
      },
      { options: { maxOpenDiffsForVirtualScan: 2 } },
    );
  });

  it('resize with zeroclear leaves zeros on a volume of unknown content', async () => {
    await withArchive(async (archive) => {
      await archive.action('Resize', 'resize', 'vol0', String((SIZE_LB + 64) * 512), 'zeroclear');
      const tail = archive.image('wb_vol0').subarray(SIZE_LB * 512);
      expect(tail).toHaveLength(64 * 512);
      expect(tail.every((byte) => byte === 0)).toBe(true);
      expect(await verifyRestorable(archive)).toEqual([0, 1, 2, 3, 4]);
    }, OLD_DATA);
  });

  it('resize without zeroclear leaves what lay there', async () => {
    await withArchive(async (archive) => {
      await archive.action('Resize', 'resize', 'vol0', String((SIZE_LB + 64) * 512));
      const tail = archive.image('wb_vol0').subarray(SIZE_LB * 512);
      expect(tail.some((byte) => byte !== 0)).toBe(true);
    }, OLD_DATA);
  });

  it('-discard ignore leaves old data, passdown and zero give zeros', async () => {
    for (const discardPolicy of ['ignore', 'passdown', 'zero'] as const) {
      await withArchive(
        async (archive) => {
          await archive.action('Restore', 'restore', 'vol0', '1');
          // Diff 1 discards blocks 17 to 19; block 17 held 18 before.
          expect(archive.image('wr_vol0_1')[17 * 512]).toBe(discardPolicy === 'ignore' ? 18 : 0);
        },
        { options: { discardPolicy } },
      );
    }
  });
});
