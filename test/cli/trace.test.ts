import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runJob } from '../../cli/run/one.ts';

const folder = mkdtempSync(join(tmpdir(), 'walbox-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function traced(name: string, seed: number): Promise<string> {
  const tracePath = join(folder, name);
  const job = { scenario: 'n2-snapshot', file: null, seed, image: null, tracePath };
  const report = await runJob(job, () => {}, folder);
  expect(report.passed).toBe(true);
  return readFileSync(tracePath, 'utf8');
}

describe('traces in files', () => {
  it('are the same for the same seed, others for another one, and have 15 fields a line', async () => {
    const first = await traced('a', 1);
    expect((await traced('b', 1)) === first).toBe(true);
    expect((await traced('c', 2)) === first).toBe(false);
    const lines = first.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.length).toBeGreaterThan(1000);
    lines.forEach((line, i) => {
      const fields = line.split('\t');
      expect(fields).toHaveLength(15);
      expect(fields[1]).toBe(String(i + 1));
    });
  });
});
