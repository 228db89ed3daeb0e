import { collidingChunks } from '../lib/murmur-collision.ts';
import { siteScenario, VOL } from '../lib/site.ts';

const CHUNK_LB = 128;

export const u37 = siteScenario({
  name: 'u37-hash-collision',
  purpose:
    'Contents made to have one hash are not told apart by a hash backup, as documented; a full backup sees them',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    const device = site.device(s0);
    const [before, after] = collidingChunks(site.random.at('u37'), CHUNK_LB * 512);
    const differing = before.filter((byte, i) => byte !== after[i]).length;
    story.check(differing > 0, `the two contents differ in ${differing} bytes`);
    await site.init([s0]);
    await device.write(0, before);
    await device.flush();
    await site.verify(a0, await site.fullBackup(s0));
    // Nobody sends the log of a standby: only the hashes can tell what was written meanwhile.
    await site.goStandby(s0);
    await device.write(0, after);
    await site.write(s0, VOL, 0);
    const gid = await site.hashBackup(s0);
    const image = await site.image(a0, gid);
    const { admissible, badBlocksLb } = device.ledger.judge(gid, image);
    story.check(!admissible, 'the ledger sees what the hashes do not');
    story.note(`blocks ${badBlocksLb.join(', ')} at the archive are the old ones, for whatever seed`);
    await site.stop(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    site.forgetSnapshots();
    const full = await site.fullBackup(s0);
    await site.verify(a0, full);
    story.check((await walbc.getBlockHash(a0, VOL, full)).length === 32, 'its hash is given');
  },
});
