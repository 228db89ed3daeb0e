import type { Scenario } from './scenario.ts';
import { siteScenario } from './site.ts';

/** The volume that has so many diffs. */
const DEEP = 'vol1';
/** Within so much virtual time a server answers again, and a list comes. */
const START_LIMIT_S = 60;
const LIST_LIMIT_S = 10;

/** Very many volumes, and one of them with very many diffs. */
export interface Crowd {
  readonly name: string;
  readonly volumeCount: number;
  readonly diffCount: number;
}

/** A scenario that lists and starts with a crowd; the limits are of virtual time. */
export function crowdScenario({ name, volumeCount, diffCount }: Crowd): Scenario {
  return siteScenario({
    name,
    purpose:
      'A thousand volumes, and a volume with a hundred thousand diffs: servers start and lists come in time',
    layout: 's0/p0/a0',
    deviceCount: 3,
    deviceMib: 0.25,
    needs: ['data-loss'],
    async tell(site) {
      const { s0, a0 } = site.servers;
      const { walbc, story, group } = site;
      await site.begin();
      await site.begin(DEEP);
      const timed = async <T>(what: string, limitS: number, act: () => Promise<T>): Promise<T> => {
        const beganUs = group.clock.nowUs();
        const result = await act();
        const tookS = (group.clock.nowUs() - beganUs) / 1e6;
        story.note(`${what}: ${tookS.toFixed(3)} s`);
        story.check(tookS < limitS, `${what} takes less than ${limitS} s`);
        return result;
      };
      // Volumes that are only registered may share a device.
      const names = Array.from({ length: volumeCount - 2 }, (_, i) => `many-${i}`);
      const { path } = site.device(s0, 2).device;
      for (const name of names) {
        await walbc.initVol(s0, name, path);
        await walbc.initVol(a0, name);
      }
      for (const server of [s0, a0]) {
        await site.shutdown(server);
        await timed(`start of ${server.name} with ${volumeCount} volumes`, START_LIMIT_S, () =>
          group.startServer(server.name),
        );
        const list = await timed(`volumes of ${server.name}`, LIST_LIMIT_S, () => walbc.getVolList(server));
        story.check(list.length === volumeCount, `${list.length} volumes are listed`);
        const lines = await timed(`status of ${server.name}`, LIST_LIMIT_S, () =>
          walbc.runCtl(server, ['status']),
        );
        const found = lines.filter((line) => line.startsWith('volume ')).length;
        story.check(found >= volumeCount, `${found} lines of volumes`);
      }
      // Diffs without content: their names say all that lists need.
      const latest = await walbc.getLatestCleanSnapshot(a0, DEEP);
      await site.shutdown(a0);
      const files = group.files('a0');
      for (let i = 0; i < diffCount; i++) {
        const gid = latest + i;
        files.write(`${DEEP}/20300101000000-M--${gid}-${gid + 1}.wdiff`, new Uint8Array(1));
      }
      await timed(`start of a0 with ${diffCount} diffs`, START_LIMIT_S, () => group.startServer('a0'));
      const count = await timed('num-diff', LIST_LIMIT_S, () => walbc.getNumDiff(a0, DEEP));
      story.check(count >= diffCount, `${count} diffs are counted`);
      const all = await timed('restorable all', LIST_LIMIT_S, () => walbc.getRestorableGid(a0, DEEP, 'all'));
      story.check(
        all.at(-1) === latest + diffCount,
        `${all.length} snapshots up to ${all.at(-1)} are listed`,
      );
      const kept = await timed('restorable', LIST_LIMIT_S, () => walbc.getRestorableGid(a0, DEEP));
      story.check(kept.length < 5, `[${kept}] are listed without the mergeable ones`);
      const chain = await timed('applicable-diff', LIST_LIMIT_S, () => walbc.getApplicableDiffList(a0, DEEP));
      story.check(chain.length >= diffCount, `${chain.length} diffs are applicable`);
      await timed('total-diff-size', LIST_LIMIT_S, () => walbc.getTotalDiffSize(a0, DEEP));
      // The others are served meanwhile.
      await site.write(s0);
      await site.verify(a0, await site.snapshot(s0, [a0]));
      await site.clearVol(a0, DEEP);
      site.forgetSnapshots(DEEP);
    },
  });
}
