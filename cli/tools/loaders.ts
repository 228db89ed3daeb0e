import type { Tool } from './tool.ts';

/**
 * The file tools of the original by name, each loaded when it is called: all of them would take longer to load than most of them
 * to run. See docs/tools.md.
 */
export const TOOL_LOADERS: ReadonlyMap<string, () => Promise<Tool>> = new Map<string, () => Promise<Tool>>([
  ['bdiff', async () => (await import('./bdiff.ts')).bdiff],
  ['bhash', async () => (await import('./bhash.ts')).bhash],
  ['checksum', async () => (await import('./checksum.ts')).checksumTool],
  ['dirtree-hash', async () => (await import('./dirtree-hash.ts')).dirtreeHash],
  ['metadiff-list', async () => (await import('./metadiff-list.ts')).metadiffList],
  ['search-invalid-logpack', async () => (await import('./search-invalid-logpack.ts')).searchInvalidLogpack],
  ['search-lsid', async () => (await import('./search-lsid.ts')).searchLsid],
  ['verify_wldev', async () => (await import('./verify-wldev.ts')).verifyWldev],
  ['verify_wlog', async () => (await import('./verify-wlog.ts')).verifyWlog],
  ['virt-full-cat', async () => (await import('./virt-full-cat.ts')).virtFullCat],
  ['wdev-redo', async () => (await import('./wdev-redo.ts')).wdevRedo],
  ['wdiff-dump', async () => (await import('./wdiff-dump.ts')).wdiffDump],
  ['wdiff-full', async () => (await import('./wdiff-full.ts')).wdiffFull],
  ['wdiff-merge', async () => (await import('./wdiff-merge.ts')).wdiffMerge],
  ['wdiff-name-gen', async () => (await import('./wdiff-name-gen.ts')).wdiffNameGen],
  ['wdiff-redo', async () => (await import('./wdiff-redo.ts')).wdiffRedo],
  ['wdiff-send', async () => (await import('./wdiff-send.ts')).wdiffSend],
  ['wdiff-show', async () => (await import('./wdiff-show.ts')).wdiffShow],
  ['wldev-checker', async () => (await import('./wldev-checker.ts')).wldevChecker],
  ['wldev-dump', async () => (await import('./wldev-dump.ts')).wldevDump],
  ['wldev-info', async () => (await import('./wldev-info.ts')).wldevInfo],
  ['wldev-show', async () => (await import('./wldev-show.ts')).wldevShow],
  ['wlog-analyze', async () => (await import('./wlog-analyze.ts')).wlogAnalyze],
  ['wlog-cat', async () => (await import('./wlog-cat.ts')).wlogCat],
  ['wlog-gen', async () => (await import('./wlog-gen.ts')).wlogGen],
  ['wlog-redo', async () => (await import('./wlog-redo.ts')).wlogRedo],
  ['wlog-restore', async () => (await import('./wlog-restore.ts')).wlogRestore],
  ['wlog-show', async () => (await import('./wlog-show.ts')).wlogShow],
  ['wlog-show-raw', async () => (await import('./wlog-show-raw.ts')).wlogShowRaw],
  ['wlog-to-wdiff', async () => (await import('./wlog-to-wdiff.ts')).wlogToWdiff],
  ['wlog-update', async () => (await import('./wlog-update.ts')).wlogUpdate],
]);
