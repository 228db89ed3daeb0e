import { TOOL_LOADERS } from './loaders.ts';
import type { Tool } from './tool.ts';

export { runToolInProcess } from './process-io.ts';
export type { Tool, ToolIo } from './tool.ts';

/** The file tools of the original by name, all of them loaded. See docs/tools.md. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map(
  await Promise.all(
    [...TOOL_LOADERS].map(async ([name, load]): Promise<[string, Tool]> => [name, await load()]),
  ),
);
