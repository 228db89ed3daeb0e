import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './words.ts';

/**
 * What runs of one program have found so far, in the folder for temporary files: a run that is cut is gone on with where it
 * was, as long as sources, tests and the drawn changes are the same.
 */
export class Memory {
  readonly #path: string;
  /** Null until the tests were measured. */
  measured: Measured | null = null;
  /** Tests by number, quickest first, that may be used. */
  usable: readonly number[] = [];
  /** By the id of the change: what noticed it, null for nothing. */
  readonly verdicts = new Map<string, string | null>();

  /** `program`: everything that is run. */
  constructor(program: Uint8Array) {
    const key = createHash('sha256').update(program).digest('hex').slice(0, 16);
    this.#path = join(tmpdir(), `walbox-mutation-${key}.json`);
    if (!existsSync(this.#path)) return;
    const kept = JSON.parse(readFileSync(this.#path, 'utf8'));
    this.measured = kept.measured;
    this.usable = kept.usable;
    for (const [id, noticedBy] of kept.verdicts) this.verdicts.set(id, noticedBy);
  }

  save(): void {
    const { measured, usable, verdicts } = this;
    writeFileSync(`${this.#path}.new`, JSON.stringify({ measured, usable, verdicts: [...verdicts] }));
    renameSync(`${this.#path}.new`, this.#path);
  }

  /** The run came to its end. */
  forget(): void {
    rmSync(this.#path, { force: true });
  }
}
