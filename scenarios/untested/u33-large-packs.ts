import { LB_PER_MIB, siteScenario } from '../lib/site.ts';

export const u33 = siteScenario({
  name: 'u33-large-packs',
  purpose: 'A log pack larger than a transfer may be waits in the log, and is sent once the limit is raised',
  layout: 's0/p0/a0',
  deviceMib: 4,
  logMib: 16,
  storageOptions: { maxWlogSendMb: 1 },
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    const device = site.device(s0);
    const random = site.random.at('u33');
    // With its header block the pack of such a write is larger than 1 MiB, the limit.
    for (let i = 0; i < 3; i++) await device.write(i * LB_PER_MIB, random.bytes(LB_PER_MIB * 512));
    await device.flush();
    const gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 60);
    const { usedPb } = await site.logUsage(s0);
    story.check(usedPb > 3 * LB_PER_MIB, `${usedPb} blocks of log wait`);
    await site.restart(s0, { maxWlogSendMb: 2 });
    await walbc.waitForRestorable(a0, 'vol0', gid, 100);
    await site.verify(a0, gid);
    const isEmpty = async () => (await site.logUsage(s0)).usedPb === 0;
    await site.eventually(isEmpty, 60, 'the log is empty');
  },
});
