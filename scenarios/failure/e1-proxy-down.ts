import { siteScenario, VOL } from '../lib/site.ts';

export const e1 = siteScenario({
  name: 'e1-proxy-down',
  purpose: 'While one proxy is down the other takes the log, more than fits into it',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.shutdown(p0);
    await site.writeMuch(s0);
    story.check(!(await walbc.isOverflow(s0, VOL)), 'the log has not overflowed');
    await site.start(p0);
    await site.kickAll([s0]);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
