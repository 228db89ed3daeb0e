import { stopStartOrders } from '../lib/orders.ts';
import { siteScenario } from '../lib/site.ts';

export const u15 = siteScenario({
  name: 'u15-restart-orders',
  purpose:
    'Servers that are killed or shut down, any of them and in any order, recover without a command while an application writes',
  layout: 's0/p0/a0',
  deviceMib: 0.25,
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc } = site;
    await site.begin();
    const random = site.random.at('u15');
    // Every order to start, each with a random order to end.
    const orders = stopStartOrders([s0, p0, a0]).filter(
      ({ stops, starts }, i, all) =>
        all.findIndex(
          (one) => String(one.starts.map((s) => s.name)) === String(starts.map((s) => s.name)),
        ) === i && stops.length > 0,
    );
    for (const how of ['kill', 'force', 'graceful'] as const) {
      for (const { starts } of orders) {
        site.load(s0);
        await site.sleep(0.2);
        const ends = random.shuffle(starts);
        site.story.note(`${how}: ${ends.map((s) => s.name)}; start: ${starts.map((s) => s.name)}`);
        for (const server of ends) {
          if (how === 'kill') site.kill(server);
          else await site.shutdown(server, how);
          await site.sleep(0.1);
        }
        await site.sleep(0.4);
        for (const server of starts) await site.start(server);
        await site.quiet();
        const gid = await site.snapshotNbk(s0);
        await walbc.waitForRestorable(a0, 'vol0', gid, 400);
        await site.verify(a0, gid);
        await walbc.applyAll(a0, 'vol0');
      }
    }
  },
});
