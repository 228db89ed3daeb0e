import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reader, Writer } from '../../../core/format/serializer.ts';
import { withoutTrace } from '../../../core/protocol/channel.ts';
import type { CodecJob, CodecPool } from '../../../core/world/index.ts';
import { goldenDir } from '../../golden.ts';
import { codecs } from './dialogue-kit.ts';

/** Recorded conversations of the original programs. */

/** One connection: what each side sent. */
export interface Exchange {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

export interface Recording {
  readonly path: string;
  /** The first line without its `# `. */
  readonly title: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exchanges: readonly Exchange[];
}

export function readRecording(path: string): Recording {
  const lines = readFileSync(join(goldenDir() ?? '', path), 'utf8').split('\n');
  const after = (prefix: string) =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  const exchanges: Exchange[] = [];
  let hex = { C: '', S: '' };
  for (const line of lines) {
    const spoken = /^([CS])> ([0-9a-f]+)$/.exec(line);
    if (spoken !== null) hex[spoken[1] as 'C' | 'S'] += spoken[2];
    if (line !== '--' || (hex.C === '' && hex.S === '')) continue;
    exchanges.push({ client: fromHex(hex.C), server: fromHex(hex.S) });
    hex = { C: '', S: '' };
  }
  if (hex.C !== '') exchanges.push({ client: fromHex(hex.C), server: fromHex(hex.S) });
  return {
    path,
    title: lines[0].slice(2),
    stdout: after('# stdout: '),
    stderr: after('# stderr: '),
    exchanges,
  };
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** What a server of ours sends for the same: an error text, which is always the last, without its trace. */
export function withoutTraceAtEnd(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) {
    let text: string;
    try {
      const reader = new Reader(bytes, at);
      text = reader.string();
      if (reader.remaining > 0 || withoutTrace(text) === text) continue;
    } catch {
      continue;
    }
    const w = new Writer();
    w.raw(bytes.subarray(0, at));
    w.string(withoutTrace(text));
    return w.finish();
  }
  return bytes;
}

/**
 * Codecs that compress to exactly the bytes which a recording was seen to hold for the same data: what they
 * decompress they remember. Data never seen compressed stay as they are.
 */
export class RememberingCodecs implements CodecPool {
  readonly #seen = new Map<string, Uint8Array>();

  async run(jobs: readonly CodecJob[]): Promise<Uint8Array[]> {
    const results: Uint8Array[] = [];
    for (const job of jobs) {
      if (job.kind === 'compress') {
        results.push(this.#seen.get(key(job.type, job.data)) ?? job.data);
      } else {
        const [data] = await codecs.run([job]);
        this.#seen.set(key(job.type, data), job.data);
        results.push(data);
      }
    }
    return results;
  }
}

function key(type: string, data: Uint8Array): string {
  return `${type} ${Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1')}`;
}
