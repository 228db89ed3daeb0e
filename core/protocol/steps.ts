import { ARCHIVE_INFO_STEPS } from './archive-info.ts';
import { BACKUP_STEPS } from './backup-parts.ts';
import { BHASH_STEPS } from './bhash.ts';
import { BUILTIN_STEPS } from './builtin.ts';
import { COMMAND_STEPS } from './command.ts';
import { DIRTY_FULL_SYNC_STEPS } from './dirty-full-sync.ts';
import { DIRTY_HASH_SYNC_STEPS } from './dirty-hash-sync.ts';
import { FULL_SYNC_STREAM_STEPS } from './full-sync-stream.ts';
import { GATHER_LATEST_SNAP_STEPS } from './gather-latest-snap.ts';
import { HASH_SYNC_STREAM_STEPS } from './hash-sync-stream.ts';
import { NEGOTIATION_STEPS } from './negotiation.ts';
import { PACK_STREAM_STEPS } from './pack-stream.ts';
import { REPL_DIFF_STEPS } from './repl-diff.ts';
import { REPL_FULL_STEPS } from './repl-full.ts';
import { REPL_HASH_STEPS } from './repl-hash.ts';
import { REPL_RESYNC_STEPS } from './repl-resync.ts';
import { REPL_SYNC_STEPS } from './repl-sync.ts';
import { SNAPSHOT_STEPS } from './snapshot.ts';
import { VIRT_FULL_SCAN_STEPS } from './virt-full-scan.ts';
import { WDIFF_TRANSFER_STEPS } from './wdiff-transfer.ts';
import { WLOG_TRANSFER_STEPS } from './wlog-transfer.ts';

/**
 * Every step of every conversation. A step is used by one side only: those that begin with `send-` name a
 * flush (and the half-close behind it), the others what is being read.
 */
export const PROTOCOL_STEPS: readonly string[] = [
  NEGOTIATION_STEPS,
  COMMAND_STEPS,
  BUILTIN_STEPS,
  ARCHIVE_INFO_STEPS,
  SNAPSHOT_STEPS,
  BHASH_STEPS,
  VIRT_FULL_SCAN_STEPS,
  GATHER_LATEST_SNAP_STEPS,
  BACKUP_STEPS,
  DIRTY_FULL_SYNC_STEPS,
  DIRTY_HASH_SYNC_STEPS,
  FULL_SYNC_STREAM_STEPS,
  HASH_SYNC_STREAM_STEPS,
  PACK_STREAM_STEPS,
  WLOG_TRANSFER_STEPS,
  WDIFF_TRANSFER_STEPS,
  REPL_SYNC_STEPS,
  REPL_FULL_STEPS,
  REPL_RESYNC_STEPS,
  REPL_HASH_STEPS,
  REPL_DIFF_STEPS,
].flatMap((steps) => Object.values(steps));
