import { afterAll, describe, expect, it } from 'vitest';
import { runWalbc } from '../../../../core/control/walbc.ts';
import { GoldenCounter, goldenDir } from '../../../golden.ts';
import { readMomentFiles, readRecordedCommand, readStateTexts } from '../golden-state.ts';
import { FakeArchive, filesOf, Site, TestProxy } from './support.ts';

const MOMENTS = ['a-full-backup', 'b-two-diffs', 'd-proxy-with-diffs'];
const states = new GoldenCounter('state', (path) => !path.endsWith('/p0.txt'));

/** Times that a server forgets when it ends, and the age of what waits. */
function withoutTimes(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/(lastWlogReceivedTime|lastWdiffSentTime|timestamp) (\S+T\S+|---)$/, '$1 TIME')
      .replace(/(maxGid \d+) (\S+T\S+|---)$/, '$1 TIME')
      .replace(/(timeDiffMs|wdiffSendDelayMeasured) -?\d+/, '$1 TIME'),
  );
}

describe('a proxy started on the folders of the original', () => {
  afterAll(() => console.log(states.report()));
  if (goldenDir() === null) {
    it('is not checked: golden data absent', () => console.log('golden: data absent, state not checked'));
    return;
  }
  for (const moment of MOMENTS) {
    it(`says what the original said, and goes on: ${moment}`, async () => {
      const site = new Site();
      const proxy = new TestProxy(site);
      await site.run(async () => {
        for (const [path, bytes] of readMomentFiles(moment, 'p0')) proxy.host.files.seed(path, bytes);
        proxy.host.files.seedDirectory('/var/walb/p0/vol0/received');
        proxy.host.files.seedDirectory('/var/walb/p0/vol0/sendto/a0');
        await proxy.start();
        await site.sleep(0.5);
        const path = `state/${moment}/p0.txt`;
        const texts = readStateTexts(path);
        expect(texts.length).toBeGreaterThan(8);
        for (const { command, lines } of texts) {
          const ours = await runWalbc(
            site.world,
            { address: proxy.address, clientId: 'ctl', timeoutS: 10 },
            command,
          );
          expect(withoutTimes(ours), command.join(' ')).toEqual(withoutTimes(lines));
        }
        states.check(path);
        // What waits is sent once the archive is there.
        const waiting = proxy.waiting();
        expect(await proxy.archiveInfo('list', null)).toEqual(['a0']);
        const archive = new FakeArchive(site);
        await proxy.must('stop', 'vol0');
        await proxy.waitForState('Stopped');
        await proxy.archiveInfo('update', 'a0', ['a0:10200']);
        await proxy.must('start', 'vol0');
        await site.eventually(() => proxy.waiting().length === 0, 'all must be sent');
        expect(archive.offered.length).toBe(waiting.length);
      });
    });
  }
});

/** The state of the volume, and the recorded refusals in it. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['Clear', '021-edge-archive-info-list-unknown'],
  ['Started', '017-resize'],
  ['Started', '019-edge-archive-info-add-started'],
  ['Started', '020-edge-archive-info-get-unknown'],
  ['Started', '022-edge-kick-unknown'],
  ['Started', '023-edge-kick-unknown-archive'],
  ['Started', '024-edge-start-twice'],
  ['Started', '025-edge-start-unknown'],
  ['Started', '026-edge-clear-vol-started'],
  ['Started', '028-edge-get-is-wdiff-send-error-unknown'],
  ['Stopped', '029-edge-archive-info-add-existing'],
];

const refusals = new GoldenCounter('wire/proxy', (path) => !REFUSED.some(([, file]) => path.includes(file)));

describe('refusals of a proxy', () => {
  afterAll(() => console.log(refusals.report()));
  if (goldenDir() === null) {
    it('are not checked: golden data absent', () =>
      console.log('golden: data absent, wire/proxy not checked'));
    return;
  }
  it('have the words of the original, and nothing changes', async () => {
    const site = new Site();
    const proxy = new TestProxy(site);
    new FakeArchive(site);
    await site.run(async () => {
      await proxy.start();
      let current = 'Clear';
      for (const [state, file] of REFUSED) {
        if (state === 'Started' && current === 'Clear') {
          await proxy.archiveInfo('add', 'a0', ['a0:10200']);
          await proxy.must('start', 'vol0');
        }
        if (state === 'Stopped' && current === 'Started') {
          await proxy.must('stop', 'vol0');
          await proxy.waitForState('Stopped');
        }
        current = state;
        const recorded = readRecordedCommand(`wire/proxy/${file}.txt`);
        const before = filesOf(proxy.host, proxy.base);
        let text = '';
        try {
          await runWalbc(
            site.world,
            { address: proxy.address, clientId: 'ctl', timeoutS: 10 },
            recorded.command,
          );
        } catch (error) {
          text = error instanceof Error ? error.message : String(error);
        }
        expect(text, file).toBe(recorded.stderr);
        expect(filesOf(proxy.host, proxy.base), file).toEqual(before);
        refusals.check(`wire/proxy/${file}.txt`);
      }
    });
  });
});
