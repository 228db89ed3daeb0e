import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import type { Channel } from '../../core/protocol/channel.ts';
import { openChannel } from '../../core/server/shared/client.ts';
import { type Site, siteScenario } from '../lib/site.ts';

const STEP = 'scenario.other-version';
const LIMIT_US = 10_000_000;

/** What a server answers to a client that speaks a version of a protocol. */
async function answerTo(site: Site, server: ServerConnectionParam, protocol: string, version: number) {
  const limits = { connectUs: LIMIT_US, socketUs: LIMIT_US };
  const channel: Channel = await openChannel(site.group.world, server.address, limits, STEP);
  try {
    channel.out.string('old-client');
    channel.out.string(protocol);
    channel.out.u32(version);
    await channel.flush(STEP);
    await channel.readString(STEP);
    return await channel.readString(STEP);
  } finally {
    channel.close();
  }
}

export const u44 = siteScenario({
  name: 'u44-other-version',
  purpose: 'A peer of another version of the protocol is refused with both versions named, and harms nothing',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { story } = site;
    await site.begin();
    for (const [server, protocols] of [
      [s0, ['get', 'status', 'snapshot']],
      [p0, ['get', 'wlog-transfer', 'archive-info']],
      [a0, ['get', 'wdiff-transfer', 'dirty-full-sync3', 'dirty-hash-sync2', 'repl-sync3']],
    ] as const) {
      for (const protocol of protocols) {
        for (const version of [0, 2, 4_294_967_295]) {
          const answer = await answerTo(site, server, protocol, version);
          story.check(
            answer.includes(`version differ c/s:${version}:1`),
            `${server.name} refuses version ${version} of ${protocol}: ${answer}`,
          );
        }
      }
      // Earlier generations of the transfers had other names.
      const answer = await answerTo(site, server, 'dirty-full-sync2', 1);
      story.check(
        answer.includes('bad protocol'),
        `${server.name} does not know dirty-full-sync2: ${answer}`,
      );
      story.note(`${server.name} refuses every other version`);
    }
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
