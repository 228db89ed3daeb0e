import { describe, expect, it } from 'vitest';
import { runOne } from '../../cli/run.ts';
import { CATALOGUE } from '../../scenarios/index.ts';

/** Runs every scenario of a chapter, a test each; a failure shows the end of its story. */
export function describeChapter(title: string): void {
  const chapter = CATALOGUE.find((one) => one.title === title);
  if (chapter === undefined) throw new RangeError(`The catalogue has no chapter ${title}.`);
  describe(title, () => {
    it.each(chapter.scenarios.map((scenario) => [scenario.name, scenario] as const))(
      '%s: passes',
      async (_, scenario) => {
        const story: string[] = [];
        const report = await runOne(scenario, { seed: 1, image: null }, (line) => story.push(line));
        expect(report.status, [report.summary, ...story.slice(-12)].join('\n')).toBe('passed');
      },
    );
  });
}
