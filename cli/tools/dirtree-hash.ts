import type { Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { SipHasher } from '../../core/engine/siphash.ts';
import { hexOf, viewOf } from '../../core/format/binary.ts';
import { MIB } from '../../core/units.ts';
import { asIo } from '../../native/errors.ts';
import { readNext } from '../../native/file-bytes.ts';
import { flag, integer, type OptionValues, optionalArgument } from './options.ts';
import type { Printer } from './printer.ts';
import { defineTool } from './tool.ts';

const READ_BYTES = MIB;
const SLASH = Buffer.from('/');
/** Dots on a line of progress. */
const DOTS_PER_LINE = 64;
const MS_PER_S = 1000;
const TWO_POW_32 = 0x1_0000_0000;

const OPTIONS = {
  time: flag('time', 'hash modification times'),
  owner: flag('owner', 'hash owners and groups'),
  permissions: flag('perm', 'hash modes'),
  all: flag('all', 'hash all three of them'),
  each: flag('each', 'print a hash of each entry instead of one of all'),
  progressEntries: integer('pp', 'N', 'print a dot to standard error every N entries, 0 = never', 0),
  debug: flag('debug', 'accepted and ignored'),
  path: optionalArgument('DIR', 'directory', '.'),
};

/** One walk through a tree. Names are bytes: file systems do not care for UTF-8. */
class TreeWalk {
  readonly #root: Buffer;
  readonly #values: OptionValues<typeof OPTIONS>;
  readonly #out: Printer;
  readonly #err: Printer;
  /** Of all entries, unless each has its own. */
  readonly hasher = new SipHasher();
  #entryCount = 0;

  constructor(values: OptionValues<typeof OPTIONS>, out: Printer, err: Printer) {
    this.#root = Buffer.from(values.path);
    this.#values = values;
    this.#out = out;
    this.#err = err;
  }

  /** Walks through the directory `relative`, empty for the root: entries by name, what is in them before them. */
  async walk(relative: Buffer): Promise<void> {
    const folder = this.#path(relative);
    const names = await asIo(folder.toString(), () => readdir(folder, { encoding: 'buffer' }));
    for (const name of names.sort(Buffer.compare)) {
      const entry = relative.length === 0 ? name : Buffer.concat([relative, SLASH, name]);
      await this.#entry(entry);
    }
  }

  #path(relative: Buffer): Buffer {
    return relative.length === 0 ? this.#root : Buffer.concat([this.#root, SLASH, relative]);
  }

  async #entry(relative: Buffer): Promise<void> {
    const { each, path } = this.#values;
    const status = await asIo(path, () => lstat(this.#path(relative)));
    const hasher = each ? new SipHasher() : this.hasher;
    if (status.isDirectory()) await this.walk(relative);
    else if (status.isFile()) await this.#content(relative, hasher);
    hasher.update(relative);
    this.#attributes(status, hasher);
    if (each) this.#out.line(`${hexOf(hasher.digest())} ${relative.toString()}`);
    this.#progress();
    await this.#out.drain();
  }

  async #content(relative: Buffer, hasher: SipHasher): Promise<void> {
    const path = this.#path(relative);
    const handle = await asIo(path.toString(), () => open(path, 'r'));
    try {
      for (;;) {
        const bytes = await readNext(handle, path.toString(), READ_BYTES);
        if (bytes === null) return;
        hasher.update(bytes);
      }
    } finally {
      await handle.close();
    }
  }

  #attributes({ mtimeMs, uid, gid, mode }: Stats, hasher: SipHasher): void {
    const { all, time, owner, permissions } = this.#values;
    if (all || time) {
      const seconds = Math.floor(mtimeMs / MS_PER_S);
      hasher.update(words([seconds >>> 0, Math.floor(seconds / TWO_POW_32) >>> 0]));
    }
    if (all || owner) hasher.update(words([uid, gid]));
    if (all || permissions) hasher.update(words([mode]));
  }

  #progress(): void {
    const { progressEntries } = this.#values;
    this.#entryCount++;
    if (progressEntries === 0 || this.#entryCount % progressEntries !== 0) return;
    this.#err.text('.');
    if (this.#entryCount % (progressEntries * DOTS_PER_LINE) === 0) this.#err.text('\n');
  }
}

/** 32-bit numbers, little endian. */
function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, i) => {
    viewOf(bytes).setUint32(i * 4, value, true);
  });
  return bytes;
}

export const dirtreeHash = defineTool({
  name: 'dirtree-hash',
  summary: 'prints a hash of a directory tree: names, contents and, if asked for, attributes',
  notes: [
    'Symbolic links are not followed. With -each, the line of a directory is of its name and attributes only.',
  ],
  examples: ['dirtree-hash /mnt/a', 'dirtree-hash -all -each /mnt/a'],
  options: OPTIONS,
  async body(values, { out, err }) {
    const walk = new TreeWalk(values, out, err);
    await walk.walk(Buffer.alloc(0));
    if (!values.each) out.line(`${hexOf(walk.hasher.digest())} ${values.path}`);
    return 0;
  },
});
