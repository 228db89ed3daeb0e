import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Progress } from '../../../cli/progress.ts';
import { TOOLS, type ToolIo } from '../../../cli/tools/index.ts';
import { MemorySink, memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import type { Clock } from '../../../core/world/clock.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { nativeCodecPool } from '../../../native/codecs.ts';
import { nodeNetwork } from '../../../native/network.ts';
import { type WalbHost, walbHost } from '../../../native/walb-host.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { goldenDir } from '../../golden.ts';

export const BLOCK = 512;

export interface RunResult {
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly stdin?: Uint8Array;
  /** Standard input as a redirected file: it can be read at any place. */
  readonly stdinIsFile?: boolean;
  /** Bytes that one read of standard input gives at most. */
  readonly chunkBytes?: number;
  readonly walbHost?: WalbHost;
  readonly progress?: Progress;
  readonly workFolder?: string;
  /** Stops tools that run until they are stopped. */
  readonly stop?: AbortSignal;
}

/** A clock on which every timer is due at once: a wait only moves it. */
const TEST_CLOCK: Clock = (() => {
  let nowUs = 0;
  return {
    monotonicUs: () => (nowUs += 1000),
    wallTimeS: () => 0,
    startTimer(dueUs, onDue) {
      nowUs = Math.max(nowUs, dueUs);
      queueMicrotask(onDue);
      return () => undefined;
    },
  };
})();

let pool: Promise<CodecPool> | null = null;

/** Runs a tool in this process. */
export async function run(
  name: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const tool = TOOLS.get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const { stdin = new Uint8Array(0), stdinIsFile = false, chunkBytes = 1000 } = options;
  const stdout = new MemorySink();
  const stderr = new MemorySink();
  const random = new KeyedRandom(1).at('tool', name);
  const io: ToolIo = {
    stdin: memorySource(stdin, chunkBytes),
    stdinReader: async () => (stdinIsFile ? memoryReader(stdin) : null),
    stdout,
    stderr,
    nowMs: () => Date.UTC(2018, 0, 2, 3, 4, 5, 6),
    clock: TEST_CLOCK,
    random: {
      bytes: (_purpose, size) => random.bytes(size),
      below: (_purpose, bound) => random.below(bound),
    },
    network: nodeNetwork(),
    progress: options.progress ?? { expect: () => undefined, add: () => undefined },
    workFolder: options.workFolder ?? '/nonexistent',
    walbHost: options.walbHost ?? walbHost(),
    untilStopped: () => options.stop ?? new AbortController().signal,
    codecs: () => (pool ??= nativeCodecPool()),
  };
  const status = await tool.run(argv, io);
  const text = (sink: MemorySink) => Buffer.from(sink.bytes).toString();
  return { status, stdout: stdout.bytes, out: text(stdout), err: text(stderr) };
}

/** Lines of a text that ends with a line feed. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

/** A folder of this test file's own, gone after it. */
export class Folder {
  #path = '';

  constructor() {
    beforeAll(() => {
      this.#path = mkdtempSync(join(tmpdir(), 'walbox-tools-'));
    });
    afterAll(() => rmSync(this.#path, { recursive: true }));
  }

  path(name: string): string {
    return join(this.#path, name);
  }

  /** Makes a file, anew if it is there. */
  write(name: string, bytes: Uint8Array): string {
    // Not over what is there: ext4 writes a file that was made empty to the disk as soon as it is closed.
    rmSync(this.path(name), { force: true });
    writeFileSync(this.path(name), bytes);
    return this.path(name);
  }

  /** Writes into a file that a program has open; its size stays. */
  overwrite(name: string, bytes: Uint8Array): void {
    writeFileSync(this.path(name), bytes, { flag: 'r+' });
  }

  /** A file of zeros that takes no room: no tool has to wait until they are on the disk. */
  writeHole(name: string, sizeBytes: number): string {
    this.write(name, new Uint8Array(0));
    truncateSync(this.path(name), sizeBytes);
    return this.path(name);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(this.path(name)));
  }

  /** Names of all files, temporary ones too. */
  names(): string[] {
    return readdirSync(this.#path).sort();
  }
}

export const golden = (path: string) => new Uint8Array(readFileSync(goldenPath(path)));
export const goldenPath = (path: string) => join(goldenDir() ?? '', path);
export const goldenLines = (path: string) => linesOf(Buffer.from(golden(path)).toString());
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The base images that the golden data were made on. */
export function baseImage(name: string): Uint8Array {
  const image = new Uint8Array(4 << 20);
  if (name === 'base.zero') return image;
  if (name !== 'base.rand') throw new Error(`unknown base image ${name}`);
  const view = new DataView(image.buffer);
  for (let at = 0; at < image.length; at += 4) view.setUint32(at, Math.floor(at / BLOCK), true);
  return image;
}

/** What of a `wdiff-show` line does not depend on the compressor: addresses, sizes, kinds, places in images. */
export function withoutCompression(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.includes('_rec:'))
    .map((line) => {
      const fields = line.split('\t');
      const kept = fields.length === 8 ? [0, 1, 2, 7] : [0, 1, 2, 6, 7, 10];
      return kept.map((i) => fields[i]).join(' ');
    });
}
