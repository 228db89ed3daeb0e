import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { IoError } from '../../core/errors.ts';
import { nodeFileStore } from '../../native/file-store.ts';
import { testFolder } from './folder.ts';

const path = testFolder();
const files = nodeFileStore();
const STEP = 'test';

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof IoError) return error.code;
    throw error;
  }
  return 'none';
}

describe('files', () => {
  it('are written and read at any place, gaps as zeros', async () => {
    const file = await files.open(path('a'), 'create', STEP);
    await file.write(5, new Uint8Array([1, 2, 3]), STEP);
    expect(await file.sizeBytes(STEP)).toBe(8);
    expect([...(await file.read(3, 100, STEP))]).toEqual([0, 0, 1, 2, 3]);
    expect(await file.read(8, 4, STEP)).toHaveLength(0);
    await file.truncate(6, STEP);
    await file.sync(STEP);
    file.close();
    file.close();
    const again = await files.open(path('a'), 'read', STEP);
    const bytes = await again.read(0, 6, STEP);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 1]);
    // A copy must be one: a Buffer's slice would be a view.
    expect(bytes.slice().buffer).not.toBe(bytes.buffer);
    expect(await codeOf(again.write(0, bytes, STEP))).toBe('EINVAL');
    again.close();
  });

  it('open in their four modes', async () => {
    expect(await codeOf(files.open(path('none'), 'read', STEP))).toBe('ENOENT');
    expect(await codeOf(files.open(path('none'), 'update', STEP))).toBe('ENOENT');
    (await files.open(path('b'), 'create-new', STEP)).close();
    expect(await codeOf(files.open(path('b'), 'create-new', STEP))).toBe('EEXIST');
    const update = await files.open(path('b'), 'update', STEP);
    await update.write(0, new Uint8Array([9]), STEP);
    update.close();
    const emptied = await files.open(path('b'), 'create', STEP);
    expect(await emptied.sizeBytes(STEP)).toBe(0);
    emptied.close();
    expect(await codeOf(files.open(path('.'), 'read', STEP))).toBe('EISDIR');
  });

  it('are renamed, linked, removed and listed', async () => {
    await files.makeDirectory(path('dir'), STEP);
    expect(await codeOf(files.makeDirectory(path('dir'), STEP))).toBe('EEXIST');
    for (const name of ['dir/x', 'dir/y']) (await files.open(path(name), 'create', STEP)).close();
    await files.rename(path('dir/x'), path('dir/z'), STEP);
    await files.link(path('dir/z'), path('dir/w'), STEP);
    expect(await codeOf(files.link(path('dir/z'), path('dir/y'), STEP))).toBe('EEXIST');
    await files.makeDirectory(path('dir/sub'), STEP);
    await files.syncDirectory(path('dir'), STEP);
    const entries = (await files.list(path('dir'), STEP)).map(({ name, kind }) => `${name} ${kind}`).sort();
    expect(entries).toEqual(['sub directory', 'w file', 'y file', 'z file']);
    expect(await codeOf(files.removeDirectory(path('dir'), STEP))).toBe('ENOTEMPTY');
    for (const name of ['dir/w', 'dir/y', 'dir/z']) await files.unlink(path(name), STEP);
    await files.removeDirectory(path('dir/sub'), STEP);
    await files.removeDirectory(path('dir'), STEP);
    expect(await files.stat(path('dir'), STEP)).toBeNull();
    expect(await codeOf(files.unlink(path('dir/w'), STEP))).toBe('ENOENT');
    expect(await codeOf(files.list(path('dir'), STEP))).toBe('ENOENT');
  });

  it('have sizes, modes and room', async () => {
    const file = await files.open(path('sized'), 'create', STEP);
    await file.write(0, new Uint8Array(10), STEP);
    file.close();
    expect(await files.stat(path('sized'), STEP)).toEqual({ kind: 'file', sizeBytes: 10 });
    await files.changeMode(path('sized'), 0o600, STEP);
    expect(statSync(path('sized')).mode & 0o777).toBe(0o600);
    expect(await files.freeBytes(path('.'), STEP)).toBeGreaterThan(0);
  });
});

describe('locks', () => {
  it('exclude each other until released', async () => {
    const release = await files.lock(path('lock'), STEP);
    expect(await codeOf(files.lock(path('lock'), STEP))).toBe('ELOCKED');
    release();
    release();
    const again = await files.lock(path('lock'), STEP);
    const other = spawnSync('flock', ['-n', path('lock'), 'true']);
    expect(other.status).toBe(1);
    again();
    expect(spawnSync('flock', ['-n', path('lock'), 'true']).status).toBe(0);
  });

  it('are of directories too, as servers lock their base directory', async () => {
    await files.makeDirectory(path('base'), STEP);
    const release = await files.lock(path('base'), STEP);
    expect(await codeOf(files.lock(path('base'), STEP))).toBe('ELOCKED');
    release();
    expect(spawnSync('flock', ['-n', path('base'), 'true']).status).toBe(0);
  });

  it('end with the process that has them', async () => {
    // A killed process cannot release anything.
    const script = `exec 9>"$1"; flock -n 9 && kill -KILL $$`;
    expect(spawnSync('sh', ['-c', script, 'sh', path('dead')]).signal).toBe('SIGKILL');
    (await files.lock(path('dead'), STEP))();
  });
});
