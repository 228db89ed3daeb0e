import type { Tool } from './tool.ts';
import { virtFullCat } from './virt-full-cat.ts';
import { wdiffMerge } from './wdiff-merge.ts';
import { wdiffRedo } from './wdiff-redo.ts';
import { wdiffShow } from './wdiff-show.ts';
import { wlogRedo } from './wlog-redo.ts';
import { wlogShow } from './wlog-show.ts';
import { wlogToWdiff } from './wlog-to-wdiff.ts';

export type { Tool, ToolIo } from './tool.ts';

/** The file tools of the original by name. See docs/tools.md. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['virt-full-cat', virtFullCat],
  ['wdiff-merge', wdiffMerge],
  ['wdiff-redo', wdiffRedo],
  ['wdiff-show', wdiffShow],
  ['wlog-redo', wlogRedo],
  ['wlog-show', wlogShow],
  ['wlog-to-wdiff', wlogToWdiff],
]);
