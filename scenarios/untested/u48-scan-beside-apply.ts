import { runWalbc } from '../../core/control/walbc.ts';
import type { Gid } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u48 = siteScenario({
  name: 'u48-scan-beside-apply',
  purpose:
    'A scan whose base is brought beyond its snapshot meanwhile ends with an error, never with a mixture of two times',
  layout: 's0/p0/a0',
  deviceMib: 2,
  logMib: 8,
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;

    /** Reads a snapshot over the network; at its first chunk the reader waits for `meanwhile`. */
    const scan = async (gid: Gid, meanwhile: () => Promise<void>): Promise<Uint8Array> => {
      let image = new Uint8Array(0);
      let chunkCount = 0;
      const target = {
        open: async (sizeLb: number) => {
          image = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
        },
        writeChunk: async (addressLb: number, _sizeLb: number, data: Uint8Array | null) => {
          if (data !== null) image.set(data, addressLb * LOGICAL_BLOCK_BYTES);
          chunkCount += 1;
          if (chunkCount === 1) await meanwhile();
        },
        sync: async () => {},
      };
      await runWalbc(
        group.world,
        { address: a0.address, clientId: 'scan', timeoutS: 10 },
        ['virt-full-scan', 'memory', VOL, String(gid), '16K'],
        { codecs: group.world.codecs, scanTarget: () => target },
      );
      return image;
    };
    const verifyScan = (gid: Gid, image: Uint8Array) => {
      const { admissible, reason } = site.verdict(gid, image);
      story.check(admissible, `the scan of gid ${gid} is admissible (${reason})`);
      story.note(`the scan of gid ${gid} is admissible`);
    };

    await site.begin();
    await site.overwrite(s0);
    const before = await site.snapshot(s0, [a0]);
    await site.overwrite(s0);
    const after = await site.snapshot(s0, [a0]);

    story.note(`gid ${before} is scanned while gid ${after} is applied`);
    await story.refused(
      `walbc virt-full-scan ${VOL} ${before}`,
      async () => verifyScan(before, await scan(before, () => walbc.apply(a0, VOL, after))),
      'the peer ended the stream',
    );

    story.note('what is not written meanwhile is scanned as it was');
    verifyScan(after, await scan(after, () => site.write(s0)));
    await site.verify(a0, after);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
