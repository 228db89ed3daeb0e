import { BufferedReader, type ByteSource } from '../../core/engine/byte-stream.ts';
import { FormatError } from '../../core/errors.ts';
import { KIB } from '../../core/units.ts';

const MAX_LINE_BYTES = 64 * KIB;
const LINE_FEED = 10;

/** The lines of a text, the last one with or without line feed. Throws FormatError for a line above 64 KiB. */
export async function* textLines(source: ByteSource): AsyncGenerator<string> {
  const reader = new BufferedReader(source);
  const decoder = new TextDecoder();
  let rest: Uint8Array = new Uint8Array(0);
  for (
    let chunk = await reader.readSome(MAX_LINE_BYTES);
    chunk !== null;
    chunk = await reader.readSome(MAX_LINE_BYTES)
  ) {
    let bytes = chunk;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
    }
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      yield decoder.decode(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.slice(from);
    if (rest.length > MAX_LINE_BYTES) {
      throw new FormatError(`a line must have at most ${MAX_LINE_BYTES} bytes`, reader.offset - rest.length);
    }
  }
  if (rest.length > 0) yield decoder.decode(rest);
}
