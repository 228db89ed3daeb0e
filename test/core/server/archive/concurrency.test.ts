import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../../sim/random.ts';
import { sendWdiff } from './clients.ts';
import { verifyContent, verifyRestorable } from './crash-kit.ts';
import { iosOf, seedSmallVolume, stepDiff } from './small-volume.ts';
import { Site, type TestArchive } from './support.ts';

/** Everything that may run together does, in orders that the seed decides; contents must be right at every moment. */

const LAST_GID = 11;

async function listed(archive: TestArchive): Promise<number[]> {
  return (await archive.get('restorable', 'vol0', 'all')).map((line) => Number(line.split(' ')[0]));
}

describe('what runs together', () => {
  for (const thin of [true, false]) {
    it(`keeps contents right, ${thin ? 'thin' : 'thick'}`, { timeout: 120_000 }, async () => {
      let restores = 0;
      let applies = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const site = new Site({ seed });
        const archive = site.addArchive({
          thin,
          extentLb: 1,
          commandLatency: { minUs: 1000, meanUs: 20_000 },
          options: {
            discardPolicy: 'zero',
            maxForegroundTasks: 9,
            maxConnections: 50,
            maxOpenDiffs: seed % 3,
          },
        });
        const random = new RandomStream(seed);
        await site.run(async () => {
          await seedSmallVolume(archive, { lastGid: 5, mergeable: [2, 3, 5, 7, 8, 10] });
          await archive.start();
          const pause = () => site.simulation.sleep(1 + random.below(30_000));
          const accepted = async (...words: string[]) => {
            const [protocol, ...rest] = words;
            return (await archive.command(protocol, ...rest)) === 'accept';
          };
          const restoring = async () => {
            for (let round = 0; round < 6; round++) {
              await pause();
              const gid = random.pick(await listed(archive));
              if (!(await accepted('restore', 'vol0', String(gid)))) continue;
              await archive.eventually(
                async () => (await archive.get('num-action', 'vol0', 'Restore'))[0] === '0',
                'restore',
              );
              if (!(await archive.get('restored', 'vol0')).includes(String(gid))) continue;
              verifyContent(archive, `wr_vol0_${gid}`, gid);
              restores += 1;
              await pause();
              await archive.command('del-restored', 'vol0', String(gid));
            }
          };
          const applying = async () => {
            for (let round = 0; round < 5; round++) {
              await pause();
              const gid = random.pick(await listed(archive));
              if (await accepted('apply', 'vol0', String(gid))) applies += 1;
            }
          };
          const merging = async () => {
            for (let round = 0; round < 6; round++) {
              await pause();
              await accepted('merge', 'vol0', String(random.below(LAST_GID)), 'gid', String(LAST_GID));
            }
          };
          const receiving = async () => {
            for (let gid = 6; gid <= LAST_GID; gid++) {
              await pause();
              const reply = await sendWdiff(archive, stepDiff(gid, [7, 8, 10].includes(gid)), iosOf(gid));
              expect(reply).toEqual({ kind: 'accept' });
            }
          };
          const deleting = async () => {
            for (let round = 0; round < 4; round++) {
              await pause();
              for (const gid of await archive.get('cold', 'vol0'))
                await archive.command('del-cold', 'vol0', gid);
            }
          };
          await Promise.all([restoring(), restoring(), applying(), merging(), receiving(), deleting()]);
          const idle = async () => (await archive.get('all-actions'))[0].match(/ [1-9]\d* /) === null;
          await archive.eventually(idle, 'all actions must end');
          await archive.eventually(
            async () => (await archive.get('state', 'vol0'))[0] === 'Archived',
            'Archived',
          );
          expect(await verifyRestorable(archive)).toContain(LAST_GID);
          for (const name of archive.lvNames()) expect(name).not.toMatch(/_tmp$/);
          archive.kill();
          await archive.start();
          expect(await verifyRestorable(archive)).toContain(LAST_GID);
        });
      }
      expect(restores).toBeGreaterThan(20);
      expect(applies).toBeGreaterThan(5);
    });
  }

  it('a copy of the base belongs to the record that it was made with, whatever an apply does', async () => {
    const site = new Site();
    const archive = site.addArchive({ extentLb: 1, options: { discardPolicy: 'zero', maxOpenDiffs: 1 } });
    await site.run(async () => {
      await seedSmallVolume(archive, { lastGid: 6 });
      await archive.start();
      const slow = (step: string, addUs: number) => {
        const call = { host: 'a0', process: 'walb-archive', step, call: null, nth: 1 };
        site.simulation.faults.arm({ kind: 'delay', ...call, times: 1000, addUs });
      };
      slow('archive.apply.write', 300_000);
      slow('archive.restore.snapshot', 1_500_000);
      expect(await archive.command('apply', 'vol0', '5')).toBe('accept');
      const isAtSecond = async () => (await archive.get('base', 'vol0'))[0].startsWith('<|1|-->|2|>');
      await archive.eventually(isAtSecond, 'second round');
      await archive.action('Restore', 'restore', 'vol0', '2');
      verifyContent(archive, 'wr_vol0_2', 2);
    });
  });
});
