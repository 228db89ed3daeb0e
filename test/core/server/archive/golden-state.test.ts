import { afterAll, describe, expect, it } from 'vitest';
import { GoldenCounter, goldenDir } from '../../../golden.ts';
import { readStateTexts, Site } from './support.ts';

const MOMENTS = [
  { moment: 'a-full-backup', server: 'a0', text: 'state/a-full-backup/a0.txt', thin: false },
  { moment: 'b-two-diffs', server: 'a0', text: 'state/b-two-diffs/a0.txt', thin: false },
  {
    moment: 'c-interrupted-apply',
    server: 'a0',
    text: 'state/c-interrupted-apply/a0-started-again.txt',
    thin: false,
  },
  { moment: 'f-thin-with-cold', server: 'a1', text: 'state/f-thin-with-cold/a1.txt', thin: true },
];

const counter = new GoldenCounter('state', (path) => !/\/a[01][^/]*\.txt$/.test(path));

/** What a server forgets when it ends. */
function withoutTimes(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/(lastSyncTime|lastWdiffReceivedTime) \S+/g, '$1 TIME')
      .replace(/(Merge|Apply|Restore|ReplSyncAsClient|Resize) 0 \S+T\S+/g, '$1 0 ---'),
  );
}

describe('an archive server started on the folders of the original', () => {
  afterAll(() => console.log(counter.report()));
  const dir = goldenDir();
  if (dir === null) {
    it('is not checked: golden data absent', () => console.log('golden: data absent, state not checked'));
    return;
  }
  for (const { moment, server, text, thin } of MOMENTS) {
    it(`says what the original said: ${moment}`, async () => {
      const site = new Site();
      const archive = site.addArchive({ name: server, thin, port: server === 'a0' ? 10200 : 10201 });
      await site.run(async () => {
        await archive.seedMoment(moment);
        await archive.start();
        const texts = readStateTexts(text);
        expect(texts.length).toBeGreaterThan(20);
        for (const { command, lines } of texts) {
          const [name, ...words] = command;
          const ours = name === 'status' ? await archive.statusLines(...words) : await archive.get(...words);
          expect(withoutTimes(ours), command.join(' ')).toEqual(withoutTimes(lines));
        }
        counter.check(text);
      });
    });
  }
});
