/** Runs a tool as a program of its own: `node program.mjs TOOL ARGUMENTS`. */
import { runToolInProcess, TOOLS } from '../../../cli/tools/index.ts';

const [name, ...argv] = process.argv.slice(2);
const tool = TOOLS.get(name);
if (tool === undefined) throw new Error(`no tool ${name}`);
process.exitCode = await runToolInProcess(tool, argv);
