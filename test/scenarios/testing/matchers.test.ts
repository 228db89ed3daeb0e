import { describe, expect, it } from 'vitest';
import '../../../scenarios/testing/vitest.ts';
import { walboxMatchers } from '../../../scenarios/testing/matchers.ts';
import { simulate } from '../../../scenarios/testing/simulate.ts';
import { Ledger } from '../../../sim/ledger.ts';

const BLOCK = 512;

/** The message with which an assertion fails. */
async function messageOf(assertion: () => unknown): Promise<string> {
  try {
    await assertion();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the assertion held');
}

describe('toBeRestorable', () => {
  it('holds for what an archive lists and gives rightly, on a site and on its group', async () => {
    await simulate({ layout: 's0/p0/a0,a1' }, async (site) => {
      const { s0, a0 } = site.servers;
      await site.begin();
      const gid = await site.snapshot(s0, [a0]);
      await expect(site).toBeRestorable(gid);
      await expect(site.group).toBeRestorable(gid, { archive: 'a0', volume: 'vol0' });
      await expect(site).not.toBeRestorable(gid, { archive: 'a1' });
      expect(await messageOf(() => expect(site).not.toBeRestorable(gid))).toMatch(/not to be restorable/);
      expect(await messageOf(() => expect(site).toBeRestorable(99))).toMatch(
        /expected gid 99 of vol0 at a0 to be restorable, but a0 lists \[\d+(, \d+)*\]/,
      );
      site.group.kill('a0');
      expect(await messageOf(() => expect(site).toBeRestorable(gid))).toMatch(/but a0 says: /);
      await site.start(a0);
    });
  });

  it('does not hold for a listed snapshot with what the ledger does not know; a bare group has no ledger', async () => {
    await simulate({ judgeAtEnd: false }, async (site) => {
      const { s0, a0 } = site.servers;
      await site.begin();
      await site.device(s0!).device.write(5, new Uint8Array(BLOCK).fill(0xee));
      const gid = await site.snapshot(s0!, [a0!]);
      expect(await site.walbc.getRestorableGid(a0!, 'vol0', 'all')).toContain(gid);
      expect(await messageOf(() => expect(site).toBeRestorable(gid))).toMatch(
        /but its image is not admissible: .*\(blocks 5\)/,
      );
      await expect(site.group).toBeRestorable(gid);
    });
  });
});

describe('toBeAdmissible', () => {
  it('says which blocks hold what was never written there', async () => {
    const ledger = new Ledger();
    ledger.answered(ledger.write(3, new Uint8Array(BLOCK).fill(1)));
    ledger.snapshot()(7);
    const image = new Uint8Array(8 * BLOCK);
    expect(await messageOf(() => expect(image).toBeAdmissible(ledger, 7))).toMatch(/\(blocks 3\)/);
    image.fill(1, 3 * BLOCK, 4 * BLOCK);
    expect(image).toBeAdmissible(ledger, 7);
    expect(image).not.toBeAdmissible(ledger, 8);
    expect(await messageOf(() => expect(image).toBeAdmissible(ledger, 8))).toContain('gid 8 was never taken');
    expect(await messageOf(() => expect('image').toBeAdmissible(ledger, 7))).toContain(
      'An image is expected',
    );
  });
});

describe('toHaveBlocksOf', () => {
  it('names the blocks that differ, and the sizes', async () => {
    const image = new Uint8Array(20 * BLOCK);
    expect(image).toHaveBlocksOf(new Uint8Array(20 * BLOCK));
    const other = image.slice();
    other[3 * BLOCK] = 1;
    other[5 * BLOCK - 1] = 1;
    expect(image).not.toHaveBlocksOf(other);
    expect(await messageOf(() => expect(image).toHaveBlocksOf(other))).toBe(
      'expected equal images; 2 blocks differ: 3, 4',
    );
    expect(await messageOf(() => expect(image).toHaveBlocksOf(new Uint8Array(BLOCK)))).toBe(
      'expected an image of 512 bytes, got 10240',
    );
    expect(await messageOf(() => expect(image).toHaveBlocksOf(image.map(() => 1)))).toMatch(
      /20 blocks.*\.\.\.$/,
    );
  });
});

describe('toConverge', () => {
  it('holds for a group that works, while an application writes', async () => {
    await simulate({ layout: 's0/p0,p1/a0,a1' }, async (site) => {
      await site.beginWithReplica();
      site.load(site.servers.s0!);
      await expect(site).toConverge();
      await site.quiet();
      await expect(site.group).toConverge({ withinS: 30 });
    });
  });

  it('does not hold while a server is dead, or a link is cut', async () => {
    await simulate({}, async (site) => {
      const { s0, p0, a0 } = site.servers;
      await site.begin();
      site.kill(p0!);
      expect(await messageOf(() => expect(site).toConverge())).toMatch(/but p0 does not answer/);
      await site.start(p0!);
      site.cutLink(p0!, [a0!]);
      expect(await messageOf(() => expect(site).toConverge({ withinS: 20 }))).toMatch(
        /but gid \d+ of vol0 is not restorable at a0 after 20 s/,
      );
      site.healLink(p0!, [a0!]);
      await expect(site).toConverge();
      expect(s0?.kind).toBe('storage');
    });
  });

  it('refuses what is no group', async () => {
    await expect(walboxMatchers.toConverge({})).rejects.toThrow(
      /A site or group of a simulation is expected/,
    );
  });
});
