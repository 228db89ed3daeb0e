import fc from 'fast-check';
import { history, workload } from 'walbox/fast-check';
import { performWorkload, simulate } from 'walbox/testing';
import { expect, it } from 'vitest';
import 'walbox/vitest'; // or once, in a set-up file

it('a snapshot that was taken while the proxy was dead becomes restorable', async () => {
  const { value: gid } = await simulate({ seed: 7 }, async (site) => {
    const { s0, p0 } = site.servers;
    await site.begin(); // a volume, data on it, a full backup
    site.kill(p0);
    await site.write(s0); // the ledger hears of every write
    const gid = await site.snapshotNbk(s0);
    await expect(site).not.toBeRestorable(gid);
    await site.start(p0);
    await site.walbc.waitForRestorable(site.servers.a0, 'vol0', gid);
    await expect(site).toBeRestorable(gid); // listed, read as a whole, admissible
    await expect(site).toConverge({ withinS: 60 });
    return gid;
  });
  expect(gid).toBeGreaterThan(0);
});

it('a storage host that loses its power in the midst of writes loses nothing that was flushed', async () => {
  await fc.assert(
    fc.asyncProperty(workload({ sizeLb: 256 }), fc.integer({ min: 2_600_000, max: 4_000_000 }), async (steps, atUs) => {
      const faults = [{ kind: 'power-loss', atUs, host: 's0', downUs: 1_000_000 }] as const;
      await simulate({ faults }, async (site) => {
        const { s0, a0 } = site.servers;
        await site.begin();
        await performWorkload(site.device(s0), steps).catch(() => {}); // the application dies with its host
        await site.sleep(4);
        const gid = await site.snapshot(s0, [a0]);
        await expect(site).toBeRestorable(gid);
      });
    }),
    { numRuns: 4 },
  );
}, 120_000);

it('whatever operators do and whatever breaks, nothing acknowledged is lost', async () => {
  // Fails with a history that cannot be made smaller, printed as what `simulate` takes.
  await fc.assert(
    fc.asyncProperty(history({ profile: 'ci' }), async (drawn) => {
      await simulate(drawn);
    }),
    { numRuns: 2 },
  );
}, 120_000);
