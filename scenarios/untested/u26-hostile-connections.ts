import { siteScenario, VOL } from '../lib/site.ts';

export const u26 = siteScenario({
  name: 'u26-hostile-connections',
  purpose: 'Garbage, huge lengths, unknown protocols and a storm of clients harm no server',
  layout: 's0/p0/a0',

  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { group, story, walbc } = site;
    await site.begin();
    const random = site.random.at('u26');
    const { network } = group.world;
    const long = new Uint8Array(64).fill(0xff);
    for (const server of [s0, p0, a0]) {
      const attacks = [
        new Uint8Array(0),
        long,
        random.bytes(5),
        random.bytes(2000),
        new TextEncoder().encode('GET /'),
      ];
      for (const bytes of attacks) {
        const connection = await network.connect(server.address, 3_000_000, 'scenario.attack');
        connection.setTimeouts(30_000_000, 3_000_000);
        await connection.write(bytes, 'scenario.attack').catch(() => {});
        await connection.end('scenario.attack').catch(() => {});
        let receivedBytes = 0;
        for (;;) {
          const part = await connection.read(4096, 'scenario.attack').catch(() => null);
          if (part === null) break;
          receivedBytes += part.length;
        }
        connection.close();
        story.check(receivedBytes < 10_000, `${server.name} answers ${receivedBytes} bytes`);
      }
      const clients = Array.from({ length: 100 }, () =>
        network.connect(server.address, 3_000_000, 'scenario.storm').then(
          (one) => one.close(),
          () => {},
        ),
      );
      await Promise.all(clients);
      story.check(group.isRunning(server.name), `${server.name} still runs`);
    }
    await site.sleep(15);
    const alive = await walbc.getAliveServer();
    story.check(alive.length === 3, `[${alive}] answer`);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0], VOL));
  },
});
