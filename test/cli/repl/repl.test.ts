import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { complete } from '../../../cli/repl/complete.ts';
import { errorSentence, resultText } from '../../../cli/repl/show.ts';
import { type ReplOptions, runRepl } from '../../../cli/repl.ts';
import { chooseJobs } from '../../../cli/run/choose.ts';
import { runJob } from '../../../cli/run/one.ts';

const folder = mkdtempSync(join(tmpdir(), 'walbox-repl-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Types lines into a session that is no terminal. */
async function type(
  lines: readonly string[],
  options: Partial<ReplOptions> = {},
): Promise<{ text: string; answers: string[]; exitCode: number }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  input.end(lines.map((line) => `${line}\n`).join(''));
  const exitCode = await runRepl(
    {
      layout: 's0/p0/a0',
      spares: '//',
      seed: 1,
      deviceCount: 1,
      deviceMib: 1,
      logMib: 2,
      history: '',
      ...options,
    },
    { input, output },
  );
  const answers = text
    .split('\n')
    .filter((line) => line !== '' && !/^(\d\d:\d\d:\d\d\.\d{3} > |\.\.\. )/.test(line));
  return { text, answers, exitCode };
}

/** What the operators' document "Basic backup operations" has typed, as it stands. */
const SEED_DOCUMENT = [
  'python> walbc.init_storage(s0, VOL, wdev0.path)',
  'python> gid = walbc.full_backup(s0, VOL)',
  'python> gid = walbc.snapshot(s0, VOL, [a0])',
  'python> gidL = walbc.get_restorable(a0, VOL)',
  'python> walbc.restore(a0, VOL, gid)',
  'walbc.get_restored_path(a0, VOL, gid)',
  'python> gidL = walbc.get_restored(a0, VOL)',
  'python> walbc.del_restored(a0, VOL, gid)',
  'python> walbc.status(sL=[a0], vol=VOL)',
  'walbc.get_alive_server()',
  'sizeMb = wdev0.get_size_mb() + 4; wdev0.grow(sizeMb)',
  'python> walbc.resize(VOL, sizeMb)',
  'wdev0.get_size_mb()',
  'python> for s in [s0, p0, a0]:',
  '...         walbc.clear_vol(s, VOL)',
  '',
  'walbc.get_state_all(VOL)',
  "python> walbc.shutdown_all(mode='graceful')",
];

describe('a session', () => {
  it('takes the operators document as it stands', async () => {
    const { answers, exitCode, text } = await type(SEED_DOCUMENT);
    expect(exitCode, text).toBe(0);
    expect(answers.slice(0, 2)).toEqual(['1', '2']);
    for (const line of [
      '/dev/vg0/wr_vol0_2',
      '[2]',
      '[s0, p0, a0]',
      '5',
      's0 s0:10000 storage Clear',
      'a0 a0:10200 archive Clear',
      'shutdown succeeded a0',
    ]) {
      expect(answers).toContain(line);
    }
  });

  it('takes both spellings, and says the same at the same virtual time', async () => {
    const python = [
      'walbc.init_storage(s0, VOL, wdev0.path)',
      'walbc.full_backup(s0, VOL)',
      'walbc.get_uuid(s0, VOL)',
    ];
    const camel = [
      'walbc.initStorage(s0, VOL, wdev0.path)',
      'walbc.fullBackup(s0, VOL)',
      'walbc.getUuid(s0, VOL)',
    ];
    const [a, b] = [await type(python), await type(camel)];
    expect(a.answers).toEqual(b.answers);
    expect(a.answers[1]).toMatch(/^[0-9a-f]{32}$/);
    expect(a.text.replaceAll(/> .*/g, '')).toBe(b.text.replaceAll(/> .*/g, ''));
  });

  it('lets troubles be tried, and judges what is restored', async () => {
    const { answers, text, exitCode } = await type(
      [
        'walbc.init_storage(s0, VOL, wdev0.path)',
        'wdev0.write_random()',
        'walbc.full_backup(s0, VOL)',
        'kill(p0)',
        'walbc.get_alive_server()',
        "wdev0.write(0, 'hello')",
        'gid = walbc.snapshot_nbk(s0, VOL)',
        'start(p0)',
        'partition(s0, p0)',
        'clock.sleep(20)',
        'walbc.get_restorable_gid(a0, VOL).includes(gid)',
        'heal()',
        'walbc.kick_all([s0, p0])',
        'walbc.wait_for_restorable(a0, VOL, gid, 400)',
        'Buffer',
        'image(a0, gid)',
        'verify(a0, gid)',
        'powerLoss(s0)',
        'wdev0.write(1, 7)',
        'powerOn(s0); start(s0)',
        'wdev0.read(0).slice(0, 5)',
        'verifyAll()',
      ],
      { seed: 4 },
    );
    expect(exitCode, 'two lines fail').toBe(1);
    expect(answers, text).toEqual([
      '1',
      '[s0, a0]',
      '2',
      'false',
      'error: ReferenceError: Buffer is not defined',
      expect.stringMatching(/^<1048576 bytes: 68656c6c6f00/),
      'the image of vol0 at gid 2 at a0 (1048576 bytes) is what the ledger allows',
      expect.stringMatching(/^error: s0 has(?: no| lost) power/),
      '<5 bytes: 68656c6c6f>',
      '2 restored images, all as the ledger allows',
    ]);
  });

  it('keeps variables, and lets virtual time pass only while a line is carried out', async () => {
    const { answers, text } = await type([
      'const begin = clock.now()',
      'let a = 1, b = [a, 2]',
      'b',
      'function twice(x) {',
      '  return 2 * x;',
      '}',
      'twice(b[-1])',
      'clock.now() === begin',
      'clock.sleep(3600)',
      'await Promise.all([clock.sleep(10), clock.sleep(10)])',
    ]);
    expect(answers).toEqual(['[1, 2]', '4', 'true', '[undefined, undefined]']);
    const seconds = [...text.matchAll(/^(\d\d):(\d\d):([\d.]{6}) > /gm)].map(
      ([, h, m, s]) => Number(h) * 3600 + Number(m) * 60 + Number(s),
    );
    expect((seconds.at(-1) ?? 0) - (seconds[0] ?? 0)).toBe(3600);
  });

  it('answers errors with a sentence and goes on', async () => {
    const { answers, exitCode } = await type([
      'walbc.snapshot_nbk(s0, VOL)',
      'a b',
      '.nonsense',
      'await 0; Promise.reject(new Error("unseen")); 5',
      'throw "just a text"',
      '.exit',
      'never()',
    ]);
    expect(exitCode).toBe(1);
    expect((await type(['f('])).answers).toEqual([
      'error: SyntaxError: The input ended before the line did.',
    ]);
    expect(answers[0]).toMatch(/^error: command error: s0: snapshot vol0: .*bad state:Clear/);
    expect(answers.slice(1).sort()).toEqual([
      '5',
      'error, in the background: unseen',
      'error: SyntaxError: Unexpected token',
      'error: There is no command .nonsense; .help lists them.',
      'error: just a text',
    ]);
  });

  it('refuses a layout that cannot be', async () => {
    await expect(type([], { layout: 's0//a0' })).rejects.toThrow('A layout needs a storage');
    await expect(type([], { layout: 's0/p0/clock' })).rejects.toThrow('clock cannot be the name of a server');
  });

  it('gives the same text for the same seed', async () => {
    const lines = [...SEED_DOCUMENT.slice(0, 3), 'walbc.get_uuid(s0, VOL)'];
    const [a, b, c] = [
      await type(lines, { seed: 9 }),
      await type(lines, { seed: 9 }),
      await type(lines, { seed: 8 }),
    ];
    expect(a.text).toBe(b.text);
    expect(a.text).not.toBe(c.text);
  });
});

describe('a saved session', () => {
  it('runs as a scenario, and does again what was typed', async () => {
    const path = join(folder, 'My session.ts');
    const { text, answers } = await type(
      [
        ...SEED_DOCUMENT.slice(0, 5),
        'walbc.restore(a0, VOL, gid)',
        'gid',
        'wdev0.write(0, "quote \' and \\\\ backslash")',
        'VOL2 = VOL',
        `save(${JSON.stringify(path)})`,
        'kill(a0)',
        'verifyNothing()',
        `.save ${path}`,
      ],
      { seed: 6, layout: 's0,s1/p0/a0', spares: '//a9' },
    );
    expect(answers.at(-1)).toMatch(/^10 lines saved; run them by: npx walbox run .* --seed 6$/);
    const saved = readFileSync(path, 'utf8');
    expect(saved).toContain(
      "await refused(async () => {\n      await walbc.restore(a0, VOL, gid);\n    }, 'restore: already",
    );
    expect(saved).not.toContain('save(');
    expect(saved).not.toContain('verifyNothing');
    expect(saved).toContain("import { shellScenario } from 'walbox/scenarios';");
    const [job] = await chooseJobs([path], [6], null);
    const story: string[] = [];
    const report = await runJob(job!, (line) => story.push(line), folder);
    expect(report.status, [report.summary, ...story].join('\n')).toBe('passed');
    // The clock shows the same times: what was repeated is what was typed.
    const typedAt = /(\S+) > kill/.exec(text)?.[1];
    expect(story.find((line) => line.includes('kill -9 a0'))?.slice(0, 12)).toBe(typedAt);
    expect(job?.scenario).toBe('my-session');
  });

  it('leaves out slips of the keyboard that did nothing', async () => {
    const path = join(folder, 'slips.ts');
    const { answers } = await type([
      // Known where the saved file runs, so that a line that must fail would not.
      "Buffer.from('a')",
      'walbc.fulbackup(s0, VOL)',
      'gid = nothing.at',
      'const = 3',
      'walbc.init_storage(s0, VOL, wdev0.path)',
      // These did something before they failed.
      'kill(p0).now',
      'kept = 5; noSuchThing()',
      'restart(p0)',
      'sleep(kept)',
      `.save ${path}`,
    ]);
    expect(answers.at(-1)).toMatch(/^5 lines saved;/);
    const typed = readFileSync(path, 'utf8').match(/(?<= > ).*/g);
    expect(typed).toEqual([
      'walbc.init_storage(s0, VOL, wdev0.path)',
      'kill(p0).now',
      'kept = 5; noSuchThing()',
      'restart(p0)',
      'sleep(kept)',
    ]);
    const [job] = await chooseJobs([path], [1], null);
    const report = await runJob(job!, () => {}, folder);
    expect(report.status, report.summary).toBe('passed');
  });

  it('is a failure when a line does something else', async () => {
    const path = join(folder, 'other.ts');
    await type([
      'walbc.init_storage(s0, VOL, wdev0.path)',
      'walbc.init_storage(s0, VOL, wdev0.path)',
      `.save ${path}`,
    ]);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(/await walbc.initStorage\(s0, VOL, wdev0.path\);\n/, '\n'),
    );
    const [job] = await chooseJobs([path], [1], null);
    const report = await runJob(job!, () => {}, folder);
    expect(report.status).toBe('failed');
    expect(report.summary).toContain('this must be refused');
  });

  it('wants a TypeScript file', async () => {
    const { answers } = await type(['.save x.json', "save('x')"]);
    expect(answers).toEqual(Array(2).fill('error: a file name that ends in .ts is expected'));
  });
});

