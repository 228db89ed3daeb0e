import { bdiff } from './bdiff.ts';
import { bhash } from './bhash.ts';
import { checksumTool } from './checksum.ts';
import { dirtreeHash } from './dirtree-hash.ts';
import { metadiffList } from './metadiff-list.ts';
import { searchInvalidLogpack } from './search-invalid-logpack.ts';
import { searchLsid } from './search-lsid.ts';
import type { Tool } from './tool.ts';
import { verifyWldev } from './verify-wldev.ts';
import { verifyWlog } from './verify-wlog.ts';
import { virtFullCat } from './virt-full-cat.ts';
import { wdevRedo } from './wdev-redo.ts';
import { wdiffDump } from './wdiff-dump.ts';
import { wdiffFull } from './wdiff-full.ts';
import { wdiffMerge } from './wdiff-merge.ts';
import { wdiffNameGen } from './wdiff-name-gen.ts';
import { wdiffRedo } from './wdiff-redo.ts';
import { wdiffSend } from './wdiff-send.ts';
import { wdiffShow } from './wdiff-show.ts';
import { wldevChecker } from './wldev-checker.ts';
import { wldevDump } from './wldev-dump.ts';
import { wldevInfo } from './wldev-info.ts';
import { wldevShow } from './wldev-show.ts';
import { wlogAnalyze } from './wlog-analyze.ts';
import { wlogCat } from './wlog-cat.ts';
import { wlogGen } from './wlog-gen.ts';
import { wlogRedo } from './wlog-redo.ts';
import { wlogRestore } from './wlog-restore.ts';
import { wlogShow } from './wlog-show.ts';
import { wlogShowRaw } from './wlog-show-raw.ts';
import { wlogToWdiff } from './wlog-to-wdiff.ts';
import { wlogUpdate } from './wlog-update.ts';

export { runToolInProcess } from './process-io.ts';
export type { Tool, ToolIo } from './tool.ts';

/** The file tools of the original by name. See docs/tools.md. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['bdiff', bdiff],
  ['bhash', bhash],
  ['checksum', checksumTool],
  ['dirtree-hash', dirtreeHash],
  ['metadiff-list', metadiffList],
  ['search-invalid-logpack', searchInvalidLogpack],
  ['search-lsid', searchLsid],
  ['verify_wldev', verifyWldev],
  ['verify_wlog', verifyWlog],
  ['virt-full-cat', virtFullCat],
  ['wdev-redo', wdevRedo],
  ['wdiff-dump', wdiffDump],
  ['wdiff-full', wdiffFull],
  ['wdiff-merge', wdiffMerge],
  ['wdiff-name-gen', wdiffNameGen],
  ['wdiff-redo', wdiffRedo],
  ['wdiff-send', wdiffSend],
  ['wdiff-show', wdiffShow],
  ['wldev-checker', wldevChecker],
  ['wldev-dump', wldevDump],
  ['wldev-info', wldevInfo],
  ['wldev-show', wldevShow],
  ['wlog-analyze', wlogAnalyze],
  ['wlog-cat', wlogCat],
  ['wlog-gen', wlogGen],
  ['wlog-redo', wlogRedo],
  ['wlog-restore', wlogRestore],
  ['wlog-show', wlogShow],
  ['wlog-show-raw', wlogShowRaw],
  ['wlog-to-wdiff', wlogToWdiff],
  ['wlog-update', wlogUpdate],
]);
