import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chaosMachine } from '../../../cli/chaos/one.ts';
import { failureSignature } from '../../../sim/chaos/failure.ts';
import { runChaos } from '../../../sim/chaos/run.ts';
import { parseSaved } from '../../../sim/chaos/saved.ts';

const FOLDER = join(import.meta.dirname, 'open');
const DOCUMENT = readFileSync(join(import.meta.dirname, '../../../docs/chaos.md'), 'utf8');

/** One that does not fail any more moves to scenarios/regressions, with a mutant that takes its mend back. */
describe('known failures', () => {
  for (const file of readdirSync(FOLDER)) {
    it(`${file} fails as docs/chaos.md says`, async () => {
      expect(DOCUMENT).toContain(`\`${file.replace('.json', '')}\``);
      const { history, failure } = parseSaved(readFileSync(join(FOLDER, file), 'utf8'));
      const outcome = await runChaos(history, await chaosMachine());
      expect(outcome.failure && failureSignature(outcome.failure)).toBe(failure && failureSignature(failure));
    });
  }
});
