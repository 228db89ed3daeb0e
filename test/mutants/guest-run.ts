import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import type { Caught, GuestJob, GuestLine } from './guest-words.ts';
import type { Planted } from './mutant.ts';

/** A guest that says nothing for so long hangs. */
const SILENCE_S = 180;
/** Memory of a guest; a mistake may want all there is. */
const MAX_HEAP_MIB = 2048;

/** What came of running a guest. */
export interface GuestRun {
  /** Null when everything that was asked for passed. */
  readonly caught: Caught | null;
  /** Of a verification: what is red. */
  readonly red: readonly { readonly name: string; readonly reason: string }[];
  /** Why the run says nothing: it could not be built or loaded, or somebody else ended it; else null. */
  readonly broken: string | null;
  readonly seconds: number;
}

/** A folder where guests are built and run, one at a time. Whatever is planted is in the bundle alone. */
export class GuestHouse {
  readonly #root: string;
  readonly #folder: string;
  /** What the last bundle has planted; undefined before the first. */
  #bundled: Planted | null | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#folder = mkdtempSync(join(tmpdir(), 'walbox-guests-'));
    // As far below as the sources: scenarios look for fixtures/ above themselves.
    mkdirSync(join(this.#folder, 'test', 'mutants'), { recursive: true });
    for (const shared of ['fixtures', 'node_modules', 'package.json']) {
      symlinkSync(join(root, shared), join(this.#folder, shared));
    }
  }

  /** Builds the guest with a mistake (null: as it stands) and lets it do a job. */
  async run(planted: Planted | null, job: GuestJob): Promise<GuestRun> {
    const began = performance.now();
    const program = join(this.#folder, 'test', 'mutants', 'guest.mjs');
    const jobFile = join(this.#folder, 'job.json');
    const nothing = { caught: null, red: [] };
    try {
      if (this.#bundled !== planted) writeFileSync(program, await bundle(this.#root, planted));
      this.#bundled = planted;
    } catch (error) {
      return { ...nothing, broken: (error as Error).message, seconds: 0 };
    }
    writeFileSync(jobFile, JSON.stringify(job));
    const run = await converse(program, jobFile);
    return { ...run, seconds: (performance.now() - began) / 1000 };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function bundle(root: string, planted: Planted | null): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [join(root, 'test', 'mutants', 'guest.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
    plugins: planted === null ? [] : [plugin(root, planted)],
  });
  return result.outputFiles[0]?.contents ?? new Uint8Array(0);
}

function plugin(root: string, { file, text, replacement }: Planted) {
  const path = join(root, file);
  return {
    name: 'plant',
    setup(builder: Parameters<NonNullable<Parameters<typeof build>[0]['plugins']>[number]['setup']>[0]) {
      const filter = new RegExp(`^${path.replace(/[.+^${}()|[\]\\]/g, '\\$&')}$`);
      builder.onLoad({ filter }, () => ({
        contents: readFileSync(path, 'utf8').replace(text, () => replacement),
        loader: 'ts' as const,
      }));
    },
  };
}

function converse(program: string, jobFile: string): Promise<Omit<GuestRun, 'seconds'>> {
  return new Promise((resolve, reject) => {
    const args = [`--max-old-space-size=${MAX_HEAP_MIB}`, program, jobFile];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const red: { name: string; reason: string }[] = [];
    let caught: Caught | null = null;
    let what = '';
    let isDone = false;
    let hangs = false;
    let errors = '';
    const onSilence = () => {
      hangs = true;
      child.kill('SIGKILL');
    };
    let silence = setTimeout(onSilence, SILENCE_S * 1000);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (text) => {
      clearTimeout(silence);
      silence = setTimeout(onSilence, SILENCE_S * 1000);
      const line = JSON.parse(text) as GuestLine;
      if (line.kind === 'begins') what = line.what;
      else if (line.kind === 'caught') caught = line.caught;
      else if (line.kind === 'red') red.push({ name: line.name, reason: line.reason });
      else isDone = true;
    });
    child.stderr.on('data', (bytes: Buffer) => {
      errors = (errors + bytes.toString()).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(silence);
      if (isDone || caught !== null) resolve({ caught, red, broken: null });
      else if (what === '') resolve({ caught, red, broken: `not loaded: ${firstError(errors)}` });
      else if (hangs) resolve({ caught: ended(what, 'it does not end'), red, broken: null });
      else if (signal !== null && signal !== 'SIGABRT')
        resolve({ caught, red, broken: `ended by ${signal}` });
      else resolve({ caught: ended(what, firstError(errors) || `status ${code}`), red, broken: null });
    });
  });
}

function ended(what: string, reason: string): Caught {
  return { by: 'end', what, reason };
}

function firstError(text: string): string {
  return /^.*(?:Error|FATAL).*$/m.exec(text)?.[0]?.trim() ?? text.trim().split('\n')[0] ?? '';
}
