import { closeSync, openSync, writeSync } from 'node:fs';
import { type TraceSink, traceLineToText } from '../../sim/trace.ts';

const BUFFER_CHARS = 1 << 20;

/** A trace on its way into a file; `end` writes what waits and closes it. */
export interface TraceFile {
  readonly sink: TraceSink;
  end(): void;
}

/** Writes a trace to a file, a line each (docs/architecture.md, "Trace"); the file is made anew. */
export function openTraceFile(path: string): TraceFile {
  const file = openSync(path, 'w');
  let waiting = '';
  const flush = () => {
    writeAll(file, Buffer.from(waiting));
    waiting = '';
  };
  return {
    sink: (line) => {
      waiting += `${traceLineToText(line)}\n`;
      if (waiting.length >= BUFFER_CHARS) flush();
    },
    end: () => {
      flush();
      closeSync(file);
    },
  };
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
