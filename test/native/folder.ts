import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** Registers a folder of this test file's own, gone after it; gives the function that makes paths in it. */
export function testFolder(): (name: string) => string {
  let path = '';
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'walbox-native-'));
  });
  afterAll(() => rmSync(path, { recursive: true }));
  return (name) => join(path, name);
}
