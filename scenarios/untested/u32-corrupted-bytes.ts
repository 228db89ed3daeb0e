import { putRepeaters, relayedActs, strikeEverywhere } from '../lib/relayed-site.ts';
import type { Direction } from '../lib/repeater.ts';
import { siteScenario } from '../lib/site.ts';

/** Requests come first and the final words last; neither has a checksum in the protocols (docs/differences.md). */
const OPENING_BYTES = 500;
const ENDING_BYTES = 300;

export const u32 = siteScenario({
  name: 'u32-corrupted-bytes',
  purpose:
    'A byte of the data that changes on its way is found by a checksum, and what was sent is sent again',
  layout: 's0/p0/a0,a1',
  deviceMib: 0.25,
  async tell(site) {
    const relayed = await putRepeaters(site);
    await site.begin();
    const acts = relayedActs(relayed);
    let struck = 0;
    for (const [act, drawn] of [
      [acts.wlog, 4],
      [acts.wdiff, 4],
      [acts.hashBackup, 2],
      [acts.fullReplication, 2],
      [acts.diffReplication, 2],
      [acts.fullBackup, 2],
    ] as const) {
      struck += await strikeEverywhere(relayed, act, 'corrupt', (count: number, direction: Direction) => {
        if (direction === 'to-client' || count < OPENING_BYTES + ENDING_BYTES) return [];
        const random = site.random.at('u32', act.what);
        return Array.from({ length: drawn }, () => random.between(OPENING_BYTES, count - ENDING_BYTES));
      });
    }
    site.story.check(struck === 16, `${struck} bytes were changed`);
    await site.clearVol(relayed.a1);
  },
});
