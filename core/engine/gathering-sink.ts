import { MIB } from '../units.ts';
import { type ByteSink, writePieces } from './byte-stream.ts';

/** Bytes of one write, about, and views of one at most. */
const GATHER_BYTES = MIB;
const GATHER_PIECES = 256;

/** A sink to which many small views are written. */
export interface GatheringSink extends ByteSink {
  /** Writes what is left, and waits for all of it. */
  finish(): Promise<void>;
}

/**
 * The sink, to which views go about a MiB at a time, while further ones are taken. Unlike what is written to other
 * sinks, a view must stay unchanged until `finish` is done. An error shows at a later write, or in `finish`.
 */
export function gatheringSink(sink: ByteSink): GatheringSink {
  let pieces: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  async function push(): Promise<void> {
    const gathered = pieces;
    const sizeBytes = gatheredBytes;
    pieces = [];
    gatheredBytes = 0;
    await writing;
    writing =
      sink.writeMany === undefined ? sink.write(joined(gathered, sizeBytes)) : writePieces(sink, gathered);
    // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
    writing.catch(() => undefined);
  }

  return {
    async write(bytes) {
      pieces.push(bytes);
      gatheredBytes += bytes.length;
      if (gatheredBytes >= GATHER_BYTES || pieces.length >= GATHER_PIECES) await push();
    },
    async finish() {
      if (pieces.length > 0) await push();
      await writing;
    },
  };
}

function joined(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
