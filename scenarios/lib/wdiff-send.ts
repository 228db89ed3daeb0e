import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import type { Uuid } from '../../core/format/uuid.ts';
import { sendPacks } from '../../core/protocol/pack-stream.ts';
import { packIos } from '../../core/protocol/packs.ts';
import { readWdiffAck, requestWdiffTransfer } from '../../core/protocol/wdiff-transfer.ts';
import { openConversation } from '../../core/server/shared/client.ts';
import { DEFAULT_COMPRESS_OPT } from '../../core/snapshot/host-info.ts';
import type { MetaDiff } from '../../core/snapshot/meta.ts';
import type { Lb } from '../../core/units.ts';
import type { World } from '../../core/world/index.ts';

/** A diff as a proxy would send it. */
export interface OfferedDiff {
  readonly volId: string;
  readonly uuid: Uuid;
  readonly sizeLb: Lb;
  readonly diff: MetaDiff;
  /** Sorted, not overlapping. */
  readonly ios: readonly PlainIo[];
}

/** Sends a diff to an archive in the place of a proxy. Returns the archive's answer: `accept`, or why not. */
export async function sendWdiff(
  world: World,
  ax: ServerConnectionParam,
  { ios, ...offer }: OfferedDiff,
): Promise<string> {
  const options = { nodeId: 'wdiff-send', socketTimeoutS: 10, keepAlive: false };
  const { channel } = await openConversation(world, ax.address, 'wdiff-transfer', options, 'wdiff-send');
  try {
    const reply = await requestWdiffTransfer(channel, { hostType: 'proxy', ...offer });
    if (reply.kind === 'rejected') return reply.word;
    if (reply.kind === 'error') return reply.text;
    await sendPacks(channel, packIos(ios, DEFAULT_COMPRESS_OPT, world.codecs));
    await readWdiffAck(channel);
    return 'accept';
  } finally {
    channel.close();
  }
}
