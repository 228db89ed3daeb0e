import { siteScenario } from 'walbox/scenarios';

export const myScenario = siteScenario({
  name: 'my-scenario',
  purpose: 'What is written while the storage server is down is sent after its start',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin(); // volume registered, something written, full backup
    site.kill(s0);
    await site.write(s0); // the application goes on: the device works without the server
    await site.start(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid); // restored at a0, judged block by block
  },
});
