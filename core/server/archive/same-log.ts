import { ProtocolError, StateError } from '../../errors.ts';
import { type Uuid, uuidEquals } from '../../format/uuid.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../format/wdiff-header.ts';
import { diffToText, isCleanSnap, type MetaDiff, snapEquals, snapToText } from '../../snapshot/meta.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveVolume, requireLatest } from './volume.ts';
import { closeAll } from './wdiff-store.ts';

const OTHER_LOG = 'is of another log than';

/**
 * Whether a diff from another archive follows the latest snapshot here (docs/operations.md,
 * "Replication"). A hash backup goes on from what its archive has, with gids that diffs of the old log may have had that
 * reached only the archive here: then the same gid means two contents. The uuid of the log tells. Throws StateError.
 */
export async function verifySameLog(
  volume: ArchiveVolume,
  diff: MetaDiff,
  uuid: Uuid,
  func: string,
): Promise<void> {
  const latest = requireLatest(volume, func).snapB;
  // The diff of a hash backup itself is what leads from one log to the next.
  if (snapEquals(diff.snapB, latest) && !isCleanSnap(diff.snapE)) return;
  const own = await uuidOfLatest(volume);
  if (own === null || uuidEquals(own, uuid)) return;
  throw new StateError(
    `${func}:${snapToText(latest)} ${OTHER_LOG} ${diffToText(diff)}; replicate with resync`,
  );
}

/** Whether another archive refused a diff by `verifySameLog`. */
export function tellsAnotherLog(error: unknown): boolean {
  return error instanceof ProtocolError && error.message.includes(OTHER_LOG);
}

/** Of the log that the latest snapshot came by; null where no file tells. */
async function uuidOfLatest(volume: ArchiveVolume): Promise<Uuid | null> {
  const opened = await volume.wdiffs.openAll(() => {
    const last = volume.wdiffs.set.diffWithMaxGid();
    // What was made by comparing has the uuid of its source's newest diff.
    return last === null || last.isCompDiff ? [] : [last];
  });
  try {
    const [last] = opened;
    if (last === undefined) return null;
    return decodeWdiffHeader(await last.handle.read(0, WDIFF_HEADER_BYTES, STEPS.readWdiff)).uuid;
  } finally {
    closeAll(opened);
  }
}
