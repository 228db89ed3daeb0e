import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../cli/chaos.ts';
import { chooseJobs } from '../../../cli/run/choose.ts';
import { runJob } from '../../../cli/run/one.ts';
import { packageVersion } from '../../../cli/version.ts';
import { main } from '../../../cli/walbox.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { chaosProfile } from '../../../sim/chaos/profiles.ts';
import { savedToText } from '../../../sim/chaos/saved.ts';
import { storyFileText } from '../../../sim/chaos/story.ts';
import { smallHistory } from '../../sim/chaos/kit.ts';
import { captured, chaosFolder, ROT, ROTTEN } from './chaos-kit.ts';

const folder = chaosFolder();

describe('walbox replay', () => {
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const walbox = packageVersion();

  it('says that a history that failed fails again, with 1', async () => {
    const path = file('rot.json', savedToText({ walbox, profile: 'ci', failure: ROT, history: ROTTEN }));
    const { code, out } = await captured(() => replay(path, { verbose: false, trace: null }));
    expect(out).toContain('admissible archive after');
    expect(out).not.toContain('The file says');
    expect(code).toBe(1);
  });

  it('says where the file says something else', async () => {
    const passes = drawHistory(1, chaosProfile('quick'));
    const path = file(
      'was.json',
      savedToText({ walbox: '0.0.1', profile: 'ci', failure: ROT, history: passes }),
    );
    const { code, out, err } = await captured(() => replay(path, { verbose: false, trace: null }));
    expect(out).toContain('passed after');
    expect(out).toContain('The file says: admissible archive');
    expect(err).toContain(`written by walbox 0.0.1; this is ${walbox}`);
    expect(code).toBe(0);
    const other = file('new.json', savedToText({ walbox, profile: 'ci', failure: null, history: ROTTEN }));
    const again = await captured(() => replay(other, { verbose: false, trace: null }));
    expect(again.out).toContain('The file says: passed');
    expect(again.code).toBe(1);
  });

  it('tells operations and logs, and writes a trace', async () => {
    const path = file(
      'day.json',
      savedToText({ walbox, profile: '', failure: null, history: smallHistory() }),
    );
    const trace = join(folder, 'day.trace');
    const { out } = await captured(() => replay(path, { verbose: true, trace }));
    expect(out).toContain('2.000 s  full-backup of v0');
    expect(readFileSync(trace, 'utf8').split('\n').length).toBeGreaterThan(500);
  });

  it('says of other files of walbox what to do with them', async () => {
    const scenario = `{"version":1,"seed":1,"layout":{"scenario":"n1"},"operations":[],"faults":[]}`;
    const ofScenario = file('n1-1.json', scenario);
    const ofChaos = file(
      'chaos.json',
      savedToText({ walbox, profile: 'ci', failure: null, history: ROTTEN }),
    );
    const story = join(folder, 'chaos-ci-1.ts');
    const told = async (...words: string[]) => (await captured(() => main(words))).err;
    expect(await told('replay', ofScenario)).toContain(`walbox run ${ofScenario}\n`);
    expect(await told('replay', story)).toBe(
      `walbox: ${story} is a scenario file, not a history: walbox run ${story}\n`,
    );
    expect(await told('run', ofChaos)).toContain(`walbox replay ${ofChaos}\n`);
    expect(await told('run', join(folder, 'none.json'))).toContain('none.json cannot be read: ');
    expect(await told('replay', file('text.json', 'one\ntwo'))).toMatch(
      /^walbox: .*text\.json is no history of chaos: .*JSON.*\n$/,
    );
  });

  it('refuses a file that is no history, with a sentence', async () => {
    const { code, err } = await captured(() => main(['replay', file('bad.json', '{"history": 3}')]));
    expect(code).toBe(1);
    expect(err).toMatch(/^walbox: .{10,}\n$/);
    expect((await captured(() => main(['replay', join(folder, 'none.json')]))).code).toBe(1);
  });
});

describe('a scenario file of a failure', () => {
  it('fails by itself with the same property at the same place, and tells its story', async () => {
    const path = join(folder, 'chaos-rot-1.ts');
    const saved = { walbox: '0.1.0', profile: 'ci', failure: ROT, history: ROTTEN };
    writeFileSync(path, storyFileText(saved, 'chaos-rot-1'));
    const [job] = await chooseJobs([path], [1], null);
    expect(job).toMatchObject({ scenario: 'chaos-rot-1', file: path });
    const story: string[] = [];
    const report = await runJob(
      job as NonNullable<typeof job>,
      (line) => story.push(line),
      join(folder, 'f'),
    );
    expect(report).toMatchObject({ status: 'failed' });
    expect(report.summary).toMatch(/^admissible archive: a0: the image of v0/);
    expect(report.failure?.lines.join('\n')).not.toContain('NOT the same');
    expect(story.join('\n')).toContain('> snapshot of v0');
    expect(readdirSync(join(folder, 'f'))).toEqual(['chaos-rot-1-1.json']);
  });

  it('of a history that passes passes', async () => {
    const path = join(folder, 'passes.ts');
    writeFileSync(
      path,
      storyFileText({ walbox: '', profile: '', failure: null, history: smallHistory() }, 'passes'),
    );
    const [job] = await chooseJobs([path], [1], null);
    const report = await runJob(job as NonNullable<typeof job>, () => {}, folder);
    expect(report.status).toBe('passed');
    expect(report.summary).toContain('6 operations, 25 writes');
  });

  it('whose history is damaged is refused with its name', async () => {
    const path = join(folder, 'damaged.ts');
    writeFileSync(path, `export const x = { name: 'damaged', purpose: 'No', history: { version: 1 } };`);
    await expect(chooseJobs([path], [1], null)).rejects.toThrow('damaged: ');
  });
});
