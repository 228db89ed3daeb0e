import { StreamHash } from '../../engine/block-hash.ts';
import { AbortedError, errorText } from '../../errors.ts';
import { acceptBlockHash, failBlockHash, replyBlockHash, sayStillHashing } from '../../protocol/bhash.ts';
import { receiveWords } from '../../protocol/command.ts';
import { parseScan, type ScanWords } from '../../protocol/command-words.ts';
import { acceptVirtFullScan, sendVirtFullScan } from '../../protocol/virt-full-scan.ts';
import { type Lb, US_PER_S } from '../../units.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import { refuse } from '../shared/handlers.ts';
import type { Handler, Session } from '../shared/server.ts';
import { requireBaseLb } from './base-image.ts';
import { openScan, type SnapshotScan } from './scan.ts';
import { ScanSleeper } from './scan-sleeper.ts';
import { ACTIVE_STATES } from './states.ts';
import {
  type ArchiveServer,
  type ArchiveVolume,
  checkAborted,
  getVolume,
  isAborted,
  verifyState,
} from './volume.ts';

/** Commands that read a whole snapshot (docs/operations.md, "Scans"). */

interface ScanRequest extends ScanWords {
  readonly volume: ArchiveVolume;
}

async function receiveScan(
  server: ArchiveServer,
  session: Session<ArchiveWorld>,
  func: string,
): Promise<ScanRequest> {
  const words = parseScan(await receiveWords(session.channel, func), func);
  const volume = getVolume(server, words.volId);
  verifyState(volume, ACTIVE_STATES, func);
  const volumeLb = requireBaseLb(volume, func);
  const sizeLb: Lb = words.sizeLb === 0 ? volumeLb : words.sizeLb;
  return { ...words, volume, sizeLb };
}

/** `virt-full-scan`: sends the content of a snapshot. */
export function virtFullScanCommand(server: ArchiveServer): Handler<ArchiveWorld> {
  const func = 'c2aVirtualFullScanServer';
  return async (session) => {
    let request: ScanRequest;
    let endForeground: () => void;
    try {
      request = await receiveScan(server, session, func);
      endForeground = server.foreground.begin(func);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    try {
      await acceptVirtFullScan(session.channel);
      await scanTo(server, session, request);
    } finally {
      endForeground();
    }
  };
}

async function scanTo(
  server: ArchiveServer,
  session: Session<ArchiveWorld>,
  request: ScanRequest,
): Promise<void> {
  const { volume, gid, sizeLb, bulkLb, sleepPercent } = request;
  const { clock, codecs } = volume.world;
  const sleeper = new ScanSleeper(clock, sleepPercent);
  let scan: SnapshotScan | null = null;
  try {
    await sendVirtFullScan(session.channel, {
      sizeLb,
      bulkLb,
      codecs,
      readChunk: async (addressLb, chunkLb) => {
        // The client hears the size first: a snapshot that is not there ends the conversation behind it.
        scan ??= await openScan(server, volume, gid, sizeLb);
        return scan.readChunk(addressLb, chunkLb);
      },
      shouldStop: () => isAborted(server, volume),
      throttle: () => sleeper.sleep(),
    });
  } finally {
    closeScan(scan);
  }
}

function closeScan(scan: SnapshotScan | null): void {
  scan?.close();
}

/** `bhash`: the hash of a snapshot. */
export function blockHashCommand(server: ArchiveServer): Handler<ArchiveWorld> {
  const func = 'c2aBlockHashServer';
  return async (session) => {
    let request: ScanRequest;
    try {
      request = await receiveScan(server, session, func);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    const { channel } = session;
    await acceptBlockHash(channel);
    let hash: Uint8Array;
    try {
      hash = await hashSnapshot(server, request, () => sayStillHashing(channel));
    } catch (error) {
      session.world.log.error(`${func}:${errorText(error)}`);
      await failBlockHash(
        channel,
        error instanceof AbortedError ? `${func}:force stopped` : errorText(error),
      );
      return;
    }
    await replyBlockHash(channel, hash);
  };
}

async function hashSnapshot(
  server: ArchiveServer,
  request: ScanRequest,
  sayAlive: () => Promise<void>,
): Promise<Uint8Array> {
  const { volume, gid, sizeLb, bulkLb, sleepPercent } = request;
  const { clock } = volume.world;
  const sleeper = new ScanSleeper(clock, sleepPercent);
  const hash = new StreamHash();
  const scan = await openScan(server, volume, gid, sizeLb);
  let saidUs = clock.monotonicUs();
  try {
    for (let addressLb = 0; addressLb < sizeLb; addressLb += bulkLb) {
      checkAborted(server, volume, 'c2aBlockHashServer');
      hash.add(await scan.readChunk(addressLb, Math.min(bulkLb, sizeLb - addressLb)));
      await sleeper.sleep();
      if (clock.monotonicUs() - saidUs < US_PER_S) continue;
      await sayAlive();
      saidUs = clock.monotonicUs();
    }
    return hash.digest();
  } finally {
    scan.close();
  }
}
