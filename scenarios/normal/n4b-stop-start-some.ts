import { stopStartOrders } from '../lib/orders.ts';
import { siteScenario } from '../lib/site.ts';
import { stopAndStart } from '../lib/stop-start.ts';

export const n4b = siteScenario({
  name: 'n4b-stop-start-some',
  purpose: 'Five random orders of stopping and starting servers, by the seed',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    await site.begin();
    const orders = site.random.at('n4b').shuffle(stopStartOrders([s0, p0, a0]));
    for (const order of orders.slice(0, 5)) await stopAndStart(site, order);
  },
});
