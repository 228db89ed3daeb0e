/** Runs a tool as a program of its own: `node program.mjs TOOL ARGUMENTS`. */
import { TOOL_LOADERS } from '../../../cli/tools/loaders.ts';
import { runToolInProcess } from '../../../cli/tools/process-io.ts';

const [name, ...argv] = process.argv.slice(2);
const tool = await TOOL_LOADERS.get(name)?.();
if (tool === undefined) throw new Error(`no tool ${name}`);
process.exitCode = await runToolInProcess(tool, argv);
