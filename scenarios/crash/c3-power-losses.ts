import type { RandomStream } from '../../sim/random.ts';
import { Hammer } from '../lib/hammer.ts';
import { LB_PER_MIB, type Site, siteScenario, VOL } from '../lib/site.ts';

const ROUNDS = 16;
/** Further power losses of a round, one right after the other, with packs so small that their places meet. */
const BLINKS = 4;
const DEVICE_MIB = 32 / 1024;
/** Small, so that the log comes round every few rounds. */
const LOG_MIB = 0.5;

type Server = Site['servers'][string];

export const c3 = siteScenario({
  name: 'c3-power-losses',
  purpose:
    'A storage host that loses power again and again keeps what was flushed, and its archive follows it',
  layout: 's0/p0/a0',
  needs: ['power-loss'],
  deviceMib: DEVICE_MIB,
  logMib: LOG_MIB,
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { device } = site.device(s0);
    await site.begin();
    let confirmed = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const random = site.random.at('c3', round);
      await device.setCheckpointInterval(random.pick([20, 200, 2000]));
      confirmed += await hammerUntilDark(site, s0, random, 0.01 + random.fraction() * 0.1);
      // Again before the log has passed what it had lost.
      for (let i = 0; i < BLINKS; i++) {
        site.group.powerOn(s0.name);
        confirmed += await hammerUntilDark(site, s0, random, 0.004 + random.fraction() * 0.01, 1);
      }
      await backAgain(site, s0);
      const image = await device.read(0, device.sizeLb());
      const { admissible, reason } = site.device(s0).ledger.judgeNow(image);
      site.story.check(admissible, `round ${round}: the device is admissible: ${reason}`);
      // The log holds what the device has: the archive, which knows the log only, comes to the same.
      const gid = await site.snapshot(s0, [a0]);
      const archived = await site.verify(a0, gid);
      site.story.check(isEqual(image, archived.subarray(0, image.length)), 'the archive equals the device');
      await site.walbc.apply(a0, VOL, gid);
    }
    site.story.check(confirmed > 1000, `${confirmed} blocks were read while others were written`);
    await overflowInTheDark(site, s0, a0);
  },
});

/** Writes and reads until the power goes. Returns how many blocks were read and right. */
async function hammerUntilDark(
  site: Site,
  s0: Server,
  random: RandomStream,
  seconds: number,
  maxIoLb = random.pick([1, 12]),
): Promise<number> {
  const { group, story } = site;
  const hammer = new Hammer({
    group,
    device: site.device(s0),
    random,
    writerCount: random.pick([1, 6]),
    maxIoLb,
    maxWrittenLb: (LOG_MIB * LB_PER_MIB) / 5,
    pauseS: random.pick([0.001, 0.004]),
  });
  hammer.start();
  await site.sleep(seconds);
  powerLoss(site, s0);
  await hammer.stop();
  story.check(hammer.wrong === null, `reads show what was written last: ${hammer.wrong ?? 'all do'}`);
  return hammer.confirmedCount;
}

function powerLoss(site: Site, s0: Server): void {
  site.group.powerLoss(s0.name);
  site.device(s0).ledger.powerLoss();
}

async function backAgain(site: Site, s0: Server): Promise<void> {
  site.group.powerOn(s0.name);
  await site.start(s0);
}

/** The proxy takes no log; it overflows, and the power goes: the device is whole, and says that its log is not. */
async function overflowInTheDark(site: Site, s0: Server, a0: Server): Promise<void> {
  const { walbc, story } = site;
  const { device } = site.device(s0);
  site.kill(site.servers.p0 as Server);
  for (let i = 0; i < 8; i++) await site.overwrite(s0, DEVICE_MIB);
  await site.write(s0, VOL, 60);
  powerLoss(site, s0);
  await backAgain(site, s0);
  const image = await device.read(0, device.sizeLb());
  story.check(image.length === DEVICE_MIB * LB_PER_MIB * 512, 'the device has its size');
  const { admissible, reason } = site.device(s0).ledger.judgeNow(image);
  story.check(admissible, `the device is admissible after its log overflowed: ${reason}`);
  story.check(await walbc.isOverflow(s0, VOL), 's0 reports the overflow after the power loss, too');
  await site.start(site.servers.p0 as Server);
  await site.stopIfTarget(s0);
  await site.verify(a0, await site.hashBackup(s0));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
