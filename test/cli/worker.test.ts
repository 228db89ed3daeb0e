import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWorkerArguments, parseYaml, readWorkerConfig } from '../../cli/worker.ts';
import { configDocument, loadConfig, runWorker } from '../../core/control/worker/index.ts';
import { ProcessStatus } from '../../core/server/shared/process-status.ts';
import { LOG_LEVELS, textLog } from '../../native/log.ts';
import { nativeWorld } from '../../native/world.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'walbox-worker-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const TEXT = `
general:
  addr: localhost
  port: 10200
  walbc_path: /usr/bin/walbc
  max_task: 2
apply:
  keep_period: 14d
  interval: 1:00:00
merge:
  interval: 10
  max_nr: 18446744073709551615
  max_size: 1M
repl:
  servers:
    a1: { addr: 192.168.0.1, port: 10201, interval: 3d, compress: 'snappy:0:1' }
`;

describe('the arguments of walbox worker', () => {
  it('are those of the original', () => {
    const words = '-f a.yaml -f - -vv -step 3 -lifetime 60 -no'.split(' ');
    expect(parseWorkerArguments(words)).toEqual({
      paths: ['a.yaml', '-'],
      verbosity: 2,
      onlyStep: 3,
      lifetimeS: 60,
      isDryRun: true,
    });
    expect(parseWorkerArguments(['-f', 'x', '-v', '-step', '0'])).toEqual({
      paths: ['x'],
      verbosity: 1,
      onlyStep: null,
      lifetimeS: null,
      isDryRun: false,
    });
    expect(parseWorkerArguments(['-f', 'x', '-h'])).toBeNull();
  });

  it.each([
    ['', 'a configuration is expected'],
    ['-f', 'no value for option: -f'],
    ['-f x -step 6', 'a step of 0 to 5'],
    ['-f x -lifetime 1.5', 'seconds are expected'],
    ['-f x -vvv', 'bad option: -vvv'],
  ])('are refused when wrong: %s', (words, message) => {
    expect(() => parseWorkerArguments(words.split(' ').filter((word) => word !== ''))).toThrow(message);
  });
});

describe('configuration files', () => {
  it('are read by the rules of YAML 1.1', () => {
    const config = loadConfig([parseYaml(TEXT, 'x')]);
    expect(config.apply).toEqual({ keepPeriodS: 14 * 86_400, intervalS: 3600 });
    expect(config.merge).toMatchObject({ maxCount: Number.POSITIVE_INFINITY, maxSizeBytes: 1024 ** 2 });
    expect(loadConfig([configDocument(config)])).toEqual(config);
    const quoted = parseYaml('apply: { interval: "1:00:00" }', 'x');
    expect(loadConfig([parseYaml(TEXT, 'x'), quoted])).toEqual(config);
  });

  it('are put together in their order, and name what is wrong with them', () => {
    const [first, second, broken] = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(folder, name));
    writeFileSync(first as string, TEXT);
    writeFileSync(
      second as string,
      'general: { max_task: 7 }\nrepl: { servers: { a1: { enabled: false } } }\n',
    );
    writeFileSync(broken as string, 'general: [');
    const config = readWorkerConfig([first as string, second as string]);
    expect(config.general.maxTasks).toBe(7);
    expect(config.replication.servers[0]?.isEnabled).toBe(false);
    expect(() => readWorkerConfig([broken as string])).toThrow(/c\.yaml: .* at line 1/);
    expect(() => readWorkerConfig([join(folder, 'missing.yaml')])).toThrow('ENOENT');
  });
});

describe('log lines', () => {
  it('have a time, a level and a message, up to a level', () => {
    const lines: string[] = [];
    const log = textLog(
      'INFO',
      (line) => lines.push(line),
      () => Date.UTC(2015, 10, 16, 7, 32, 8, 5),
    );
    for (const level of LOG_LEVELS) log[level.toLowerCase() as 'info'](`a ${level}`);
    expect(lines).toEqual([
      '2015-11-16 07:32:08.005000 ERROR a ERROR',
      '2015-11-16 07:32:08.005000 WARNING a WARNING',
      '2015-11-16 07:32:08.005000 INFO a INFO',
    ]);
  });
});

describe('a worker over TCP', () => {
  it('goes on when its archive does not answer, and ends after its lifetime', async () => {
    const lines: string[] = [];
    const log = textLog('DEBUG', (line) => lines.push(line));
    // Port 1 of this host: nobody listens there.
    const document = parseYaml(TEXT.replace('port: 10200', 'port: 1').replace('localhost', '127.0.0.1'), 'x');
    const world = await nativeWorld(log);
    const report = await runWorker(world, loadConfig([document]), new ProcessStatus(), { lifetimeS: 1 });
    expect(report).toEqual({ doneCount: 0, failedCount: 0 });
    expect(lines.join('\n')).toMatch(/ERROR selectTask:command error: a0: get all-actions: .*ECONNREFUSED/);
  });
});
