import { describe, expect, it } from 'vitest';
import { TOOLS } from '../../../cli/tools/index.ts';
import { IoError } from '../../../core/errors.ts';
import { nodeNetwork } from '../../../native/network.ts';
import { walbHost } from '../../../native/walb-host.ts';
import { run } from './kit.ts';

const NAMES = [...TOOLS.keys()];

describe.each(NAMES)('%s', (name) => {
  it.each(['-h', '--help'])('prints its help with %s', async (word) => {
    const { status, out, err } = await run(name, [word]);
    expect([status, err]).toEqual([0, '']);
    expect(out.startsWith(`Usage: ${name} `)).toBe(true);
    expect(out).toContain('\nExamples:\n');
    // Every example is a command line of this tool, perhaps behind a pipe.
    const examples = out.slice(out.indexOf('\nExamples:\n')).trim().split('\n').slice(1);
    for (const example of examples) expect(example).toMatch(new RegExp(`(^|[|(] *) *${name}( |$)`));
  });

  it('refuses an unknown option with its usage on standard output', async () => {
    const { status, out, err } = await run(name, ['-no-such-option']);
    expect([status, err]).toEqual([1, '']);
    expect(out.startsWith(`OptionError:bad opt:-no-such-option\nUsage: ${name} `)).toBe(true);
  });
});

it('has a summary for every tool', () => {
  for (const tool of TOOLS.values()) expect(tool.summary).toMatch(/^[a-z].*[^.]$/);
  expect(NAMES).toEqual([...NAMES].sort());
});

it('prints an error as one line with time, level and tool, status 1', async () => {
  const { status, out, err } = await run('wlog-show', ['/nonexistent/a.wlog']);
  expect([status, out]).toEqual([1, '']);
  expect(err).toBe(
    '2018-01-02 03:04:05.006 ERROR wlog-show:/nonexistent/a.wlog: no such file or directory (ENOENT)\n',
  );
});

it('ends quietly when nobody reads its output any more', async () => {
  const tool = TOOLS.get('wlog-show');
  let err = '';
  const status = await tool?.run(['-h'], {
    stdin: { read: async () => null },
    stdinReader: async () => null,
    stdout: {
      async write() {
        throw new IoError('EPIPE', 'standard output: EPIPE');
      },
    },
    stderr: {
      async write(bytes) {
        err += Buffer.from(bytes).toString();
      },
    },
    nowMs: () => 0,
    clock: { monotonicUs: () => 0, wallTimeS: () => 0, startTimer: () => () => undefined },
    random: { bytes: (_purpose, size) => new Uint8Array(size), below: () => 0 },
    network: nodeNetwork(),
    progress: { expect: () => undefined, add: () => undefined },
    workFolder: '.',
    walbHost: walbHost(),
    untilStopped: () => new AbortController().signal,
    codecs: () => Promise.reject(new Error('not needed')),
  });
  expect([status, err]).toEqual([141, '']);
});
