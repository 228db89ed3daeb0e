import { NotFoundError, StateError } from '../../errors.ts';
import {
  parseOptionalVolWords,
  parseProxyDiffWords,
  parseVolAndArchiveWords,
  parseVolWords,
} from '../../protocol/get.ts';
import { proxyLatestSnapToText } from '../../snapshot/lag-text.ts';
import { formatMetaDiff } from '../../snapshot/meta-text.ts';
import type { Getter } from '../shared/handlers.ts';
import { listVolumeDirectories } from '../shared/persist.ts';
import { PROXY_STEPS as STEPS } from './steps.ts';
import { getVolume, type ProxyServer, type ProxyVolume, sortedArchives } from './volume.ts';

/** What `get` answers at a proxy, by target (docs/operations.md, "get"). */
export function proxyGetters(server: ProxyServer): Map<string, Getter> {
  const { world, options } = server;
  return new Map<string, Getter>([
    ['state', async (words) => (await getVolume(server, parseVolWords(words).volId)).states.state],
    ['host-type', () => 'proxy'],
    ['vol', () => listVolumeDirectories(world, options.baseDirectory, STEPS.listVolumes)],
    ['pid', () => world.pid],
    ['is-wdiff-send-error', (words) => isWdiffSendError(server, words)],
    ['latest-snap', (words) => latestSnap(server, parseOptionalVolWords(words).volId)],
    ['handler-stat', () => server.stats.take()],
    ['proxy-diff', (words) => proxyDiff(server, words)],
  ]);
}

async function isWdiffSendError(server: ProxyServer, words: readonly string[]): Promise<number> {
  const { volId, archiveName } = parseVolAndArchiveWords(words);
  const volume = await getVolume(server, volId);
  const { state } = volume.states;
  if (state === 'Clear') throw new StateError(`isWdiffSendError:bad state:${volId}:${state}`, state);
  const archive = volume.archives.get(archiveName);
  if (archive === undefined)
    throw new NotFoundError(`isWdiffSendError:bad archive name:${volId}:${archiveName}`);
  return Number(archive.isSendError);
}

async function latestSnap(server: ProxyServer, volId: string | null): Promise<string[]> {
  const volumes: ProxyVolume[] =
    volId === null
      ? [...server.volumes.values()].sort((a, b) => (a.volId < b.volId ? -1 : 1))
      : [await getVolume(server, volId)];
  const lines: string[] = [];
  for (const volume of volumes) {
    for (const archive of sortedArchives(volume)) {
      const diff = archive.diffs.set.diffWithMaxGid();
      const snap = diff === null ? null : { gid: diff.snapE.gidB, timestamp: diff.timestamp };
      lines.push(proxyLatestSnapToText(volume.volId, archive.name, snap));
    }
  }
  if (volId !== null && lines.length === 0) {
    throw new NotFoundError(`getLatestSnap:could not get latest snapshot for volume:${volId}`);
  }
  return lines;
}

async function proxyDiff(server: ProxyServer, words: readonly string[]): Promise<string[]> {
  const { volId, archiveName } = parseProxyDiffWords(words);
  const volume = await getVolume(server, volId);
  const set = archiveName === null ? volume.received.set : volume.archives.get(archiveName)?.diffs.set;
  return (set?.getAll() ?? []).map((diff) => formatMetaDiff('', diff));
}
