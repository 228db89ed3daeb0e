import { describe, expect, it } from 'vitest';
import { SimFileSystem } from '../../../../sim/file-system.ts';
import { fileSystemParameters } from '../../../../sim/file-system-state.ts';
import { FakeArchive, Site, TestProxy } from './support.ts';

/** What one side was told to be safe, the other side keeps. */
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

describe('a diff', () => {
  it.each(['ext4', 'xfs', 'posix'] as const)(
    'whose log was acknowledged survives a power loss at any later time, on %s',
    async (profile) => {
      for (const seed of SEEDS) {
        const site = new Site({ seed });
        const archive = new FakeArchive(site);
        archive.reply = () => 'stopped';
        const { random } = site.simulation;
        const files = new SimFileSystem({
          name: 'p0/files',
          random,
          parameters: fileSystemParameters(profile),
        });
        const proxy = new TestProxy(site, { files: () => files });
        await site.run(async () => {
          await proxy.begin();
          for (const gid of [1, 2]) {
            expect(await proxy.sendWlog(gid - 1, gid)).toBeNull();
            await site.sleep(seed % 4);
          }
          proxy.host.powerLoss();
          proxy.host.powerOn();
          await proxy.start();
          expect(proxy.waiting(), `seed ${seed}`).toHaveLength(2);
        });
      }
    },
  );

  it.each(['accepted', 'received'] as const)(
    'that an archive has %s but not acknowledged stays, and is sent again',
    async (point) => {
      const site = new Site();
      const archive = new FakeArchive(site);
      const proxy = new TestProxy(site);
      archive.at = async (reached) => {
        if (reached === point) archive.kill();
      };
      await site.run(async () => {
        await proxy.begin();
        expect(await proxy.sendWlog(0, 1)).toBeNull();
        await site.eventually(() => archive.offered.length > 0, 'the diff must be offered');
        await site.sleep(1);
        expect(proxy.waiting()).toHaveLength(1);
        archive.at = async () => {};
        archive.start();
        await site.eventually(() => proxy.waiting().length === 0, 'the diff must be sent');
        expect(archive.ranges().at(-1)).toBe('0-1 M');
        expect(archive.offered.at(-1)?.ios).toHaveLength(1);
      });
    },
  );
});
