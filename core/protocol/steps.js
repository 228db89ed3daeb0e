import { ARCHIVE_INFO_STEPS } from './archive-info.js';
import { BACKUP_STEPS } from './backup-parts.js';
import { BHASH_STEPS } from './bhash.js';
import { BUILTIN_STEPS } from './builtin.js';
import { COMMAND_STEPS } from './command.js';
import { DIRTY_FULL_SYNC_STEPS } from './dirty-full-sync.js';
import { DIRTY_HASH_SYNC_STEPS } from './dirty-hash-sync.js';
import { FULL_SYNC_STREAM_STEPS } from './full-sync-stream.js';
import { GATHER_LATEST_SNAP_STEPS } from './gather-latest-snap.js';
import { HASH_SYNC_STREAM_STEPS } from './hash-sync-stream.js';
import { NEGOTIATION_STEPS } from './negotiation.js';
import { PACK_STREAM_STEPS } from './pack-stream.js';
import { REPL_DIFF_STEPS } from './repl-diff.js';
import { REPL_FULL_STEPS } from './repl-full.js';
import { REPL_HASH_STEPS } from './repl-hash.js';
import { REPL_RESYNC_STEPS } from './repl-resync.js';
import { REPL_SYNC_STEPS } from './repl-sync.js';
import { SNAPSHOT_STEPS } from './snapshot.js';
import { VIRT_FULL_SCAN_STEPS } from './virt-full-scan.js';
import { WDIFF_TRANSFER_STEPS } from './wdiff-transfer.js';
import { WLOG_TRANSFER_STEPS } from './wlog-transfer.js';
/**
 * Every step of every conversation. A step is used by one side only: those that begin with `send-` name a
 * flush (and the half-close behind it), the others what is being read.
 */
export const PROTOCOL_STEPS = [
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
