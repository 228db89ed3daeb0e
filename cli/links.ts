import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IoError } from '../core/errors.ts';

/** The program `walbox` of the package that this module is part of, built or not. */
export function walboxProgram(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const program = join(folder, 'cli', 'bin', 'walbox.mjs');
    if (existsSync(program)) return program;
    const above = dirname(folder);
    if (above === folder) throw new IoError('ENOENT', 'cli/bin/walbox.mjs of walbox was not found');
    folder = above;
  }
}

/**
 * Makes links in `folder` (made when missing) under which tools can be called by their own names: `walbox` looks at
 * the name that it was called by. Links of an earlier call are replaced; throws IoError EEXIST, before anything is
 * changed, when another file has one of the names.
 */
export function installLinks(folder: string, names: readonly string[]): void {
  const program = walboxProgram();
  mkdirSync(folder, { recursive: true });
  const paths = names.map((name) => resolve(folder, name));
  const old = paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  for (const path of old) {
    if (lstatSync(path).isSymbolicLink() && readlinkSync(path).endsWith('/walbox.mjs')) continue;
    throw new IoError('EEXIST', `${path} exists and is no link to walbox`);
  }
  for (const path of old) unlinkSync(path);
  for (const path of paths) symlinkSync(program, path);
}
