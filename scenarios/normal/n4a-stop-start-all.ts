import { stopStartOrders } from '../lib/orders.ts';
import { siteScenario } from '../lib/site.ts';
import { stopAndStart } from '../lib/stop-start.ts';

export const n4a = siteScenario({
  name: 'n4a-stop-start-all',
  purpose:
    'Every subset of the servers can be stopped and started in every order while an application writes',
  layout: 's0/p0/a0',
  deviceMib: 0.25,
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    await site.begin();
    const orders = stopStartOrders([s0, p0, a0]);
    site.story.check(orders.length === 51, `51 orders are tried, not ${orders.length}`);
    for (const order of orders) {
      await stopAndStart(site, order);
      // The history stays short, so that each order costs the same.
      await site.walbc.applyAll(a0, 'vol0');
    }
  },
});
