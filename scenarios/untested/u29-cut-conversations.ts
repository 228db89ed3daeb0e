import {
  putRepeaters,
  type RelayedAct,
  type RelayedSite,
  relayedActs,
  strikeEverywhere,
} from '../lib/relayed-site.ts';
import type { Direction } from '../lib/repeater.ts';
import { siteScenario } from '../lib/site.ts';

/** Cut before the first byte, before the last one, behind it (the answer is lost), and where the seed says. */
function cutPlaces(relayed: RelayedSite, act: RelayedAct, drawn: number) {
  return (count: number, direction: Direction) => {
    const random = relayed.site.random.at('u29', act.what, direction);
    const places = Array.from({ length: drawn }, () => random.below(count));
    return [...new Set([0, ...places, count - 1])].sort((a, b) => a - b);
  };
}

export const u29 = siteScenario({
  name: 'u29-cut-conversations',
  purpose:
    'Every kind of transfer may be cut at any byte in either direction: it fails cleanly and is made up for',
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
      [acts.hashBackup, 1],
      [acts.fullReplication, 1],
      [acts.diffReplication, 1],
      [acts.fullBackup, 1],
    ] as const) {
      struck += await strikeEverywhere(relayed, act, 'cut', cutPlaces(relayed, act, drawn));
    }
    site.story.check(struck > 30, `${struck} conversations were cut`);
    await site.clearVol(relayed.a1);
  },
});
