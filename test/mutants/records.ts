import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { savedToText } from '../../sim/chaos/saved.ts';
import type { Row } from './rows.ts';

/**
 * What is left of the histories of chaos that noticed mistakes, a file for each mutant, in the form of
 * `walbox chaos`. A history is a value: it runs again whatever the seeds draw by then, in a moment.
 */
const FOLDER = join('test', 'mutants', 'records');

/** Text of the record of a mutant; null when there is none. */
export function readRecord(root: string, name: string): string | null {
  const path = pathOf(root, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** Names of the mutants that have a record. */
export function recordedNames(root: string): string[] {
  const folder = join(root, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
}

/** Keeps what these rows found, and removes records that something else made needless. */
export function keepRecords(root: string, rows: readonly Row[]): void {
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const { mutant, verdict, caught } of rows) {
    if (verdict !== 'noticed' || caught === null) continue;
    const path = pathOf(root, mutant.name);
    if (caught.by !== 'chaos') rmSync(path, { force: true });
    else if (caught.history !== null) {
      const { profile, failure, shrunk } = caught;
      writeFileSync(path, savedToText({ walbox: versionOf(root), profile, failure, history: shrunk }));
    }
  }
}

function pathOf(root: string, name: string): string {
  return join(root, FOLDER, `${name}.json`);
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}
