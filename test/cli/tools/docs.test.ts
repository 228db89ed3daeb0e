import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TOOLS } from '../../../cli/tools/index.ts';
import { Folder, linesOf, run } from './kit.ts';
import { buildProgram } from './program.ts';

const here = dirname(fileURLToPath(import.meta.url));
const docs = readFileSync(join(here, '..', '..', '..', 'docs', 'tools.md'), 'utf8');
const folder = new Folder();
const programs = new Folder();

describe('docs/tools.md', () => {
  it('has the help of every tool', async () => {
    for (const name of TOOLS.keys()) {
      const { out } = await run(name, ['-h']);
      expect(docs).toContain(`### ${name}\n\n\`\`\`\n${out}\`\`\`\n`);
      expect(docs).toContain(`\n| [\`${name}\`](#${name}) | `);
    }
    expect(docs.match(/^### .*$/gm)).toHaveLength(TOOLS.size);
  });

  it('has a walk that can be pasted', () => {
    const session = /```sh session\n([^`]*)```/.exec(docs)?.[1] ?? '';
    const program = buildProgram(programs);
    const functions = [...TOOLS.keys()].map((name) => `${name}() { "$NODE" "$PROGRAM" ${name} "$@"; }`);
    const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', [...functions, session].join('\n')], {
      cwd: folder.path('.'),
      env: { ...process.env, NODE: process.execPath, PROGRAM: program },
    });
    expect([status, stderr.toString().includes('ERROR')]).toEqual([0, false]);
    expect(linesOf(stdout.toString()).slice(-3)).toEqual([
      '0/8192 differs',
      '0/8192 differs',
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
  });
});
