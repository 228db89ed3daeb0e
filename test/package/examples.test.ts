import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../entries.ts';

/** The examples of the documents are the files below docs/examples, which install.test.ts runs. */

/** Code blocks under a comment that names their file. */
function shownExamples(document: string): Map<string, string> {
  const text = readFileSync(join(ROOT, 'docs', document), 'utf8');
  const blocks = text.matchAll(/<!-- docs\/examples\/([\w.-]+) -->\n```ts\n(.*?)```\n/gs);
  return new Map([...blocks].map(([, name, code]) => [name as string, code as string]));
}

describe('examples in documents', () => {
  const shown = new Map([...shownExamples('embedding.md'), ...shownExamples('writing-scenarios.md')]);

  it('are all that there are', () => {
    expect([...shown.keys()].sort()).toEqual(readdirSync(join(ROOT, 'docs', 'examples')).sort());
  });

  it.each([...shown])('%s is the file', (name, code) => {
    expect(code).toBe(readFileSync(join(ROOT, 'docs', 'examples', name), 'utf8'));
  });
});