describe('completion', () => {
  const names = {
    walbc: { getState: () => {}, getUuid: () => {} },
    clock: { now: () => {} },
    kill: () => {},
    wdev0: {},
  };

  it.each([
    ['ki', ['kill'], 'ki'],
    ['x = walbc.getS', ['walbc.getState'], 'walbc.getS'],
    ['f(walbc.get_st', ['walbc.get_state', 'walbc.get_state_all'], 'walbc.get_st'],
    ['wdev0.get_size', ['wdev0.get_size_lb', 'wdev0.get_size_mb'], 'wdev0.get_size'],
    ['clock.', ['clock.now'], 'clock.'],
    ['nothing.x', [], 'nothing.x'],
    ['.s', ['.save'], '.s'],
  ])('%s', (line, found, typed) => {
    expect(complete(line, names)).toEqual([found, typed]);
  });
});

it('shows values as people read them', () => {
  expect(resultText(undefined)).toBe('');
  expect(resultText(null)).toBe('');
  expect(resultText([])).toBe('[]');
  expect(resultText(new Map([['a', 1]]))).toBe('a: 1');
  expect(resultText({ gidB: 1, gidE: 2 })).toBe('|1,2|');
  expect(resultText(new Uint8Array(3))).toBe('<3 bytes: 000000>');
  expect(resultText({ a: { b: 1 } })).toBe('{ a: { b: 1 } }');
  expect(errorSentence('text')).toBe('text');
  expect(errorSentence(new TypeError('x'))).toBe('TypeError: x');
  expect(errorSentence(new Error('A sentence.'))).toBe('A sentence.');
});
