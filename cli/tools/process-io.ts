import { type ByteSink, writePieces } from '../../core/engine/byte-stream.ts';
import { nodeClock } from '../../native/clock.ts';
import { type ThreadedCodecPool, threadedCodecPool } from '../../native/codec-pool.ts';
import { nodeNetwork } from '../../native/network.ts';
import { removeUnfinishedFiles } from '../../native/output-file.ts';
import { nodeRandom } from '../../native/random.ts';
import { stdinReader, streamSink, streamSource } from '../../native/stdio.ts';
import { walbHost } from '../../native/walb-host.ts';
import { ProgressMeter } from '../progress.ts';
import type { Tool, ToolIo } from './tool.ts';

/** Signals that end a program, and their numbers. */
const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGTERM', 15],
] as const;

/** The sink, before whose writes the line of progress is taken away. */
function clearing(sink: ByteSink, meter: ProgressMeter): ByteSink {
  return {
    write(bytes) {
      meter.clear();
      return sink.write(bytes);
    },
    writeMany(pieces) {
      meter.clear();
      return writePieces(sink, pieces);
    },
  };
}

/** Runs a tool on standard input, output and error of this process; gives its exit status. */
export async function runToolInProcess(tool: Tool, argv: readonly string[]): Promise<number> {
  let pool: Promise<ThreadedCodecPool> | undefined;
  const meter = new ProgressMeter(process.stderr, () => performance.now());
  let stopping: AbortController | undefined;
  const stdin = streamSource(process.stdin, 'standard input');
  const io: ToolIo = {
    stdin,
    stdinReader,
    stdout: clearing(streamSink(process.stdout, 'standard output'), meter),
    stderr: clearing(streamSink(process.stderr, 'standard error'), meter),
    progress: meter,
    nowMs: () => Date.now(),
    clock: nodeClock(),
    random: nodeRandom(),
    network: nodeNetwork(),
    workFolder: '.',
    walbHost: walbHost(),
    untilStopped: () => (stopping ??= new AbortController()).signal,
    codecs: () => (pool ??= threadedCodecPool()),
  };
  for (const [signal, number] of SIGNALS) {
    process.once(signal, () => {
      if (stopping !== undefined && !stopping.signal.aborted) {
        stopping.abort();
        return;
      }
      meter.clear();
      removeUnfinishedFiles();
      process.exit(128 + number);
    });
  }
  try {
    return await tool.run(argv, io);
  } finally {
    meter.clear();
    await (await pool)?.close();
    stdin.close();
  }
}
