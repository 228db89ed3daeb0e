import type { MetaDiff } from '../../core/snapshot/meta.ts';
import { diffToText } from '../../core/snapshot/meta.ts';
import type { Gid } from '../../core/units.ts';
import { PropertyError } from './failure.ts';
import { latestGid, registrationOf, waitingDiffUuid } from './inspect.ts';
import { archiveView, type ChaosSite, proxyView, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** Diffs that a proxy holds alone, the storage having let its log go: by proxy, archive and registration, then by diff. */
export type Custody = Map<string, Map<string, Held>>;

interface Held {
  readonly diff: MetaDiff;
  /** The log that it comes from. */
  readonly uuid: string;
}

/**
 * A proxy removes a diff only when its archive has what it holds (acknowledged, or too old), follows another log
 * (different uuid), has no image any more, or was deregistered. Throws PropertyError.
 */
export function checkCustody(site: ChaosSite, truth: VolumeTruth): void {
  const storage = storageView(site, truth);
  for (const proxy of site.group.layout.proxies) {
    const view = proxyView(site, proxy, truth);
    for (const archive of site.group.layout.archives) {
      const diffs = view.get(archive);
      const host = site.group.host(proxy);
      // Deregistered, and perhaps registered again: then nothing is left of what was before.
      const key = `${proxy} ${archive} ${registrationOf(host, truth.name, archive)}`;
      for (const other of [...truth.custody.keys()]) {
        const isOlder = other.startsWith(`${proxy} ${archive} `) && other !== key;
        if (isOlder || (diffs === undefined && other === key)) truth.custody.delete(other);
      }
      if (diffs === undefined) continue;
      const held = truth.custody.get(key) ?? new Map<string, Held>();
      truth.custody.set(key, held);
      const present = new Set(diffs.map(diffToText));
      for (const [text, one] of [...held]) {
        if (present.has(text)) continue;
        held.delete(text);
        if (mayGo(site, truth, archive, one)) continue;
        throw new PropertyError(
          'wdiff-kept',
          'proxy',
          `${truth.name}: ${proxy} removed ${text}, which ${archive} neither has nor refused`,
        );
      }
      // What the storage may still send again is not the proxy's alone.
      const doneGid = storage?.done.gid ?? -1;
      for (const diff of diffs) {
        const text = diffToText(diff);
        if ((diff.snapE.gidB as Gid) > doneGid || held.has(text)) continue;
        const uuid = waitingDiffUuid(host, truth.name, archive, diff);
        // One of an old log waits for its refusal, whatever the storage has let go of the new one.
        if (uuid === truth.uuid) held.set(text, { diff, uuid });
      }
    }
  }
}

function mayGo(site: ChaosSite, truth: VolumeTruth, archive: string, { diff, uuid }: Held): boolean {
  const view = archiveView(site, archive, truth);
  if (view === null || !['Archived', 'Stopped'].includes(view.state)) return true;
  return view.uuid !== uuid || latestGid(view) >= (diff.snapE.gidB as Gid);
}
