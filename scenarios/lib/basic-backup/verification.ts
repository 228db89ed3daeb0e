import { createHash } from 'node:crypto';
import { timeToPrintable } from '../../../core/format/time-text.ts';
import type { Gid } from '../../../core/units.ts';
import { type Day, VOL } from './day.ts';

/** Takes a snapshot that is waited for, and records it. */
export function takeSnapshot({ group, story, s0, a0, volume }: Day): Promise<Gid> {
  return volume.snapshot(() =>
    story.step('walbc.snapshot(s0, VOL, [a0])', () => group.controller.snapshot(s0, VOL, [a0])),
  );
}

/** Restores a gid, reads the image and lets the ledger judge it. */
export async function restoreOne(day: Day, gid: Gid, isClean = true): Promise<void> {
  const { group, story, a0, volume, input, rows, images } = day;
  const walbc = group.controller;
  const info = (await walbc.getRestorable(a0, VOL, 'all')).find((candidate) => candidate.gid === gid);
  await story.step(`walbc.restore(a0, VOL, ${gid}, 100)`, () => walbc.restore(a0, VOL, gid, 100));
  const path = await story.step(`walbc.getRestoredPath(a0, VOL, ${gid})`, () =>
    walbc.getRestoredPath(a0, VOL, gid),
  );
  await input.at?.(`restored ${gid}`, group);
  const image = await group.readVolume(a0.name, path);
  const verdict = volume.ledger.judge(gid, image);
  const where = verdict.badBlocksLb.length === 0 ? '' : ` (blocks ${verdict.badBlocksLb.join(', ')})`;
  story.note(
    verdict.admissible
      ? `the image at gid ${gid} is admissible`
      : `NOT admissible: ${verdict.reason}${where}`,
  );
  if (images !== null && !images.has(gid)) images.set(gid, image);
  rows.push({
    gid,
    time: timeToPrintable(info?.timestamp ?? 0),
    isClean,
    sizeBytes: image.length,
    sha256: createHash('sha256').update(image).digest('hex'),
    isAdmissible: verdict.admissible,
    reason: verdict.reason,
  });
}
