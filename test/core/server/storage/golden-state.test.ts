import { afterAll, describe, expect, it } from 'vitest';
import { runWalbc } from '../../../../core/control/walbc.ts';
import type { World } from '../../../../core/world/index.ts';
import { walbDevicesOf } from '../../../../sim/device-host.ts';
import { GoldenCounter, goldenDir } from '../../../golden.ts';
import { readMomentFiles, readStateTexts } from '../golden-state.ts';
import { FakeProxy, readImage, Site, TestStorage } from './support.ts';

const MOMENTS = ['a-full-backup', 'b-two-diffs', 'e-storage-with-log'];
const counter = new GoldenCounter('state', (path) => !path.endsWith('/s0.txt'));

/** Puts the recorded folder and disks of a moment there, with the device running. */
async function seedMoment(storage: TestStorage, moment: string): Promise<void> {
  for (const [path, bytes] of readMomentFiles(moment, 's0')) storage.host.files.seed(path, bytes);
  for (const [disk, name] of [
    ['log0', 'log-device'],
    ['data0', 'data-device'],
  ] as const) {
    const image = readImage(moment, name);
    storage.host.addDisk(disk, { sizeLb: image.length / 512 }).medium.poke(0, image);
  }
  await walbDevicesOf(storage.host).createWalbDevice({
    ...{ name: '0', logDisk: 'log0', dataDisk: 'data0', format: false },
  });
}

/** Times of heart-beats and tasks, and what the server had asked for before it was recorded. */
function withoutTimes(command: readonly string[], lines: readonly string[]): string[] {
  if (command.join(' ') === 'get ts-delta') return [];
  return lines.map((line) => line.replace(/(timeToNextCheck|timeDiffMs) -?\d+/, '$1 TIME'));
}

async function ask(world: World, command: readonly string[]): Promise<string[]> {
  const address = { host: 's0', port: 10_000 };
  return runWalbc(world, { address, clientId: 'ctl', timeoutS: 10 }, command);
}

describe('a storage server started on the folders and disks of the original', () => {
  afterAll(() => console.log(counter.report()));
  if (goldenDir() === null) {
    it('is not checked: golden data absent', () => console.log('golden: data absent, state not checked'));
    return;
  }
  for (const moment of MOMENTS) {
    it(`says what the original said, and goes on: ${moment}`, async () => {
      const site = new Site();
      const storage = new TestStorage(site, {
        options: {
          archive: { host: '127.0.0.1', port: 10_200 },
          proxies: [{ host: '127.0.0.1', port: 10_100 }],
        },
      });
      const isAway = moment === 'e-storage-with-log';
      const proxy = new FakeProxy(site, 'p0', 10_100, storage.host);
      proxy.refusal = 'not now';
      if (isAway) proxy.kill();
      await site.run(async () => {
        await seedMoment(storage, moment);
        await storage.start();
        await site.sleep(isAway ? 1.5 : 0.5);
        const path = `state/${moment}/s0.txt`;
        const texts = readStateTexts(path);
        expect(texts.length).toBeGreaterThan(8);
        for (const { command, lines } of texts) {
          const ours = await ask(site.world, command);
          expect(withoutTimes(command, ours), command.join(' ')).toEqual(withoutTimes(command, lines));
        }
        counter.check(path);
        // It goes on: what waits is sent, and a new snapshot gets the next gid.
        const { queue } = await storage.positions();
        const latest = Number(/gid:(\d+)/.exec((await storage.get('latest-snap'))[0] ?? '')?.[1]);
        if (isAway) proxy.start();
        proxy.refusal = null;
        await storage.must('kick');
        await storage.write(8, 1);
        expect(await storage.snapshot()).toBeGreaterThan(latest);
        await site.eventually(async () => (await storage.queue()).length === 0, 'all must be sent');
        const ends = proxy.received.map(({ diff }) => diff.snapE.gidB);
        for (const line of queue) expect(ends).toContain(Number(/gid (\d+)$/.exec(line)?.[1]));
        expect(ends.at(-1)).toBeGreaterThan(latest);
      });
    });
  }
});
